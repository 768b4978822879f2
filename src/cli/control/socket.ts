import { messageOf } from "../../errors.ts";
import type { Log } from "../../observe/log.ts";
import { FsLayout } from "../../store/fs_layout.ts";
import { removeQuietly } from "../../store/files.ts";
import { type ControlAnswer, type ControlCommand, readLine, writeLine } from "./protocol.ts";

export interface ControlOptions {
  readonly cacheDir: string;
  readonly log: Log;
  readonly answer: (command: ControlCommand) => Promise<ControlAnswer>;
}

const commands: readonly string[] = ["status", "configuration", "reload"] satisfies ControlCommand[];

/**
 * Takes commands at a socket in the cache directory, where nobody but the user of this process and root can connect,
 * until the returned function is called. Where there can be no socket, such as on a read-only medium, the log says so.
 */
export async function openControl({ cacheDir, log, answer }: ControlOptions): Promise<() => void> {
  const { servers } = new FsLayout(cacheDir);
  const path = `${servers}/${crypto.randomUUID().slice(0, 8)}.sock`;
  try {
    await Deno.mkdir(servers, { recursive: true, mode: 0o700 });
    const listener = Deno.listen({ transport: "unix", path });
    acceptAll(listener, answer);
    return () => {
      listener.close();
      removeQuietly(path);
    };
  } catch (error) {
    log.debug(`"artifact-vault reload" does not reach this process, SIGHUP does: no socket: ${messageOf(error)}`);
    return () => {};
  }
}

async function acceptAll(listener: Deno.Listener, answer: ControlOptions["answer"]): Promise<void> {
  try {
    for await (const connection of listener) serveOne(connection, answer);
  } catch {
    // Without descriptors there are no commands for now; SIGHUP still works.
  }
}

async function serveOne(connection: Deno.Conn, answer: ControlOptions["answer"]): Promise<void> {
  try {
    const command = await readLine(connection);
    const isKnown = (word: string): word is ControlCommand => commands.includes(word);
    const unknown: ControlAnswer = {
      kind: "failed",
      message: "This server knows no such command; it is another version",
    };
    await writeLine(connection, isKnown(command) ? await answer(command) : unknown);
  } catch {
    // Whoever asked has left.
  } finally {
    connection.close();
  }
}
