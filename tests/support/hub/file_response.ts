import { contentRange, parseRanges, resolveRange } from "../../../src/http/range.ts";
import type { HubFile } from "./hub_file.ts";

export interface FileResponseOptions {
  readonly headers: Readonly<Record<string, string>>;
  /** Returns what is sent in place of a chunk. */
  readonly tamper?: (chunk: Uint8Array<ArrayBuffer>, offset: number) => Uint8Array<ArrayBuffer>;
  /** Awaited before each chunk; where it rejects, the connection breaks. */
  readonly before?: (offset: number) => Promise<void> | void;
}

/** The answer to a GET or HEAD for a file's bytes, of which one range may be asked. */
export function fileResponse(request: Request, file: HubFile, options: FileResponseOptions): Response {
  const headers = new Headers({ "accept-ranges": "bytes", ...options.headers });
  const range = parseRanges(request.headers.get("range"))?.[0];
  const resolved = range ? resolveRange(range, file.sizeBytes) : { start: 0, end: file.sizeBytes };
  if (resolved === null) {
    return new Response(null, { status: 416, headers: { "content-range": `bytes */${file.sizeBytes}` } });
  }
  const { start, end } = resolved;
  if (range) headers.set("content-range", contentRange(resolved, file.sizeBytes));
  headers.set("content-length", String(end - start));
  const body = request.method === "HEAD" ? null : bodyOf(file, { start, end }, options);
  return new Response(body, { status: range ? 206 : 200, headers });
}

/** Streams `[start, end)` of a file. */
export function bodyOf(
  file: HubFile,
  { start, end }: { start: number; end: number },
  { tamper = (chunk) => chunk, before }: Pick<FileResponseOptions, "tamper" | "before">,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = start;
  return new ReadableStream({
    async pull(controller) {
      if (at >= end) return controller.close();
      await before?.(at);
      const chunk = file.chunk(at, end - at);
      controller.enqueue(tamper(chunk, at));
      at += chunk.byteLength;
    },
  }, { highWaterMark: 0 });
}
