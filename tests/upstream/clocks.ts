import type { Clock } from "../../src/upstream/clock.ts";

/** Stands still until it is told to go on. */
export class ManualClock implements Clock {
  #now = 0;
  readonly #timers = new Map<() => void, number>();

  now(): number {
    return this.#now;
  }

  date(): number {
    return this.#now;
  }

  get timerCount(): number {
    return this.#timers.size;
  }

  schedule(callback: () => void, delayMs: number): () => void {
    this.#timers.set(callback, this.#now + delayMs);
    return () => this.#timers.delete(callback);
  }

  /** Goes on, and calls back who is due. */
  advance(ms: number): void {
    this.#now += ms;
    for (const [callback, dueAt] of [...this.#timers]) {
      if (dueAt <= this.#now && this.#timers.delete(callback)) callback();
    }
  }
}

/** Every wait is over at once; the lengths are kept. */
export class InstantClock implements Clock {
  readonly waits: number[] = [];

  constructor(readonly startedAt = 0) {}

  now(): number {
    return this.waits.reduce((sum, wait) => sum + wait, 0);
  }

  date(): number {
    return this.startedAt + this.now();
  }

  schedule(callback: () => void, delayMs: number): () => void {
    this.waits.push(delayMs);
    let cancelled = false;
    queueMicrotask(() => cancelled || callback());
    return () => cancelled = true;
  }
}
