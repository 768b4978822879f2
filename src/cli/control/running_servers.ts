import { messageOf, VaultError } from "../../errors.ts";
import { namesIn, removeQuietly } from "../../store/files.ts";
import { FsLayout } from "../../store/fs_layout.ts";
import type { OptionSpec, OptionValues } from "../command.ts";
import { type ControlAnswer, type ControlCommand, readFirstLine } from "./protocol.ts";
import type { VaultApi } from "./vault_api.ts";
import { socketApi } from "./socket_api.ts";

/** The option of commands that are about a running server. */
export const pidOption: Readonly<Record<string, OptionSpec>> = {
  pid: { value: "PID", help: "The server meant, where several run on the cache directory" },
};

/** A server that runs on a cache directory. */
export interface RunningServer {
  readonly pid: number;
  readonly url: string;
  readonly version: string;
  /** Rejects with a VaultError where it does not answer. */
  ask(command: ControlCommand): Promise<ControlAnswer>;
  /** Its API, as somebody who may do everything. */
  readonly api: VaultApi;
}

/** Returns the process id that a command line names; null without one. Throws `config_invalid`. */
export function pidOf({ pid }: OptionValues): number | null {
  if (pid === undefined) return null;
  const number = Number(pid);
  if (Number.isInteger(number) && number > 0) return number;
  throw new VaultError("config_invalid", `--pid: "${pid}" is no process id; write a number such as 1234`);
}

/** Finds the servers that run on a cache directory of this machine. Throws `permission_missing` or `storage_failed`. */
export async function findServers(cacheDir: string): Promise<RunningServer[]> {
  const { servers } = new FsLayout(cacheDir);
  const found: RunningServer[] = [];
  for (const name of namesIn(servers)) {
    const path = `${servers}/${name}`;
    const status = name.endsWith(".sock") ? await statusOf(path) : null;
    if (status !== null) {
      found.push({
        ...status,
        ask: (command) => ask(path, command),
        api: socketApi(path, status.url),
      });
    }
  }
  return found;
}

/**
 * Returns the one server that runs on a cache directory, or the one with this process id. Throws `storage_failed` where
 * there is none, or more than one.
 */
export async function findServer(cacheDir: string, pid: number | null): Promise<RunningServer> {
  const servers = await findServers(cacheDir);
  const meant = pid === null ? servers : servers.filter((server) => server.pid === pid);
  const [first, second] = meant;
  if (first !== undefined && second === undefined) return first;
  const running = servers.map(({ pid, url }) => `${pid} (${url})`).join(", ");
  if (first !== undefined) {
    throw new VaultError("storage_failed", `Several servers run on "${cacheDir}": choose one with --pid: ${running}`);
  }
  const which = pid === null ? "No server" : `No server with the process id ${pid}`;
  const others = servers.length === 0
    ? "name the cache directory of the running one with --cache-dir or --config"
    : `running are ${running}`;
  throw new VaultError("storage_failed", `${which} runs on the cache directory "${cacheDir}"; ${others}`);
}

/** The socket of a process that was killed is removed. */
async function statusOf(path: string): Promise<Pick<RunningServer, "pid" | "url" | "version"> | null> {
  try {
    const answer = await askOnce(path, "status");
    return answer.kind === "status" ? answer : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new VaultError("storage_failed", "Only root and the user that the server runs as may give it commands", {
        cause: error,
      });
    }
    if (error instanceof Deno.errors.ConnectionRefused) removeQuietly(path);
    return null;
  }
}

async function ask(path: string, command: ControlCommand): Promise<ControlAnswer> {
  try {
    return await askOnce(path, command);
  } catch (error) {
    throw new VaultError("internal", `The server has not answered: ${messageOf(error)}`, { cause: error });
  }
}

async function askOnce(path: string, command: ControlCommand): Promise<ControlAnswer> {
  using connection = await Deno.connect({ transport: "unix", path });
  await connection.write(new TextEncoder().encode(`${command}\n`));
  const { line } = await readFirstLine(connection);
  return JSON.parse(line);
}
