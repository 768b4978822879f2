import { LRUCache } from "lru-cache";
import { atMost } from "../../lru_limit.ts";

/** More indexes than the suites of a large repository have that clients ask for. */
const remembered = 20_000;

/** Machines that update once a day ask within it, also over a weekend. */
const inVainForMs = 3 * 24 * 3_600_000;

/**
 * Which indexes of a new release are fetched before clients ask for them: those whose earlier version a client has asked
 * for. One that was fetched ahead for days, and asked for by nobody, is not fetched ahead any more until somebody does.
 * Remembered since the start only.
 */
export class ReadAhead {
  /** When an index was first fetched ahead since a client last asked for it, by path. */
  readonly #unaskedSince = new LRUCache<string, number>(atMost(remembered));

  /** Told that a client asks for the index at `path`, of whatever release. */
  asked(path: string): void {
    this.#unaskedSince.delete(path);
  }

  /** Told that the index at `path` is fetched without a client that asks for it. */
  fetched(path: string): void {
    if (!this.#unaskedSince.has(path)) this.#unaskedSince.set(path, performance.now());
  }

  /** Whether somebody has asked for the index at `path` lately. */
  wants(path: string): boolean {
    const since = this.#unaskedSince.get(path);
    return since === undefined || performance.now() - since < inVainForMs;
  }
}
