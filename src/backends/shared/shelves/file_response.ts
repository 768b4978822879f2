import { contentRange, parseRanges, resolveRange } from "../../../http/range.ts";
import type { SourceFile } from "../../../shelf.ts";

/**
 * Answers a request for a file as a web server does: GET and HEAD, whole or one range of it (RFC 9110 §14). `headers`
 * are those of the file besides its size.
 */
export function respondWithFile(
  request: Request,
  file: SourceFile,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const { sizeBytes } = file;
  const [spec, ...others] = parseRanges(request.headers.get("range")) ?? [];
  const range = spec === undefined || others.length > 0 ? null : resolveRange(spec, sizeBytes);
  const { start, end } = range ?? { start: 0, end: sizeBytes };
  return new Response(request.method === "HEAD" ? null : file.stream(start, end), {
    status: range === null ? 200 : 206,
    headers: {
      ...headers,
      "accept-ranges": "bytes",
      "content-length": `${end - start}`,
      ...range !== null && { "content-range": contentRange({ start, end }, sizeBytes) },
    },
  });
}

/** Answers a request with bytes that are in memory, as `respondWithFile`. */
export function respondWithBytes(
  request: Request,
  bytes: Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>>,
): Response {
  const body = request.method === "HEAD" ? null : bytes;
  return new Response(body, { headers: { ...headers, "content-length": `${bytes.byteLength}` } });
}
