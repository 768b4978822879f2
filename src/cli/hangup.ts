import { messageOf } from "../errors.ts";
import type { Log } from "../observe/log.ts";

export interface HangupOptions {
  readonly log: Log;
  /** The things to open again, each by a name for the log. One that fails stays open as it was. */
  readonly reopens: Readonly<Record<string, () => void | Promise<void>>>;
}

/**
 * Opens files again at SIGHUP, as programs that rotate logs or renew certificates expect it, until the returned
 * function is called. Does nothing on Windows, and where the process has a terminal: there, SIGHUP means that it was
 * closed.
 */
export function reopenOnHangup({ log, reopens }: HangupOptions): () => void {
  if (Deno.build.os === "windows" || Deno.stdin.isTerminal()) return () => {};
  const receive = async () => {
    log.info("SIGHUP: opening the log file and the certificates again; a changed configuration needs a restart");
    for (const [name, reopen] of Object.entries(reopens)) {
      try {
        await reopen();
      } catch (error) {
        log.error(`The ${name} stays what it was: ${messageOf(error)}`);
      }
    }
  };
  Deno.addSignalListener("SIGHUP", receive);
  return () => Deno.removeSignalListener("SIGHUP", receive);
}
