/** At most so many upstream fetches at once per backend; the rest wait their turn, first come first served. */
export class Slots {
  readonly #free = new Map<string, number>();
  readonly #queues = new Map<string, Set<() => void>>();
  readonly #limitOf: (backend: string) => number;

  constructor(limitOf: (backend: string) => number) {
    this.#limitOf = limitOf;
  }

  /**
   * Resolves with the function that gives the slot back, which may be called more than once. Rejects when `signal`
   * aborts.
   */
  async acquire(backend: string, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    const now = this.acquireNow(backend);
    if (now) return now;
    const turn = Promise.withResolvers<void>();
    const queue = this.#queue(backend).add(turn.resolve);
    const leave = () => queue.delete(turn.resolve) && turn.reject(signal.reason);
    signal.addEventListener("abort", leave, { once: true });
    await turn.promise.finally(() => signal.removeEventListener("abort", leave));
    return this.#hold(backend);
  }

  /** The same without waiting; null where no slot is free. */
  acquireNow(backend: string): (() => void) | null {
    const free = this.#free.get(backend) ?? this.#limitOf(backend);
    if (free === 0) return null;
    this.#free.set(backend, free - 1);
    return this.#hold(backend);
  }

  #hold(backend: string): () => void {
    let held = true;
    return () => {
      if (held) this.#giveBack(backend);
      held = false;
    };
  }

  #giveBack(backend: string): void {
    const queue = this.#queue(backend);
    const [next] = queue;
    if (!next) return void this.#free.set(backend, this.#free.get(backend)! + 1);
    queue.delete(next);
    next();
  }

  #queue(backend: string): Set<() => void> {
    const queue = this.#queues.get(backend) ?? new Set();
    this.#queues.set(backend, queue);
    return queue;
  }
}
