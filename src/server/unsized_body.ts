// Bodies whose size nobody knows before their end, and clients that take the end of the connection for that end.
import type { Chunk, ChunkReader, Opened } from "../vault/vault.ts";

/** Bodies up to this size are put together before their first byte is sent … */
const smallBytes = 256 * 1024;
/** … where that takes no longer than this. */
const longestWaitMs = 5000;

/**
 * Whether a client may speak HTTP/1.0, which knows no chunks: a body without a length that breaks off looks whole to it
 * (RFC 9112 §8). The server does not tell the version. Older clients and proxies say `Connection: close`, as nginx does
 * unless told otherwise; some newer ones do, too.
 */
export function mayBeHttp10(headers: Headers): boolean {
  const connection = headers.get("connection");
  return connection !== null && /(?:^|,)\s*close\s*(?:,|$)/i.test(connection);
}

/**
 * The same body with its size, where it is small and complete soon; otherwise as it is. Rejects where it breaks off
 * before that: nothing has been sent, so the client can be told. Takes over `opened`.
 */
export async function sizedIfSmall(opened: Opened, waitMs: number = longestWaitMs): Promise<Opened> {
  const chunks = opened.chunks();
  const come: Chunk[] = [];
  const late = Promise.withResolvers<"late">();
  const timer = setTimeout(() => late.resolve("late"), waitMs);
  try {
    for (let bytes = 0;;) {
      const next = chunks.read();
      const chunk = await Promise.race([next, late.promise]);
      if (chunk === "late") return withChunks(opened, new Resumed(come, chunks, next));
      if (chunk === null) return withBytes(opened, joined(come, bytes));
      come.push(chunk);
      bytes += chunk.byteLength;
      if (bytes > smallBytes) return withChunks(opened, new Resumed(come, chunks));
    }
  } finally {
    clearTimeout(timer);
  }
}

function joined(chunks: readonly Chunk[], sizeBytes: number): Chunk {
  const bytes = new Uint8Array(sizeBytes);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

function withBytes(opened: Opened, bytes: Chunk): Opened {
  return { ...opened, sizeBytes: bytes.byteLength, bytes, close() {} };
}

function withChunks(opened: Opened, chunks: ChunkReader): Opened {
  return { ...opened, chunks: () => chunks, close: () => chunks.close() };
}

/** A body of which the first chunks, and perhaps the promise of another one, are there already. */
class Resumed implements ChunkReader {
  readonly #come: Chunk[];
  readonly #rest: ChunkReader;
  #next: Promise<Chunk | null> | null;
  /** Whether the chunk that was read last is the reader's own to release. */
  #isLent = false;

  constructor(come: Chunk[], rest: ChunkReader, next: Promise<Chunk | null> | null = null) {
    this.#come = come;
    this.#rest = rest;
    this.#next = next;
    // Whoever reads it is told.
    next?.catch(() => {});
  }

  read(): Promise<Chunk | null> {
    const first = this.#come.shift();
    if (first !== undefined) return Promise.resolve(first);
    const next = this.#next ?? this.#rest.read();
    this.#next = null;
    this.#isLent = true;
    return next;
  }

  release(): void {
    if (this.#isLent) this.#rest.release();
  }

  close(): void {
    this.#rest.close();
  }
}
