import type { ByteRange } from "../../http/range.ts";
import type { BodyFile, StoredBody } from "../../store/store.ts";
import { MemoryChunks } from "./chunks.ts";
import { ChunksInTurn } from "./chunks_in_turn.ts";
import { FileChunks } from "./file_chunks.ts";
import { heldBackBytes } from "./held_back.ts";
import type { Chunk, ChunkReader } from "../vault.ts";

/** Reads ranges of a stored body, one after the other. */
export function storedChunks(body: StoredBody, ranges: readonly ByteRange[]): ChunkReader {
  const [range] = ranges;
  if (body.kind === "bytes") {
    const opens = ranges.map(({ start, end }) => () => new MemoryChunks(body.bytes.subarray(start, end)));
    return opens.length === 1 ? opens[0]!() : new ChunksInTurn(opens, () => {});
  }
  if (range !== undefined && ranges.length === 1) return new FileChunks(body.file, range.start, range.end);
  return partsOf(body.file, ranges.map(({ start, end }) => (file) => new FileChunks(file, start, end)));
}

/**
 * Reads one range of a body that is being verified. A range that may complete the body for a client ends only once
 * `verified` has resolved, and errors where it rejects. As for a body that arrives, ranges in the middle do not wait.
 */
export function chunksToVerify(
  file: BodyFile,
  { start, end, openEnded }: ByteRange,
  { verified, sizeBytes }: { readonly verified: Promise<void>; readonly sizeBytes: number },
): ChunkReader {
  const completes = openEnded === true || (start === 0 && end === sizeBytes);
  if (!completes) return new FileChunks(file, start, end);
  const heldFrom = Math.max(start, sizeBytes - heldBackBytes);
  return partsOf(file, [
    (file) => new FileChunks(file, start, heldFrom),
    (file) => new HeldChunks(verified, new FileChunks(file, heldFrom, end)),
  ]);
}

/** Reads parts of one file, one after the other, and closes it after the last. */
function partsOf(file: BodyFile, opens: readonly ((shared: BodyFile) => ChunkReader)[]): ChunkReader {
  const shared: BodyFile = { read: (buffer, offset) => file.read(buffer, offset), close() {} };
  return new ChunksInTurn(opens.map((open) => () => open(shared)), () => file.close());
}

/** Hands chunks on once `released` has resolved; rejects where it does. */
class HeldChunks implements ChunkReader {
  readonly #released: Promise<void>;
  readonly #chunks: ChunkReader;

  constructor(released: Promise<void>, chunks: ChunkReader) {
    this.#released = released;
    this.#chunks = chunks;
  }

  async read(): Promise<Chunk | null> {
    await this.#released;
    return await this.#chunks.read();
  }

  release(): void {
    this.#chunks.release();
  }

  close(): void {
    this.#chunks.close();
  }
}
