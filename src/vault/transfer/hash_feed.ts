import { drain } from "../streams/chunks.ts";
import type { RunningHash } from "../hashing/running_hash.ts";
import type { ChunkReader } from "../vault.ts";

/** Bytes on disk are hashed in batches of at least this size, since each costs a message to the worker. */
const batchBytes = 1024 * 1024;

/**
 * Hands the bytes of a growing body to its hash, in order: small bodies as they come, larger ones in batches once they
 * are on disk, and those that are not stored as a follower reads them.
 */
export class HashFeed {
  readonly #hash: RunningHash;
  #fedTo = 0;
  #reading: Promise<void> = Promise.resolve();

  constructor(hash: RunningHash) {
    this.#hash = hash;
  }

  /** Bytes up to this offset have been handed over. */
  get fedTo(): number {
    return this.#fedTo;
  }

  /** `chunk`, which ends at `receivedTo`, has come and is going to disk. */
  received(chunk: Uint8Array, receivedTo: number): void {
    if (!this.#hash.inline || receivedTo - chunk.byteLength !== this.#fedTo) return;
    this.#hash.update(chunk);
    this.#fedTo = receivedTo;
  }

  /** True if enough bytes for a batch wait on disk. */
  isDue(storedTo: number): boolean {
    return storedTo - this.#fedTo >= batchBytes;
  }

  /** The first `prefixBytes` of the body are on disk. */
  stored(prefixBytes: number): void {
    if (prefixBytes > this.#fedTo) this.#hash.advance(this.#fedTo = prefixBytes);
  }

  /** Hashes what `chunks` reads from `fedTo` on, to its end. */
  follow(chunks: ChunkReader): void {
    // Where reading fails, too few bytes have been hashed, and the check says so.
    this.#reading = drain(chunks, (chunk) => this.#hash.update(chunk)).catch(() => {});
  }

  /** Resolves when `follow` has read to the end. */
  get flushed(): Promise<void> {
    return this.#reading;
  }
}
