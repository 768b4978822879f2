import { sha256Hex } from "./pypi/python_package.ts";
import { RecordingServer } from "./recording_server.ts";

const longAgo = "Mon, 04 Mar 2024 10:00:00 GMT";

/** Files by path, served as a web server does: with validators, one range at a time, and 304s. */
export class FileShelf {
  readonly #files = new Map<string, { bytes: Uint8Array<ArrayBuffer>; lastModified: string }>();

  /** The path begins with a slash. */
  put(path: string, bytes: Uint8Array<ArrayBuffer>, lastModified = longAgo): void {
    this.#files.set(path, { bytes, lastModified });
  }

  remove(path: string): void {
    this.#files.delete(path);
  }

  /** 404 where nothing lies at the path. The query is not looked at. */
  serve(request: Request): Response {
    const file = this.#files.get(new URL(request.url).pathname);
    if (file === undefined) return new Response("no such file", { status: 404 });
    const { bytes, lastModified } = file;
    return serveBytes(request, bytes, { "content-type": "application/octet-stream", "last-modified": lastModified });
  }
}

/** A shelf on a server of its own, as files.pythonhosted.org is. */
export class FileHost extends RecordingServer {
  readonly shelf: FileShelf;

  constructor() {
    const shelf = new FileShelf();
    super((request) => shelf.serve(request));
    this.shelf = shelf;
  }
}

/** Answers with these bytes, one range of them (also the last N), or a 304. */
export function serveBytes(
  request: Request,
  bytes: Uint8Array<ArrayBuffer>,
  more: Readonly<Record<string, string>>,
): Response {
  const etag = `"${sha256Hex(bytes).slice(0, 16)}"`;
  const headers = new Headers({ ...more, etag, "accept-ranges": "bytes" });
  if (request.headers.get("if-none-match") === etag) return new Response(null, { status: 304, headers });
  const size = bytes.byteLength;
  const range = rangeOf(request, size, [etag, more["last-modified"]]);
  if (range !== null && range.start >= range.end) {
    headers.set("content-range", `bytes */${size}`);
    return new Response(null, { status: 416, headers });
  }
  const { start, end } = range ?? { start: 0, end: size };
  if (range !== null) headers.set("content-range", `bytes ${start}-${end - 1}/${size}`);
  headers.set("content-length", `${end - start}`);
  const body = request.method === "HEAD" ? null : bytes.subarray(start, end);
  return new Response(body, { status: range === null ? 200 : 206, headers });
}

/** Half open; null where the whole is wanted. */
function rangeOf(
  { method, headers }: Request,
  size: number,
  validators: readonly (string | undefined)[],
): { start: number; end: number } | null {
  const ifRange = headers.get("if-range");
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(headers.get("range") ?? "") ?? [];
  if (method !== "GET" || first + last === "" || (ifRange !== null && !validators.includes(ifRange))) return null;
  if (first === "") return { start: Math.max(0, size - Number(last)), end: size };
  return { start: Number(first), end: last === "" ? size : Math.min(size, Number(last) + 1) };
}
