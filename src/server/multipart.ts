import { type ByteRange, contentRange } from "../http/range.ts";

type Chunks = ReadableStream<Uint8Array<ArrayBuffer>>;

interface Representation {
  /** Its `Content-Type`, if it has one. */
  readonly type: string | undefined;
  readonly sizeBytes: number;
}

const encoder = new TextEncoder();

/** A body of media type `multipart/byteranges` (RFC 9110 §14.6), with the parts in the order of the ranges. */
export class Multipart {
  readonly contentType: string;
  readonly contentLength: number;
  readonly #ranges: readonly ByteRange[];
  /** What stands before each part. */
  readonly #heads: readonly Uint8Array<ArrayBuffer>[];
  readonly #end: Uint8Array<ArrayBuffer>;

  constructor(ranges: readonly ByteRange[], { type, sizeBytes }: Representation) {
    // So long and random that it is in no body.
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

  /** The body, out of the whole representation. */
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

  /** The body: `source` has the bytes of all ranges, one after the other. */
  wrap(source: Chunks): Chunks {
    const reader = source.getReader();
    const pieces = this.#pieces(reader);
    return new ReadableStream({
      async pull(controller) {
        const { done, value } = await pieces.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    }, { highWaterMark: 0 });
  }

  async *#pieces(reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>) {
    let chunk = new Uint8Array();
    for (const [part, { start, end }] of this.#ranges.entries()) {
      yield this.#heads[part]!;
      for (let left = end - start; left > 0;) {
        if (chunk.byteLength === 0) {
          const { done, value } = await reader.read();
          if (done) throw new Error("the body ended before its last range");
          chunk = value;
        }
        const piece = chunk.subarray(0, left);
        chunk = chunk.subarray(piece.byteLength);
        left -= piece.byteLength;
        if (piece.byteLength > 0) yield piece;
      }
    }
    await reader.cancel();
    yield this.#end;
  }
}

/** Header values may have bytes that are not ASCII; each stands for itself. */
function latin1(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
