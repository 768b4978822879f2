import type { Fetch } from "../../artifact.ts";

/** The rate limit of a host, as its response says. */
export interface RateLimit {
  readonly host: string;
  /** Null where the host does not say. */
  readonly limit: number | null;
  readonly remaining: number;
  /** Null where the host does not say. */
  readonly windowSeconds: number | null;
}

/**
 * Calls `observed` for every response with a `ratelimit-remaining` (as Docker Hub's `76;w=21600`) that can be parsed.
 * The response stays as it is.
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
