import { type ByteRange, contentRange } from "../http/range.ts";
import type { Chunk, ChunkReader } from "../vault/vault.ts";

interface Representation {
  /** The `Content-Type` of the whole representation, if it has one. */
  readonly type: string | undefined;
  readonly sizeBytes: number;
}

const encoder = new TextEncoder();

/**
 * Writes bodies of the media type `multipart/byteranges` (RFC 9110 §14.6), with the parts in the order of the ranges.
 */
export class Multipart {
  readonly contentType: string;
  readonly contentLength: number;
  readonly #ranges: readonly ByteRange[];
  /** The text before each part. */
  readonly #heads: readonly Uint8Array<ArrayBuffer>[];
  readonly #end: Uint8Array<ArrayBuffer>;

  constructor(ranges: readonly ByteRange[], { type, sizeBytes }: Representation) {
    // So long and random that no body contains it.
    const boundary = crypto.randomUUID().replaceAll("-", "");
    const typeLine = type === undefined ? "" : `Content-Type: ${type}\r\n`;
    const headOf = (range: ByteRange) =>
      latin1(`\r\n--${boundary}\r\n${typeLine}Content-Range: ${contentRange(range, sizeBytes)}\r\n\r\n`);
    this.contentType = `multipart/byteranges; boundary=${boundary}`;
    this.#ranges = ranges;
    this.#heads = ranges.map(headOf);
    this.#end = encoder.encode(`\r\n--${boundary}--\r\n`);
    const framing = this.#heads.reduce((sum, head) => sum + head.byteLength, this.#end.byteLength);
    this.contentLength = ranges.reduce((sum, { start, end }) => sum + end - start, framing);
  }

  /** The body, cut from the whole representation. */
  of(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    const body = new Uint8Array(this.contentLength);
    let at = 0;
    for (const [part, { start, end }] of this.#ranges.entries()) {
      body.set(this.#heads[part]!, at);
      at += this.#heads[part]!.byteLength;
      body.set(bytes.subarray(start, end), at);
      at += end - start;
    }
    body.set(this.#end, at);
    return body;
  }

  /** The body, from a `source` that has the bytes of all ranges one after the other. */
  wrap(source: ChunkReader): ChunkReader {
    return new Pieces(source, { ranges: this.#ranges, heads: this.#heads, end: this.#end });
  }
}

interface Framing {
  readonly ranges: readonly ByteRange[];
  readonly heads: readonly Chunk[];
  readonly end: Chunk;
}

class Pieces implements ChunkReader {
  readonly #source: ChunkReader;
  readonly #pieces: AsyncGenerator<Chunk, void>;
  /** The rest of the chunk that was read last. */
  #rest: Chunk = new Uint8Array();

  constructor(source: ChunkReader, framing: Framing) {
    this.#source = source;
    this.#pieces = this.#cut(framing);
  }

  async read(): Promise<Chunk | null> {
    return (await this.#pieces.next()).value ?? null;
  }

  release(): void {
    if (this.#rest.byteLength === 0) this.#source.release();
  }

  close(): void {
    this.#source.close();
  }

  async *#cut({ ranges, heads, end: last }: Framing): AsyncGenerator<Chunk, void> {
    for (const [part, { start, end }] of ranges.entries()) {
      yield heads[part]!;
      for (let left = end - start; left > 0;) {
        if (this.#rest.byteLength === 0) {
          const chunk = await this.#source.read();
          if (chunk === null) throw new Error("the body ended before its last range");
          this.#rest = chunk;
        }
        const piece = this.#rest.subarray(0, left);
        this.#rest = this.#rest.subarray(piece.byteLength);
        left -= piece.byteLength;
        if (piece.byteLength > 0) yield piece;
      }
    }
    this.#source.close();
    yield last;
  }
}

/** Encodes a header value, whose characters stand for one byte each, also those that are not ASCII. */
function latin1(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
