import { LRUCache } from "lru-cache";
import { atMost } from "../../../lru_limit.ts";

/** More members than clients request of the generations of a large repository. */
const remembered = 20_000;

/** Machines that update once a day ask within it, also over a weekend. */
const inVainForMs = 3 * 24 * 3_600_000;

/**
 * Decides which members of a new generation are fetched before clients request them: those whose earlier version a
 * client has requested. A member that was fetched ahead for days and requested by nobody is no longer fetched ahead
 * until somebody does. Remembered since the start only.
 */
export class ReadAhead {
  /** When a member was first fetched ahead since a client last requested it, by its name in every generation. */
  readonly #unaskedSince = new LRUCache<string, number>(atMost(remembered));

  /** Records that a client requests a member, of whatever generation. */
  asked(name: string): void {
    this.#unaskedSince.delete(name);
  }

  /** Records that a member is fetched although no client waits for it. */
  fetched(name: string): void {
    if (!this.#unaskedSince.has(name)) this.#unaskedSince.set(name, performance.now());
  }

  /** True unless the member was fetched ahead for days in vain. */
  wants(name: string): boolean {
    const since = this.#unaskedSince.get(name);
    return since === undefined || performance.now() - since < inVainForMs;
  }
}
