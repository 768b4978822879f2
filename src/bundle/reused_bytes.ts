/**
 * Memory for one document after the other. Each of its own would be a megabyte that the process keeps for a while after
 * it is freed, and a reason for V8 to collect all garbage.
 */
export class ReusedBytes {
  #bytes = new Uint8Array(0);

  /** So many bytes with anything in them, valid until the next call. */
  take(length: number): Uint8Array<ArrayBuffer> {
    if (length > this.#bytes.byteLength) this.#bytes = new Uint8Array(Math.max(length, 2 * this.#bytes.byteLength));
    return this.#bytes.subarray(0, length);
  }
}
