import { type Env, optionalEnv } from "../config/env.ts";
import { messageOf } from "../errors.ts";
import type { Log } from "../observe/log.ts";
import { removeQuietly } from "../store/files.ts";
import { FsLayout } from "../store/fs_layout.ts";

export interface ServiceManagerOptions {
  readonly env: Env;
  /** Where the socket of this process is. */
  readonly cacheDir: string;
  readonly log: Log;
  /** Calls back every so many milliseconds until the returned function is called; for tests. */
  readonly every?: (ms: number, callback: () => void) => () => void;
}

/** What the manager of services is told about this process: systemd, or podman with `--sdnotify=container`. */
export interface ServiceManager {
  /** It serves; also after a reload. */
  ready(status: string): void;
  reloading(): void;
  stopping(): void;
  /** Tells it nothing more. */
  close(): void;
}

const nobody: ServiceManager = { ready() {}, reloading() {}, stopping() {}, close() {} };

/**
 * Opens the way to the manager that has started this process (sd_notify(3)); one that does nothing where there is none.
 * Where it expects signs of life, it gets them, as long as this thread comes to run.
 */
export async function openServiceManager(options: ServiceManagerOptions): Promise<ServiceManager> {
  const { env, cacheDir, log, every = repeat } = options;
  const path = optionalEnv(env, "NOTIFY_SOCKET");
  if (path === undefined || path === "") return nobody;
  if (!path.startsWith("/")) {
    log.warning(`The service manager is not notified: its socket "${path}" is not in the file system`);
    return nobody;
  }
  const { servers } = new FsLayout(cacheDir);
  const own = `${servers}/${crypto.randomUUID().slice(0, 8)}.notify`;
  try {
    await Deno.mkdir(servers, { recursive: true, mode: 0o700 });
    const socket = Deno.listenDatagram({ transport: "unixpacket", path: own });
    const send = (text: string) => {
      socket.send(new TextEncoder().encode(text), { transport: "unixpacket", path }).catch((error) =>
        log.debug(`Cannot notify the service manager: ${messageOf(error)}`)
      );
    };
    const watchdogMs = watchdogMsOf(env);
    const stopWatchdog = watchdogMs === null ? () => {} : every(watchdogMs / 2, () => send("WATCHDOG=1"));
    return {
      ready: (status) => send(`READY=1\nSTATUS=${status}`),
      reloading: () => send("RELOADING=1"),
      stopping: () => send("STOPPING=1\nSTATUS=Finishing what is under way"),
      close() {
        stopWatchdog();
        socket.close();
        removeQuietly(own);
      },
    };
  } catch (error) {
    log.warning(
      `The service manager is not notified, so use Type=exec and no WatchdogSec: ${messageOf(error)}`,
    );
    return nobody;
  }
}

/** Null where no signs of life are expected of this process. */
function watchdogMsOf(env: Env): number | null {
  const pid = optionalEnv(env, "WATCHDOG_PID");
  const ms = Number(optionalEnv(env, "WATCHDOG_USEC") ?? 0) / 1000;
  return ms > 0 && (pid === undefined || pid === String(Deno.pid)) ? ms : null;
}

function repeat(ms: number, callback: () => void): () => void {
  const timer = setInterval(callback, ms);
  return () => clearInterval(timer);
}
