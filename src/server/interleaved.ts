import type { Chunk, ChunkReader } from "../vault/vault.ts";

/** Reads a body that consists of bytes of its own and of bytes of a source. */
export class Interleaved implements ChunkReader {
  readonly #source: ChunkReader;
  readonly #chunks: AsyncGenerator<Chunk, void>;
  /** The rest of the chunk that was read last. */
  #rest: Chunk = new Uint8Array();

  /** `parts` are own bytes, or how many bytes of the source come next. The source is closed after the last of them. */
  constructor(source: ChunkReader, parts: Iterable<Chunk | number>) {
    this.#source = source;
    this.#chunks = this.#put(parts);
  }

  async read(): Promise<Chunk | null> {
    return (await this.#chunks.next()).value ?? null;
  }

  release(): void {
    if (this.#rest.byteLength === 0) this.#source.release();
  }

  close(): void {
    this.#source.close();
  }

  /** Closes the source before the last bytes are handed over: nobody need read on after these. */
  async *#put(parts: Iterable<Chunk | number>): AsyncGenerator<Chunk, void> {
    const all = parts[Symbol.iterator]();
    for (let part = all.next(); part.done !== true;) {
      const next = all.next();
      const isLast = next.done === true;
      if (typeof part.value === "number") {
        yield* this.#take(part.value, isLast);
      } else {
        if (isLast) this.#source.close();
        yield part.value;
      }
      part = next;
    }
    this.#source.close();
  }

  /** The next bytes of the source. */
  async *#take(bytes: number, areLast: boolean): AsyncGenerator<Chunk, void> {
    for (let left = bytes; left > 0;) {
      if (this.#rest.byteLength === 0) {
        const chunk = await this.#source.read();
        if (chunk === null) throw new Error("the body ended before its last range");
        this.#rest = chunk;
      }
      const piece = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(piece.byteLength);
      left -= piece.byteLength;
      if (areLast && left === 0) this.#source.close();
      if (piece.byteLength > 0) yield piece;
    }
  }
}
