const smallest = 32 * 1024;
const largest = 1024 * 1024;
/** A client that takes a chunk in this time keeps up. */
const promptMs = 20;

/**
 * Chooses how much to read for a client at once: much for one that keeps up, since each chunk has a cost, and little for
 * one that does not, since each client holds a chunk in memory.
 */
export class Pace {
  #chunkBytes = smallest;
  #handedAt = 0;

  /** Bytes to read next. Called when the client asks for more. */
  next(): number {
    if (this.#handedAt > 0) {
      this.#chunkBytes = performance.now() - this.#handedAt < promptMs
        ? Math.min(largest, this.#chunkBytes * 2)
        : Math.max(smallest, this.#chunkBytes / 4);
    }
    return this.#chunkBytes;
  }

  /** Called when the chunk is handed over. */
  handed(): void {
    this.#handedAt = performance.now();
  }
}
