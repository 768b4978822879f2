import { TextLineStream } from "../warm/text_lines.ts";
import { messageOf, VaultError } from "../errors.ts";
import { AskedPaths } from "../warm/access_log.ts";
import type { ListedLine } from "../warm/list.ts";

export interface LogOptions {
  /** In ms since the epoch. */
  readonly since: number;
  readonly note: (message: string) => void;
}

/**
 * Returns what clients asked for, by logs of the vault of either form; those that end in `.gz` are unpacked. Throws
 * `config_invalid` for one that cannot be read.
 */
export async function readLogs(paths: readonly string[], { since, note }: LogOptions): Promise<Iterable<ListedLine>> {
  const asked = new AskedPaths(since);
  for (const path of paths) {
    try {
      for await (const line of await openLines(path)) asked.add(line);
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw error;
      throw new VaultError("config_invalid", `Cannot read the log "${path}": ${messageOf(error)}`, { cause: error });
    }
  }
  if (asked.hidden > 0) {
    note(`${asked.hidden} requests are left out: their URLs had secrets, which the log does not have`);
  }
  const at = paths.join(", ");
  // One by one: logs name far more than lists do.
  return asked.paths.map((text) => ({ text, at, writing: "literal" }));
}

async function openLines(path: string): Promise<ReadableStream<string>> {
  const { readable } = await Deno.open(path);
  const bytes = path.endsWith(".gz") ? readable.pipeThrough(new DecompressionStream("gzip")) : readable;
  return bytes.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
}
