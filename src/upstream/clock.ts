/** The clock of the upstream wrappers; handed in so that tests need not wait. */
export interface Clock {
  /** Returns monotonic milliseconds. */
  now(): number;
  /** Returns milliseconds since the epoch, as `Date.now`. */
  date(): number;
  /** Calls back once after `delayMs`. The returned function cancels that. */
  schedule(callback: () => void, delayMs: number): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => Date.now(),
  schedule(callback, delayMs) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Resolves after `delayMs`; rejects with the signal's reason when that comes first. */
export function delay(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = () => {
      unschedule();
      reject(signal.reason);
    };
    const unschedule = clock.schedule(() => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    }, delayMs);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
