import { LRUCache } from "lru-cache";
import { atMost } from "../../lru_limit.ts";
import { type ErrorCode, VaultError, type VaultErrorOptions } from "../../errors.ts";

const mostFailures = 20_000;
/** The pause after upstream failed to revalidate a stale copy, in which it is not asked about this copy … */
const restAfterFailureMs = 10_000;
/** … or for as long as the `Retry-After` of a 429 says, up to this. */
const longestRestMs = 3_600_000;

interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly options: Omit<VaultErrorOptions, "cause">;
}

/**
 * Remembers failures of upstreams for a while, in bounded memory, so that they are not asked again at once. The errors
 * themselves are not kept: the stack of each holds on to everything that took part in the request, some kilobytes.
 */
export class NegativeCache {
  // With a resolution, the cache would start a timer when it is looked into.
  readonly #failures = new LRUCache<string, Failure>({ ...atMost(mostFailures), ttlResolution: 0 });

  /** The failure that is still remembered, as an error; null where there is none. */
  get(key: string): VaultError | null {
    const failure = this.#failures.get(key);
    return failure ? new VaultError(failure.code, failure.message, failure.options) : null;
  }

  /** Remembers a failure for so long; 0 ms is not at all. */
  remember(key: string, error: VaultError, forMs: number): void {
    // To the cache, 0 would mean for ever.
    if (forMs === 0) return;
    const { code, message, upstreamStatus, retryAfterSeconds, protocolCode } = error;
    const options = {
      ...(upstreamStatus !== undefined && { upstreamStatus }),
      ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
      ...(protocolCode !== undefined && { protocolCode }),
    };
    this.#failures.set(key, { code, message, options }, { ttl: forMs });
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }
}

/**
 * Returns the pause in which upstream is not asked again about a copy that it failed to revalidate; 0 where the failure
 * was not its own.
 */
export function restAfter({ code, retryAfterSeconds = 0 }: VaultError): number {
  if (code === "rate_limited") return Math.min(longestRestMs, Math.max(restAfterFailureMs, retryAfterSeconds * 1000));
  return ["upstream_failed", "upstream_silent", "denied", "refused"].includes(code) ? restAfterFailureMs : 0;
}
