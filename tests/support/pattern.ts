import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";

/** The longest chunk `Pattern.chunk` gives. */
export const maxPatternChunk = 256 * 1024;

/** Prime, so that a chunk that ends up at another chunk's place never looks right. */
const period = 1_048_573;

/** A body of any size that needs no memory: each byte is a function of the seed and its offset alone. */
export class Pattern {
  readonly #block: Uint8Array<ArrayBuffer>;

  constructor(readonly size: number, readonly seed: number = 1) {
    this.#block = blockOf(seed);
  }

  /**
   * Up to `length` bytes from `offset` on, fewer at the end or above `maxPatternChunk`; a view, not to be written to.
   */
  chunk(offset: number, length: number = maxPatternChunk): Uint8Array<ArrayBuffer> {
    const start = offset % period;
    return this.#block.subarray(start, start + Math.min(length, maxPatternChunk, Math.max(0, this.size - offset)));
  }

  /** The bytes from `start` to `end`, exclusive, in memory. */
  bytes(start = 0, end: number = this.size): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(Math.min(end, this.size) - start);
    for (let at = 0; at < all.length;) {
      const part = this.chunk(start + at, all.length - at);
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  /** Whether `bytes` are what stands at `offset`. */
  matches(bytes: Uint8Array, offset: number): boolean {
    for (let at = 0; at < bytes.length;) {
      const part = this.chunk(offset + at, bytes.length - at);
      if (part.length === 0 || Buffer.compare(part, bytes.subarray(at, at + part.length)) !== 0) return false;
      at += part.length;
    }
    return true;
  }

  /** Whether a stream has the bytes from `start` to `end`, exclusive, and no others; none of them is kept. */
  async isIn(stream: ReadableStream<Uint8Array>, start = 0, end: number = this.size): Promise<boolean> {
    let [at, isRight] = [start, true];
    for await (const chunk of stream) {
      isRight &&= this.matches(chunk, at);
      at += chunk.length;
    }
    return isRight && at === end;
  }

  /** The digest of the whole body, in hex. */
  sha256(): string {
    const hash = createHash("sha256");
    for (let at = 0; at < this.size; at += maxPatternChunk) hash.update(this.chunk(at));
    return hash.digest("hex");
  }
}

const blocks = new Map<number, Uint8Array<ArrayBuffer>>();

/** One period, then its beginning again, so that no chunk has to be put together from two views. */
function blockOf(seed: number): Uint8Array<ArrayBuffer> {
  let block = blocks.get(seed);
  if (block === undefined) {
    block = new Uint8Array(period + maxPatternChunk);
    let state = (seed * 0x9e3779b1 | 0) || 1;
    for (let i = 0; i < period; i++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      block[i] = state >>> 8;
    }
    block.copyWithin(period, 0, maxPatternChunk);
    blocks.set(seed, block);
  }
  return block;
}
