import { LRUCache } from "lru-cache";
import type { VaultError } from "../errors.ts";

const remembered = 20_000;

interface Refusal {
  readonly until: number;
  readonly error: VaultError;
}

/** What upstream refused lately, in bounded memory, so that it is not asked again at once. */
export class RecentRefusals {
  readonly #refusals = new LRUCache<string, Refusal>({ max: remembered });

  /** The error of a refusal that is still remembered. */
  get(key: string, now: number): VaultError | null {
    const refusal = this.#refusals.get(key);
    if (!refusal) return null;
    if (now < refusal.until) return refusal.error;
    this.#refusals.delete(key);
    return null;
  }

  remember(key: string, error: VaultError, until: number): void {
    this.#refusals.set(key, { error, until });
  }

  forget(key: string): void {
    this.#refusals.delete(key);
  }
}
