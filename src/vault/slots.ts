/** At most so many upstream fetches at once per backend; the rest wait their turn, first come first served. */
export class Slots {
  readonly #free = new Map<string, number>();
  readonly #queues = new Map<string, (() => void)[]>();
  readonly #limitOf: (backend: string) => number;

  constructor(limitOf: (backend: string) => number) {
    this.#limitOf = limitOf;
  }

  /** Resolves with the function that gives the slot back; it may be called more than once. */
  async acquire(backend: string): Promise<() => void> {
    const free = this.#free.get(backend) ?? this.#limitOf(backend);
    if (free > 0) {
      this.#free.set(backend, free - 1);
    } else {
      const turn = Promise.withResolvers<void>();
      this.#queue(backend).push(turn.resolve);
      await turn.promise;
    }
    let held = true;
    return () => {
      if (held) this.#giveBack(backend);
      held = false;
    };
  }

  #giveBack(backend: string): void {
    const next = this.#queue(backend).shift();
    if (next) next();
    else this.#free.set(backend, this.#free.get(backend)! + 1);
  }

  #queue(backend: string): (() => void)[] {
    const queue = this.#queues.get(backend) ?? [];
    this.#queues.set(backend, queue);
    return queue;
  }
}
