import { Pattern } from "./pattern.ts";

/** What a tar archive has at a path: a program or text, a link to another path, or a body that needs no memory. */
export type TarEntry = Uint8Array | string | { readonly link: string } | Pattern;

/** A tar archive (POSIX ustar), in pieces; the same entries always give the same bytes. Files may all be executed. */
export function* tarOf(entries: Readonly<Record<string, TarEntry>>): Generator<Uint8Array> {
  for (const [path, entry] of Object.entries(entries)) {
    const content = typeof entry === "string" ? new TextEncoder().encode(entry) : entry;
    const sizeBytes = content instanceof Pattern ? content.size : "link" in content ? 0 : content.byteLength;
    yield headerOf(path, sizeBytes, "link" in content ? content.link : null);
    if (content instanceof Pattern) yield* chunksOf(content);
    else if (!("link" in content)) yield content;
    yield new Uint8Array(-sizeBytes & (blockBytes - 1));
  }
  yield new Uint8Array(2 * blockBytes);
}

const blockBytes = 512;

function* chunksOf(pattern: Pattern): Generator<Uint8Array> {
  for (let at = 0; at < pattern.size;) {
    const chunk = pattern.chunk(at);
    yield chunk;
    at += chunk.byteLength;
  }
}

function headerOf(path: string, sizeBytes: number, link: string | null): Uint8Array {
  const header = new Uint8Array(blockBytes);
  const put = (at: number, text: string) => header.set(new TextEncoder().encode(text), at);
  const octal = (value: number, length: number) => value.toString(8).padStart(length, "0");
  put(0, path);
  put(100, `0000755\0${octal(0, 7)}\0${octal(0, 7)}\0${octal(sizeBytes, 11)}\0${octal(0, 11)}\0`);
  put(148, " ".repeat(8));
  put(156, link === null ? "0" : "2");
  put(157, link ?? "");
  put(257, "ustar\x0000");
  put(148, `${octal(header.reduce((sum, byte) => sum + byte, 0), 6)}\0 `);
  return header;
}
