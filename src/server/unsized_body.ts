// Bodies of unknown size, and clients for which the end of the connection is the end of the body.
import { joined } from "./request_body.ts";
import type { Chunk, ChunkReader, OpenedArtifact } from "../vault/vault.ts";

/** Bodies up to this size are collected before their first byte is sent … */
const smallBytes = 256 * 1024;
/** … where that takes no longer than this. */
const longestWaitMs = 5000;

/**
 * True for a client that may speak HTTP/1.0, which has no chunks: an interrupted body without a length looks whole to
 * it (RFC 9112 §8). Deno does not tell the version. Older clients and proxies send `Connection: close`, as nginx does
 * by default; some newer ones do, too.
 */
export function mayBeHttp10(headers: Headers): boolean {
  const connection = headers.get("connection");
  return connection !== null && /(?:^|,)\s*close\s*(?:,|$)/i.test(connection);
}

/**
 * Returns the same body with its size, if it is small and complete soon; otherwise as it is. Rejects where it is
 * interrupted before that: nothing has been sent, so that the client can get an error. Takes over `opened`.
 */
export async function sizedIfSmall(opened: OpenedArtifact, waitMs: number = longestWaitMs): Promise<OpenedArtifact> {
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

function withBytes(opened: OpenedArtifact, bytes: Chunk): OpenedArtifact {
  return { ...opened, sizeBytes: bytes.byteLength, bytes, close() {} };
}

function withChunks(opened: OpenedArtifact, chunks: ChunkReader): OpenedArtifact {
  return { ...opened, chunks: () => chunks, close: () => chunks.close() };
}

/** A body whose first chunks, and perhaps the promise of the next one, have been read already. */
class Resumed implements ChunkReader {
  readonly #come: Chunk[];
  readonly #rest: ChunkReader;
  #next: Promise<Chunk | null> | null;
  /** True if the chunk that was read last has to be released. */
  #isLent = false;

  constructor(come: Chunk[], rest: ChunkReader, next: Promise<Chunk | null> | null = null) {
    this.#come = come;
    this.#rest = rest;
    this.#next = next;
    // Its reader gets the error.
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
