/** Somebody's interest in a transfer, from joining it until `leave`. To leave twice does no harm. */
export class Lease implements Disposable {
  readonly #onLeave: (lease: Lease) => void;

  constructor(onLeave: (lease: Lease) => void) {
    this.#onLeave = onLeave;
  }

  leave(): void {
    this.#onLeave(this);
  }

  [Symbol.dispose](): void {
    this.leave();
  }
}

/** The leases of one transfer. While there are none, nobody wants what it brings. */
export class Leases {
  readonly #held = new Set<Lease>();
  readonly #onLastLeft: () => void;

  /** `onLastLeft` is called each time the last lease is given back. */
  constructor(onLastLeft: () => void) {
    this.#onLastLeft = onLastLeft;
  }

  get count(): number {
    return this.#held.size;
  }

  get areNone(): boolean {
    return this.#held.size === 0;
  }

  take(): Lease {
    const lease = new Lease((lease) => {
      if (this.#held.delete(lease) && this.areNone) this.#onLastLeft();
    });
    this.#held.add(lease);
    return lease;
  }
}
