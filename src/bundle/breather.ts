import { VaultError } from "../errors.ts";
import { breathe } from "../store/files.ts";

const everyMs = 50;

/** Lets signals arrive at times in a work that keeps this thread busy. */
export class Breather {
  readonly #signal: AbortSignal | undefined;
  #last = performance.now();

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  /** Costs next to nothing most times. Throws `storage_failed` once the signal is aborted. */
  async breathe(): Promise<void> {
    if (performance.now() - this.#last >= everyMs) {
      await breathe();
      this.#last = performance.now();
    }
    if (this.#signal?.aborted) {
      throw new VaultError("storage_failed", "it was stopped", { cause: this.#signal.reason });
    }
  }
}
