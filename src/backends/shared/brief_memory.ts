import { LRUCache } from "lru-cache";
import { SingleFlight } from "../../single_flight.ts";

/** A value is good for so long, or for so many times as long as it took to find; but never longer than `most`. */
const goodForMs = { least: 1000, most: 10_000, timesTaken: 20 };

/**
 * Finds values out, and keeps each for about a second: what is cached may change at any time, also by another process.
 * All who ask at once get the same.
 */
export class BriefMemory<T extends object> {
  readonly #known: LRUCache<string, T>;
  readonly #underWay = new SingleFlight<string, T>();

  /** `most` is how many values are kept. */
  constructor(most: number) {
    this.#known = new LRUCache({ max: most, ttlResolution: 0, perf: { now: () => performance.now() } });
  }

  /** Returns the value of this name; `find` is called where none is known. Rejects as it does. */
  get(name: string, find: () => Promise<T>): Promise<T> | T {
    return this.#known.get(name) ?? this.#underWay.run(name, async () => {
      const startedAt = performance.now();
      const value = await find();
      const wanted = (performance.now() - startedAt) * goodForMs.timesTaken;
      const ttl = Math.min(goodForMs.most, Math.max(goodForMs.least, Math.ceil(wanted)));
      this.#known.set(name, value, { ttl });
      return value;
    });
  }
}
