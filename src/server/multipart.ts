import { type ByteRange, contentRange } from "../http/range.ts";
import type { ChunkReader } from "../vault/vault.ts";
import { Interleaved } from "./interleaved.ts";

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
    const parts = this.#ranges.flatMap(({ start, end }, part) => [this.#heads[part]!, end - start]);
    return new Interleaved(source, [...parts, this.#end]);
  }
}

/** Encodes a header value, whose characters stand for one byte each, also those that are not ASCII. */
function latin1(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
