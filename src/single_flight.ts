/** Runs one call per key at a time: everyone who asks while it is under way gets its outcome, errors included. */
export class SingleFlight<K, V> {
  readonly #underWay = new Map<K, Promise<V>>();

  /** True while a call for this key is under way: `run` would join it. */
  has(key: K): boolean {
    return this.#underWay.has(key);
  }

  /** The outcome of the call under way for this key, or else of `call`. */
  run(key: K, call: () => Promise<V>): Promise<V> {
    const known = this.#underWay.get(key);
    if (known !== undefined) return known;
    const outcome = call().finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, outcome);
    // All who waited may have left by the time it fails.
    outcome.catch(() => {});
    return outcome;
  }
}
