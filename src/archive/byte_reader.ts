import type { ByteSource } from "./byte_source.ts";

const bufferBytes = 1024 * 1024;

/**
 * Reads a source through a buffer of 1 MiB, so that small pieces need no call to the operating system. Views that it
 * returns are valid until the next call.
 */
export class ByteReader {
  readonly #source: ByteSource;
  readonly #buffer = new Uint8Array(bufferBytes);
  #start = 0;
  #end = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** The next bytes without taking them; fewer than `length` at the end. `length` is at most 1 MiB. */
  async peek(length: number): Promise<Uint8Array> {
    while (this.#end - this.#start < length && await this.#fill());
    return this.#buffer.subarray(this.#start, Math.min(this.#end, this.#start + length));
  }

  /** Takes as many bytes, at most 1 MiB; null where the source ends before. */
  async take(length: number): Promise<Uint8Array | null> {
    const bytes = await this.peek(length);
    if (bytes.byteLength < length) return null;
    this.#start += length;
    return bytes;
  }

  /** Takes some bytes, at most `most`; null at the end. */
  async some(most: number): Promise<Uint8Array | null> {
    if (this.#start === this.#end && !await this.#fill()) return null;
    const bytes = this.#buffer.subarray(this.#start, Math.min(this.#end, this.#start + most));
    this.#start += bytes.byteLength;
    return bytes;
  }

  /** Goes past bytes, without reading them where the source can; false where it ends before. */
  async skip(length: number): Promise<boolean> {
    const buffered = Math.min(length, this.#end - this.#start);
    this.#start += buffered;
    let left = length - buffered;
    if (left > 0 && this.#source.skip !== undefined) return this.#source.skip(left);
    while (left > 0) {
      const bytes = await this.some(left);
      if (bytes === null) return false;
      left -= bytes.byteLength;
    }
    return true;
  }

  /** This reader as a source, for what decodes the bytes. */
  asSource(): ByteSource {
    return {
      read: async (into) => {
        const bytes = await this.some(into.byteLength);
        if (bytes !== null) into.set(bytes);
        return bytes && bytes.byteLength;
      },
      close: () => this.close(),
    };
  }

  close(): void {
    this.#source.close();
  }

  async #fill(): Promise<boolean> {
    if (this.#start === this.#end) this.#start = this.#end = 0;
    else if (this.#end === bufferBytes) {
      this.#buffer.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    const read = this.#source.read(this.#buffer.subarray(this.#end));
    const count = read instanceof Promise ? await read : read;
    if (count === null) return false;
    this.#end += count;
    return true;
  }
}
