import { breathe } from "../store/files.ts";

const everyMs = 50;

/** Lets signals arrive at times in a work that keeps this thread busy. */
export class Breather {
  readonly #signal: AbortSignal | undefined;
  #last = performance.now();

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  /** Costs next to nothing most times. Throws the reason of the signal once it is aborted. */
  async breathe(): Promise<void> {
    if (performance.now() - this.#last >= everyMs) {
      await breathe();
      this.#last = performance.now();
    }
    this.#signal?.throwIfAborted();
  }
}
