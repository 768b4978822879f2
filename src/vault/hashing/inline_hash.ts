import { type DigestAlgorithm, Hasher } from "../../digest.ts";
import { VaultError } from "../../errors.ts";
import type { HashedSoFar, RunningHash } from "./running_hash.ts";

/** A running hash on this thread, for small bodies and for those that are not on disk. */
export class InlineHash implements RunningHash {
  readonly inline = true;
  readonly #hasher: Hasher;
  readonly #path: string | null;
  #toBytes = 0;
  /** The number of steps that wait for bytes to be read from the file. */
  #waiting = 0;
  #lastStep: Promise<void> = Promise.resolve();

  constructor(algorithms: DigestAlgorithm[], path: string | null) {
    this.#hasher = new Hasher(algorithms);
    this.#path = path;
  }

  update(chunk: Uint8Array): void {
    if (this.#isUpToDate) return this.#hasher.update(chunk);
    const own = chunk.slice();
    // Where reading fails, too few bytes have been hashed, and the check says so.
    this.#inOrder(() => this.#hasher.update(own)).catch(() => {});
  }

  advance(toBytes: number): void {
    this.#toBytes = Math.max(this.#toBytes, toBytes);
  }

  async digests(): Promise<HashedSoFar> {
    const now = () => ({ bytes: this.#hasher.bytes, digests: this.#hasher.digests() });
    return this.#isUpToDate ? now() : await this.#inOrder(now);
  }

  rest(): void {}

  close(): void {}

  get #isUpToDate(): boolean {
    return this.#waiting === 0 && this.#hasher.bytes >= this.#toBytes;
  }

  /** Hashes the bytes that came out of order and were not handed over, then takes `step`; one step after the other. */
  #inOrder<T>(step: () => T): Promise<T> {
    const toBytes = this.#toBytes;
    this.#waiting++;
    const done = this.#lastStep.then(() => this.#readOn(toBytes)).then(step).finally(() => this.#waiting--);
    this.#lastStep = done.then(() => {}, () => {});
    return done;
  }

  async #readOn(toBytes: number): Promise<void> {
    if (this.#hasher.bytes >= toBytes) return;
    if (this.#path === null) throw new VaultError("storage_failed", "Cannot hash a download that is not on disk");
    using file = await Deno.open(this.#path);
    await file.seek(this.#hasher.bytes, Deno.SeekMode.Start);
    const buffer = new Uint8Array(64 * 1024);
    while (this.#hasher.bytes < toBytes) {
      const read = await file.read(buffer.subarray(0, Math.min(buffer.byteLength, toBytes - this.#hasher.bytes)));
      if (read === null) throw new VaultError("storage_failed", "Cannot hash a download: the staged file is too short");
      this.#hasher.update(buffer.subarray(0, read));
    }
  }
}
