const firstBytes = 64 * 1024;
const encoder = new TextEncoder();

/** A growing text as UTF-8. Its pieces leave nothing on the heap, unlike those of a string that is joined at the end. */
export class TextBuffer {
  #bytes = new Uint8Array(firstBytes);
  #length = 0;

  /** In bytes. */
  get length(): number {
    return this.#length;
  }

  /** Begins again in the same memory: bytes that it gave before are written over. */
  clear(): void {
    this.#length = 0;
  }

  append(text: string): void {
    // A UTF-16 code unit takes three bytes at most.
    this.#reserve(this.#length + 3 * text.length);
    this.#length += encoder.encodeInto(text, this.#bytes.subarray(this.#length)).written;
  }

  appendBytes(bytes: Uint8Array): void {
    this.#reserve(this.#length + bytes.byteLength);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.byteLength;
  }

  /** All bytes so far; what is appended later does not change them. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(length: number): void {
    if (length <= this.#bytes.byteLength) return;
    const larger = new Uint8Array(Math.max(length, 2 * this.#bytes.byteLength));
    larger.set(this.bytes());
    this.#bytes = larger;
  }
}
