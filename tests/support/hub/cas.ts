import { createHash } from "node:crypto";
import { parseRanges, resolveRange } from "../../../src/http/range.ts";
import { RecordingServer } from "../recording_server.ts";
import type { HubFile } from "./hub_file.ts";

/** The real ones are cut by content; these are all alike, and no chunk is compressed. */
const chunkBytes = 64 * 1024;
const chunksPerXorb = 64;
const headBytes = 8;
const token = "cas-token";

interface ByteSpan {
  readonly start: number;
  readonly end: number;
}

/**
 * A content-addressed store as Xet has it, over plain files: it says of which chunks of which xorbs a file consists,
 * and serves ranges of xorbs at signed URLs.
 */
export class HubCas {
  readonly server: RecordingServer;
  /** Replaces the bytes of a chunk. */
  tamper: ((bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>) | null = null;
  readonly #find: (xetHash: string) => HubFile | null;

  constructor(find: (xetHash: string) => HubFile | null) {
    this.#find = find;
    this.server = new RecordingServer((request) => this.#answer(request), { hostname: "127.0.0.2" });
  }

  get url(): string {
    return this.server.url;
  }

  /** What the Hub answers to who may read a repository. */
  tokenResponse(): Response {
    const exp = Math.floor(Date.now() / 1000) + 900;
    return Response.json({ accessToken: token, exp, casUrl: this.url }, {
      headers: {
        "x-xet-access-token": token,
        "x-xet-token-expiration": String(exp),
        "x-xet-cas-url": this.url,
      },
    });
  }

  #answer(request: Request): Response {
    const { pathname } = new URL(request.url);
    const [, version, hash = ""] = /^\/(v[12])\/reconstructions\/([0-9a-f]{64})$/.exec(pathname) ?? [];
    if (version !== undefined) return this.#reconstruction(request, version, hash);
    const [, file = "", index = ""] = /^\/xorbs\/([0-9a-f]{64})\/(\d+)$/.exec(pathname) ?? [];
    const found = this.#find(file);
    return found === null ? new Response("not here", { status: 404 }) : this.#xorb(request, found, Number(index));
  }

  #reconstruction(request: Request, version: string, hash: string): Response {
    if (request.headers.get("authorization") !== `Bearer ${token}`) return new Response("no token", { status: 401 });
    const file = this.#find(hash);
    if (file === null) return new Response("no such file", { status: 404 });
    const range = parseRanges(request.headers.get("range"))?.[0] ?? { kind: "from", first: 0 };
    const wanted = resolveRange(range, file.sizeBytes);
    if (wanted === null) return new Response(null, { status: 416 });
    const first = Math.floor(wanted.start / chunkBytes);
    const end = Math.ceil(wanted.end / chunkBytes);
    const parts = partsOf({ start: first, end }).map(({ index, chunks }) => ({
      hash: xorbName(file, index),
      url: `${this.url}/xorbs/${hash}/${index}`,
      chunks,
      bytes: { start: chunks.start * (chunkBytes + headBytes), end: framedEnd(file, index, chunks.end) - 1 },
      unpacked: plainEnd(file, index, chunks.end) - (index * chunksPerXorb + chunks.start) * chunkBytes,
    }));
    const terms = parts.map(({ hash, unpacked, chunks }) => ({ hash, unpacked_length: unpacked, range: chunks }));
    const common = { offset_into_first_range: wanted.start - first * chunkBytes, terms };
    return version === "v2"
      ? Response.json({
        ...common,
        xorbs: Object.fromEntries(
          parts.map(({ hash, url, chunks, bytes }) => [hash, [{ url, ranges: [{ chunks, bytes }] }]]),
        ),
      })
      : Response.json({
        ...common,
        fetch_info: Object.fromEntries(
          parts.map(({ hash, url, chunks, bytes }) => [hash, [{ url, range: chunks, url_range: bytes }]]),
        ),
      });
  }

  #xorb(request: Request, file: HubFile, index: number): Response {
    const size = framedEnd(file, index, chunksPerXorb);
    const spec = parseRanges(request.headers.get("range"))?.[0] ?? { kind: "from", first: 0 };
    const range = resolveRange(spec, size);
    if (range === null) return new Response(null, { status: 416 });
    const bytes = new Uint8Array(range.end - range.start);
    const stride = chunkBytes + headBytes;
    for (let chunk = Math.floor(range.start / stride); chunk * stride < range.end; chunk++) {
      const framed = this.#framed(file, index * chunksPerXorb + chunk);
      const at = chunk * stride;
      const from = Math.max(0, range.start - at);
      bytes.set(framed.subarray(from, Math.min(framed.byteLength, range.end - at)), at + from - range.start);
    }
    const headers = { "content-range": `bytes ${range.start}-${range.end - 1}/${size}` };
    return new Response(bytes, { status: 206, headers });
  }

  /** A chunk with its head: version, stored length, how it is compressed (not at all), plain length. */
  #framed(file: HubFile, chunk: number): Uint8Array {
    const read = file.chunk(chunk * chunkBytes, chunkBytes);
    const plain = this.tamper?.(read) ?? read;
    const framed = new Uint8Array(headBytes + plain.byteLength);
    const length = [plain.byteLength & 0xff, plain.byteLength >> 8 & 0xff, plain.byteLength >> 16];
    framed.set([0, ...length, 0, ...length]);
    framed.set(plain, headBytes);
    return framed;
  }
}

/** The chunks of a file by the xorbs that they are in; `chunks` counts within the xorb. */
function partsOf({ start, end }: ByteSpan): { index: number; chunks: ByteSpan }[] {
  const parts = [];
  for (let at = start; at < end;) {
    const index = Math.floor(at / chunksPerXorb);
    const upTo = Math.min(end, (index + 1) * chunksPerXorb);
    parts.push({ index, chunks: { start: at - index * chunksPerXorb, end: upTo - index * chunksPerXorb } });
    at = upTo;
  }
  return parts;
}

/** Where the first `chunks` chunks of a xorb end in the file. */
function plainEnd(file: HubFile, index: number, chunks: number): number {
  return Math.min(file.sizeBytes, (index * chunksPerXorb + chunks) * chunkBytes);
}

/** Where they end in the xorb. */
function framedEnd(file: HubFile, index: number, chunks: number): number {
  const plain = plainEnd(file, index, chunks) - index * chunksPerXorb * chunkBytes;
  return plain + headBytes * Math.ceil(plain / chunkBytes);
}

function xorbName(file: HubFile, index: number): string {
  return createHash("sha256").update(`xorb ${file.sha256} ${index}`).digest("hex");
}
