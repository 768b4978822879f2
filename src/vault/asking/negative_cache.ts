import { LRUCache } from "lru-cache";
import { type ErrorCode, VaultError, type VaultErrorOptions } from "../../errors.ts";

const remembered = 20_000;
/** After upstream failed to confirm a stale copy, it is not asked about this copy for so long … */
const restAfterFailureMs = 10_000;
/** … or for as long as the `Retry-After` of a 429 says, up to this. */
const longestRestMs = 3_600_000;

interface Refusal {
  /** As `performance.now()`, which no change of the system's clock moves. */
  readonly until: number;
  readonly code: ErrorCode;
  readonly message: string;
  readonly options: Omit<VaultErrorOptions, "cause">;
}

/**
 * What upstream refused lately, in bounded memory, so that it is not asked again at once. The errors themselves are not
 * kept: the stack of each holds on to everything that took part in the request, some kilobytes.
 */
export class RecentRefusals {
  readonly #refusals = new LRUCache<string, Refusal>({ max: remembered });

  /** The error of a refusal that is still remembered. */
  get(key: string): VaultError | null {
    const refusal = this.#refusals.get(key);
    if (!refusal) return null;
    if (performance.now() < refusal.until) return new VaultError(refusal.code, refusal.message, refusal.options);
    this.#refusals.delete(key);
    return null;
  }

  remember(key: string, error: VaultError, forMs: number): void {
    const { code, message, upstreamStatus, retryAfterSeconds } = error;
    const options = {
      ...(upstreamStatus !== undefined && { upstreamStatus }),
      ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    };
    this.#refusals.set(key, { code, message, options, until: performance.now() + forMs });
  }

  forget(key: string): void {
    this.#refusals.delete(key);
  }
}

export function isMissing(error: VaultError): boolean {
  return error.code === "not_found" || error.code === "gone";
}

/** For how long upstream is not asked again about a copy it failed to confirm; 0 where the failure was not its own. */
export function restAfter({ code, retryAfterSeconds = 0 }: VaultError): number {
  if (code === "rate_limited") return Math.min(longestRestMs, Math.max(restAfterFailureMs, retryAfterSeconds * 1000));
  return ["upstream_failed", "upstream_silent", "denied", "refused"].includes(code) ? restAfterFailureMs : 0;
}
