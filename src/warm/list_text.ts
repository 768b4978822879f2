import { openNamed } from "../archive/named_pipe.ts";

/** A longer list is read line by line. */
const wholeLength = 1024 * 1024;

/** The text of a list: whole where `rest` is null, and else its beginning. */
export interface ListText {
  readonly beginning: string;
  readonly rest: ReadableStream<string> | null;
}

/** Opens a file of a list. Throws as Deno does, some of it only when the stream is read. */
export async function openListFile(path: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  return (await openNamed(path, { read: true })).readable;
}

/** Reads a text that is not long, and the beginning of one that is. Whoever is given a rest reads or cancels it. */
export async function readBeginning(
  bytes: ReadableStream<Uint8Array<ArrayBuffer>>,
  length = wholeLength,
): Promise<ListText> {
  const rest = bytes.pipeThrough(new TextDecoderStream());
  const reader = rest.getReader();
  let beginning = "";
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    beginning += read.value;
    if (beginning.length < length) continue;
    reader.releaseLock();
    return { beginning, rest };
  }
  return { beginning, rest: null };
}

/** The whole text, of which some may have been read. */
export async function wholeText({ beginning, rest }: ListText): Promise<string> {
  let text = beginning;
  if (rest !== null) { for await (const chunk of rest) text += chunk; }
  return text;
}
