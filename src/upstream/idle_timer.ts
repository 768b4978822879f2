import type { Clock } from "./clock.ts";

/**
 * Calls back once when a single wait lasts longer than `timeoutMs`; the time between waits does not count. Starting and
 * pausing cost next to nothing: its timer is set about once per `timeoutMs`, however many waits there are.
 */
export class IdleTimer {
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  readonly #onIdle: () => void;
  #waitingSince: number | null = null;
  #unschedule: (() => void) | null = null;

  constructor(timeoutMs: number, clock: Clock, onIdle: () => void) {
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
    this.#onIdle = onIdle;
  }

  /** Begins a wait. */
  start(): void {
    if (this.#timeoutMs === Infinity) return;
    this.#waitingSince = this.#clock.now();
    if (this.#unschedule === null) this.#schedule(this.#timeoutMs);
  }

  /** Ends the wait; another one may begin. */
  pause(): void {
    this.#waitingSince = null;
  }

  /** Ends the wait, and clears the timer. */
  stop(): void {
    this.pause();
    this.#unschedule?.();
    this.#unschedule = null;
  }

  #schedule(delayMs: number): void {
    this.#unschedule = this.#clock.schedule(() => this.#check(), delayMs);
  }

  #check(): void {
    this.#unschedule = null;
    if (this.#waitingSince === null) return;
    const leftMs = this.#waitingSince + this.#timeoutMs - this.#clock.now();
    if (leftMs > 0) return this.#schedule(leftMs);
    this.#waitingSince = null;
    this.#onIdle();
  }
}
