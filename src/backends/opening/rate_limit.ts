import type { Fetch } from "../../artifact.ts";
import { parseRateLimit, type RateLimit } from "../../http/rate_limit.ts";

/** The rate limit of a host, as its response says. */
export interface HostRateLimit extends RateLimit {
  readonly host: string;
}

/** Calls `observed` for every response that says how many requests are left. The response stays as it is. */
export function withRateLimit(fetch: Fetch, { observed }: { observed(rateLimit: HostRateLimit): void }): Fetch {
  return async (request, asked) => {
    const response = await fetch(request, asked);
    const rateLimit = parseRateLimit(response.headers);
    if (rateLimit !== null) observed({ host: new URL(request.url).host, ...rateLimit });
    return response;
  };
}
