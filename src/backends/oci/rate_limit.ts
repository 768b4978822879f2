import type { Fetch } from "../../artifact.ts";

/** How much of a host's quota is left, as it said itself. */
export interface RateLimit {
  readonly host: string;
  /** Null where the host does not say. */
  readonly limit: number | null;
  readonly remaining: number;
  /** Null where the host does not say. */
  readonly windowSeconds: number | null;
}

/**
 * Tells `observed` of every answer with a `ratelimit-remaining` (as Docker Hub's `76;w=21600`). What is not understood
 * is passed over; the answer itself is untouched.
 */
export function withRateLimit(fetch: Fetch, { observed }: { observed(rateLimit: RateLimit): void }): Fetch {
  return async (request) => {
    const response = await fetch(request);
    const remaining = parseQuota(response.headers.get("ratelimit-remaining"));
    if (remaining !== null) {
      const limit = parseQuota(response.headers.get("ratelimit-limit"));
      observed({
        host: new URL(request.url).host,
        limit: limit?.count ?? null,
        remaining: remaining.count,
        windowSeconds: remaining.windowSeconds ?? limit?.windowSeconds ?? null,
      });
    }
    return response;
  };
}

function parseQuota(value: string | null): { count: number; windowSeconds: number | null } | null {
  const [, count, window] = /^\s*(\d{1,15})\s*(?:;\s*w=(\d{1,15})\s*)?(?:[;,]|$)/.exec(value ?? "") ?? [];
  return count === undefined
    ? null
    : { count: Number(count), windowSeconds: window === undefined ? null : Number(window) };
}
