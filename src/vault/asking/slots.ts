/** Releases a slot; may be called more than once. */
export type Release = () => void;

export interface SlotWish {
  /** The slot is given only while fewer than this many slots of the host are taken. */
  readonly limit: number;
  /** Aborts the wait. */
  readonly signal: AbortSignal;
  /**
   * Says whether a client waits for it: the others get a slot only when no such wish is left. Called when a slot is
   * free.
   */
  readonly isUrgent: () => boolean;
}

interface Host {
  taken: number;
  readonly waiting: Set<Waiter>;
}

interface Waiter extends SlotWish {
  readonly turn: PromiseWithResolvers<void>;
}

/** Limits how many things happen at once per upstream host, whatever backend they are for. First come, first served. */
export class Slots {
  readonly #hosts = new Map<string, Host>();

  /** Resolves when it is this wish's turn. Rejects when its signal aborts. */
  async acquire(name: string, wish: SlotWish): Promise<Release> {
    wish.signal.throwIfAborted();
    const now = this.acquireNow(name, wish.limit);
    if (now) return now;
    const host = this.#host(name);
    const waiter = { ...wish, turn: Promise.withResolvers<void>() };
    host.waiting.add(waiter);
    const leave = () => {
      if (!host.waiting.delete(waiter)) return;
      waiter.turn.reject(wish.signal.reason);
      this.#forgetIfIdle(name, host);
    };
    wish.signal.addEventListener("abort", leave, { once: true });
    await waiter.turn.promise.finally(() => wish.signal.removeEventListener("abort", leave));
    return this.#hold(name, host);
  }

  /** Takes a slot without waiting; null where no slot is free, or others wait for one. */
  acquireNow(name: string, limit: number): Release | null {
    const host = this.#host(name);
    if (host.taken >= limit || host.waiting.size > 0) return null;
    host.taken++;
    return this.#hold(name, host);
  }

  /** Returns how many wait for a slot of this host. */
  waiting(name: string): number {
    return this.#hosts.get(name)?.waiting.size ?? 0;
  }

  /** Says whether anybody waits for a slot of this host. */
  isWanted(name: string): boolean {
    const host = this.#hosts.get(name);
    return host !== undefined && host.waiting.size > 0 && [...host.waiting].some((waiter) => waiter.isUrgent());
  }

  #hold(name: string, host: Host): Release {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      host.taken--;
      this.#passOn(host);
      this.#forgetIfIdle(name, host);
    };
  }

  #passOn(host: Host): void {
    const grantable = [...host.waiting].filter(({ limit }) => host.taken < limit);
    const next = grantable.find((waiter) => waiter.isUrgent()) ?? grantable[0];
    if (!next) return;
    host.waiting.delete(next);
    host.taken++;
    next.turn.resolve();
  }

  #host(name: string): Host {
    const host = this.#hosts.get(name) ?? { taken: 0, waiting: new Set() };
    this.#hosts.set(name, host);
    return host;
  }

  #forgetIfIdle(name: string, host: Host): void {
    if (host.taken === 0 && host.waiting.size === 0) this.#hosts.delete(name);
  }
}
