import { messageOf } from "../../errors.ts";
import type { Log } from "../../observe/log.ts";
import { FsLayout } from "../../store/fs_layout.ts";
import { removeQuietly } from "../../store/files.ts";
import {
  type ApiRequest,
  type ControlAnswer,
  type ControlCommand,
  readFirstLine,
  requestInitOf,
  writeAll,
  writeLine,
} from "./protocol.ts";

export interface ControlOptions {
  readonly cacheDir: string;
  readonly log: Log;
  readonly answer: (command: ControlCommand) => Promise<ControlAnswer>;
  /** Answers a request of somebody who may do everything. */
  readonly handle: (request: Request, info: Deno.ServeHandlerInfo) => Response | Promise<Response>;
}

const commands: readonly string[] = ["status", "configuration", "reload"] satisfies ControlCommand[];

/**
 * Takes commands at a socket in the cache directory, where nobody but the user of this process and root can connect,
 * until the returned function is called. Where there can be no socket, such as on a read-only medium, the log says so.
 */
export async function openControl(options: ControlOptions): Promise<() => void> {
  const { cacheDir, log } = options;
  const { servers } = new FsLayout(cacheDir);
  const path = `${servers}/${crypto.randomUUID().slice(0, 8)}.sock`;
  try {
    await Deno.mkdir(servers, { recursive: true, mode: 0o700 });
    const listener = Deno.listen({ transport: "unix", path });
    acceptAll(listener, options);
    return () => {
      listener.close();
      removeQuietly(path);
    };
  } catch (error) {
    log.debug(`"artifact-vault reload" does not reach this process, SIGHUP does: no socket: ${messageOf(error)}`);
    return () => {};
  }
}

type Answering = Pick<ControlOptions, "answer" | "handle">;

async function acceptAll(listener: Deno.Listener, answering: Answering): Promise<void> {
  try {
    for await (const connection of listener) serveOne(connection, answering);
  } catch {
    // Without descriptors there are no commands for now; SIGHUP still works.
  }
}

async function serveOne(connection: Deno.Conn, { answer, handle }: Answering): Promise<void> {
  try {
    const { line } = await readFirstLine(connection);
    if (line.startsWith("api ")) return await passOn(JSON.parse(line.slice("api ".length)), connection, handle);
    const isKnown = (word: string): word is ControlCommand => commands.includes(word);
    const unknown: ControlAnswer = {
      kind: "failed",
      message: "This server knows no such command; it is another version",
    };
    await writeLine(connection, isKnown(line) ? await answer(line) : unknown);
  } catch {
    // Whoever asked has left.
  } finally {
    connection.close();
  }
}

/** Answers a request, with its body up to the end of the connection. */
async function passOn(
  request: ApiRequest,
  connection: Deno.Conn,
  handle: ControlOptions["handle"],
): Promise<void> {
  const info = { remoteAddr: connection.remoteAddr, completed: Promise.resolve() } as Deno.ServeHandlerInfo;
  const response = await handle(new Request(`http://localhost${request.path}`, requestInitOf(request)), info);
  await writeLine(connection, { kind: "api", status: response.status } satisfies ControlAnswer);
  for await (const chunk of response.body ?? []) await writeAll(connection, chunk);
}
