const smallestChunk = 32 * 1024;
const largest = 1024 * 1024;
/** A chunk has about as many bytes as the client takes in this time. */
const chunkMs = 10;
/** The speed of about the last second counts … */
const windowMs = 1000;
/** … and no chunk is more than this share of all that was taken: sockets take some megabytes of anything at once. */
const part = 1 / 64;

/**
 * Chooses how much to read for a client at once: much for a fast one, since each chunk has a cost, and little for a
 * slow one, since each client has one chunk in memory.
 */
export class ChunkSizer {
  readonly #smallest: number;
  #since = performance.now();
  #recentBytes = 0;
  #totalBytes = 0;

  /** `smallest` is the size of a chunk for a client that takes nothing. */
  constructor(smallest: number = smallestChunk) {
    this.#smallest = smallest;
  }

  /** Returns how many bytes to read next; called when the client asks for more. */
  next(): number {
    const now = performance.now();
    if (now - this.#since > windowMs) {
      this.#since += (now - this.#since) / 2;
      this.#recentBytes /= 2;
    }
    const bytesPerMs = this.#recentBytes / Math.max(1, now - this.#since);
    const wanted = Math.min(bytesPerMs * chunkMs, this.#totalBytes * part);
    return Math.floor(Math.max(this.#smallest, Math.min(largest, wanted)));
  }

  /** Records the bytes that were handed over. */
  handed(bytes: number): void {
    this.#recentBytes += bytes;
    this.#totalBytes += bytes;
  }
}
