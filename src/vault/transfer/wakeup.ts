/** Lets many wait for the next change of something, without knowing who they are. */
export class Wakeup {
  /** Null while nobody waits. */
  #next: PromiseWithResolvers<void> | null = null;

  /** Resolves at the next call of `wake`. */
  changed(): Promise<void> {
    return (this.#next ??= Promise.withResolvers()).promise;
  }

  /** Something has changed. */
  wake(): void {
    const next = this.#next;
    this.#next = null;
    next?.resolve();
  }
}
