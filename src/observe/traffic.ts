/** What was asked and sent in some time. Requests to no backend are left out. */
export interface Traffic {
  readonly requests: number;
  /** Those that the cache answered: `hit`, `stale` and `revalidated` in the log. */
  readonly hits: number;
  /** Those that upstream was needed for: `miss` in the log. */
  readonly misses: number;
  /** Those that were answered with a status of 500 or more. */
  readonly errors: number;
  readonly sentBytes: number;
  readonly fetchedBytes: number;
}

export const noTraffic: Traffic = { requests: 0, hits: 0, misses: 0, errors: 0, sentBytes: 0, fetchedBytes: 0 };

export const trafficFields = ["requests", "hits", "misses", "errors", "sentBytes", "fetchedBytes"] as const;

/** The sum of both. */
export function addTraffic(a: Traffic, b: Traffic): Traffic {
  return combine(a, b, (x, y) => x + y);
}

/** What `a` has more than `b`. */
export function subtractTraffic(a: Traffic, b: Traffic): Traffic {
  return combine(a, b, (x, y) => x - y);
}

/** All of them together. */
export function totalTraffic(all: Iterable<Traffic>): Traffic {
  let total = noTraffic;
  for (const one of all) total = addTraffic(total, one);
  return total;
}

/** The share of answered requests that the cache could answer, from 0 to 1; null before there is any. */
export function hitRateOf({ hits, misses }: Pick<Traffic, "hits" | "misses">): number | null {
  return hits + misses === 0 ? null : hits / (hits + misses);
}

/** The bytes that need not have been fetched again; less than none is none. */
export function savedBytesOf({ sentBytes, fetchedBytes }: Pick<Traffic, "sentBytes" | "fetchedBytes">): number {
  return Math.max(0, sentBytes - fetchedBytes);
}

function combine(a: Traffic, b: Traffic, one: (x: number, y: number) => number): Traffic {
  return {
    requests: one(a.requests, b.requests),
    hits: one(a.hits, b.hits),
    misses: one(a.misses, b.misses),
    errors: one(a.errors, b.errors),
    sentBytes: one(a.sentBytes, b.sentBytes),
    fetchedBytes: one(a.fetchedBytes, b.fetchedBytes),
  };
}
