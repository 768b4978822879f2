/** Resolves after `ms` milliseconds, or when the signal is aborted. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

interface ScrubPaceOptions {
  readonly bytesPerSecond: number;
  readonly isBusy: () => boolean;
  readonly sleep: Sleep | undefined;
  readonly signal: AbortSignal;
}

/** Reading takes so many times as long while clients are served. */
const slowdown = 10;
/** Opening a file costs a disk about as much as reading this. */
const openingBytes = 16 * 1024;
/** Shorter times are added up before they are waited for. */
const shortestMs = 20;

/** Limits reading to a rate, and to a tenth of it while clients are served. */
export class ScrubPace {
  readonly #options: ScrubPaceOptions;
  #owedMs = 0;

  constructor(options: ScrubPaceOptions) {
    this.#options = options;
  }

  opened(): Promise<void> {
    return this.read(openingBytes);
  }

  /** Waits for as long as reading so many bytes should take. */
  async read(bytes: number): Promise<void> {
    const { bytesPerSecond, isBusy } = this.#options;
    this.#owedMs += bytes / bytesPerSecond * 1000 * (isBusy() ? slowdown : 1);
    if (this.#owedMs < shortestMs) return;
    const ms = this.#owedMs;
    this.#owedMs = 0;
    await this.sleep(ms);
  }

  async sleep(ms: number): Promise<void> {
    const { sleep = wait, signal } = this.#options;
    if (!signal.aborted) await sleep(ms, signal);
  }
}

/** Lets real time pass; a process that has nothing else to do ends. */
export function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    Deno.unrefTimer(Number(timer));
    signal.addEventListener("abort", done);
  });
}
