import type { Traffic } from "./snapshot.ts";

interface Sample {
  readonly at: number;
  readonly total: Traffic;
}

/** What the last moments have brought; null where nothing can be said yet. */
export interface Pace {
  readonly sentBytesPerSecond: number | null;
  readonly fetchedBytesPerSecond: number | null;
  /** The share of the requests of the last minute that the cache answered. */
  readonly hitRate: number | null;
}

const hitRateMs = 60_000;
const speedMs = 10_000;
/** Over less than this a speed says nothing. */
const leastSeconds = 1;
/** A server says what has changed once a second: until then, nothing had. */
const newsMs = 1000;

/** Works the pace of a server out of its totals. */
export class Trend {
  readonly #samples: Sample[] = [];

  /** `at` is in ms. Totals that have become less are those of another process: it begins anew. */
  add(at: number, total: Traffic): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && total.requests < last.total.requests) this.#samples.length = 0;
    else if (last !== undefined && at - last.at > newsMs) this.#samples.push({ at: at - newsMs, total: last.total });
    this.#samples.push({ at, total });
    while (this.#samples.length > 2 && at - this.#samples[1]!.at >= hitRateMs) this.#samples.shift();
  }

  pace(now: number): Pace {
    const last = this.#samples.at(-1);
    const [minute, moments] = [this.#since(now - hitRateMs), this.#since(now - speedMs)];
    if (last === undefined || minute === undefined || moments === undefined) return nothingKnown;
    const seconds = Math.min(speedMs, now - moments.at) / 1000;
    const perSecond = (field: "sentBytes" | "fetchedBytes") =>
      seconds < leastSeconds ? null : Math.max(0, last.total[field] - moments.total[field]) / seconds;
    const hits = last.total.hits - minute.total.hits;
    const answered = hits + last.total.misses - minute.total.misses;
    return {
      sentBytesPerSecond: perSecond("sentBytes"),
      fetchedBytesPerSecond: perSecond("fetchedBytes"),
      hitRate: answered > 0 ? hits / answered : null,
    };
  }

  /** The last sample that is at least so old, or else the first one. */
  #since(at: number): Sample | undefined {
    return this.#samples.findLast((sample) => sample.at <= at) ?? this.#samples[0];
  }
}

const nothingKnown: Pace = { sentBytesPerSecond: null, fetchedBytesPerSecond: null, hitRate: null };
