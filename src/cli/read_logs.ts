import { openNamed } from "../archive/named_pipe.ts";
import { TextLineStream } from "../warm/text_lines.ts";
import { messageOf, VaultError } from "../errors.ts";
import { shownCount } from "../observe/shown_count.ts";
import { AskedPaths } from "../warm/access_log.ts";
import type { ListedLine } from "../warm/list.ts";

export interface LogOptions {
  /** In ms since the epoch. */
  readonly since: number;
  readonly note: (message: string) => void;
}

/**
 * Yields what clients asked for, by logs of the vault of either form, what was asked for last at the end; those that end
 * in `.gz` are unpacked. Throws `config_invalid` for one that cannot be read.
 */
export async function readLogs(paths: readonly string[], options: LogOptions): Promise<AsyncIterable<ListedLine>> {
  const asked = new AskedPaths(options.since);
  const logs: Log[] = [];
  for (const path of paths) logs.push(await reading(path, () => openLog(path, asked)));
  return askedIn(logs, asked, options);
}

interface Log {
  readonly path: string;
  /** True where the first reading has found lines, and none of them about a request. */
  readonly isOther: boolean;
  /** Its lines, for the second reading; of a pipe, for the only one. */
  readonly lines: ReadableStream<string>;
  /** The lines that were noted: those behind one number and up to another; null for a pipe. */
  readonly noted: { readonly after: number; readonly to: number } | null;
}

/** Reads a log for the first time. It stays open: the server may put another in its place. */
async function openLog(path: string, asked: AskedPaths): Promise<Log> {
  const lines = await openLines(path);
  if (!(await Deno.stat(path)).isFile) return { path, lines, noted: null, isOther: false };
  const [after, before] = [asked.noted, asked.requests];
  for await (const line of await openLines(path)) asked.note(line);
  const isOther = asked.noted > after && asked.requests === before;
  return { path, lines, noted: { after, to: asked.noted }, isOther };
}

async function* askedIn(
  logs: readonly Log[],
  asked: AskedPaths,
  { note }: LogOptions,
): AsyncGenerator<ListedLine> {
  const at = logs.map(({ path }) => path).join(", ");
  for (const { path, lines, noted, isOther } of logs) {
    const reader = lines.getReader();
    const before = asked.requests;
    let number = (noted?.after ?? 0) + 1;
    // What has come since the first reading is left out.
    for (; number <= (noted?.to ?? Infinity); number++) {
      const { value: line, done } = await reading(path, () => reader.read());
      if (done) break;
      const text = noted === null ? asked.once(line) : asked.lastHere(line, number);
      if (text !== null) yield { text, at, writing: "literal" };
    }
    await reader.cancel();
    const isOtherPipe = noted === null && number > 1 && asked.requests === before;
    if (isOther || isOtherPipe) note(hasNoRequests(path));
  }
  if (asked.hidden > 0) {
    note(
      `${
        shownCount(asked.hidden, "request is", "requests are")
      } left out: URLs had secrets, which the log does not have`,
    );
  }
}

function hasNoRequests(path: string): string {
  return `"${path}" is not a log of this vault with requests in it: no line of it is about one`;
}

async function reading<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    throw new VaultError("config_invalid", `Cannot read the log "${path}": ${messageOf(error)}`, { cause: error });
  }
}

async function openLines(path: string): Promise<ReadableStream<string>> {
  const { readable } = await openNamed(path, { read: true });
  const bytes = path.endsWith(".gz") ? readable.pipeThrough(new DecompressionStream("gzip")) : readable;
  return bytes.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
}
