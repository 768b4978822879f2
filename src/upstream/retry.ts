import type { Fetch } from "../artifact.ts";
import { VaultError } from "../errors.ts";
import { type Log, noLog } from "../observe/log.ts";
import { discardBody } from "./byte_source.ts";
import { type Clock, delay, systemClock } from "./clock.ts";
import type { UpstreamHealth } from "./health.ts";
import { type FailureKind, networkFailure, permissionError } from "./network_error.ts";
import { addNotes } from "./response_notes.ts";
import { parseRetryAfter } from "../http/retry_after.ts";
import { shownUrl } from "./shown_url.ts";

export interface RetryOptions {
  /** The most repetitions of a request; 0 for none. */
  readonly retries: number;
  /** False where 429 is not repeated, since a quota for hours does not recover in seconds; true when absent. */
  readonly retryRateLimited?: boolean;
  /** The state of hosts: nothing is repeated after a failure of a host that gives nothing else. */
  readonly health?: Pick<UpstreamHealth, "isFailing"> & Partial<Pick<UpstreamHealth, "retried">>;
  readonly clock?: Clock;
  /** Returns a number from 0 to 1, as `Math.random`. */
  readonly random?: () => number;
  readonly log?: Log;
}

const retriedStatuses: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);
const firstBackoffMs = 250;
const longestBackoffMs = 10_000;
const longestRetryAfterMs = 30_000;

/**
 * The most repetitions by kind of failure: repeating does not help against these, or only against a short failure of
 * the resolver.
 */
const mostRetries: Partial<Record<FailureKind, number>> = { dns: 1, tls: 0, port: 0, malformed: 0 };

/**
 * Repeats GET and HEAD while there is no answer, or one with an error that may pass (429, 5xx), with exponential
 * backoff and full jitter, or as `Retry-After` says. Throws `upstream_failed` where there is no answer in the end;
 * returns the last error answer, and one whose `Retry-After` is longer than 30 s. Silence is not repeated: it has cost
 * a whole time-out already. An interrupted body is not repeated either: its reader resumes it.
 */
export function withRetry(fetch: Fetch, options: RetryOptions): Fetch {
  return (request, asked) =>
    new Attempts(
      (request) => fetch(request, asked),
      request,
      asked?.retry === false ? { ...options, retries: 0 } : options,
    ).run();
}

type Outcome =
  | { readonly kind: "answered"; readonly response: Response }
  | { readonly kind: "unanswered"; readonly failure: ReturnType<typeof networkFailure>; readonly error: unknown };

class Attempts {
  readonly #fetch: (request: Request) => Promise<Response>;
  readonly #request: Request;
  readonly #retries: number;
  readonly #retryRateLimited: boolean;
  readonly #health: RetryOptions["health"];
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #log: Log;
  /** The reason why the last attempt did not count. */
  #why = "";

  constructor(fetch: (request: Request) => Promise<Response>, request: Request, options: RetryOptions) {
    const { retries, retryRateLimited = true, clock = systemClock, random = Math.random, log = noLog } = options;
    this.#fetch = fetch;
    this.#request = request;
    this.#retries = request.method === "GET" || request.method === "HEAD" ? retries : 0;
    this.#retryRateLimited = retryRateLimited;
    this.#health = options.health;
    this.#clock = clock;
    this.#random = random;
    this.#log = log;
  }

  async run(): Promise<Response> {
    for (let attempts = 1;; attempts++) {
      const outcome = await this.#try(attempts);
      const waitMs = this.#waitMs(outcome, attempts);
      if (waitMs === null) return this.#finish(outcome, attempts);
      this.#why = outcome.kind === "answered" ? `upstream answered ${outcome.response.status}` : outcome.failure.reason;
      this.#log.debug(`Fetching "${shownUrl(this.#request.url)}" again in ${Math.round(waitMs)} ms: ${this.#why}`);
      if (outcome.kind === "answered") discardBody(outcome.response);
      await delay(this.#clock, waitMs, this.#request.signal);
      this.#health?.retried?.(this.#request.url);
    }
  }

  async #try(attempts: number): Promise<Outcome> {
    try {
      return { kind: "answered", response: await this.#fetch(this.#request) };
    } catch (error) {
      if (this.#request.signal.aborted) throw error;
      if (attempts > 1 && error instanceof VaultError && error.code === "upstream_down") {
        return { kind: "unanswered", failure: { kind: "other", reason: this.#why }, error };
      }
      if (error instanceof VaultError) throw error;
      const denied = permissionError(error, this.#request.url);
      if (denied !== null) throw denied;
      return { kind: "unanswered", failure: networkFailure(error), error };
    }
  }

  /** Returns the pause before the next attempt; null where there is none. */
  #waitMs(outcome: Outcome, attempts: number): number | null {
    const backoffMs = this.#random() * Math.min(longestBackoffMs, firstBackoffMs * 2 ** (attempts - 1));
    if (this.#isHopeless(outcome)) return null;
    if (outcome.kind === "unanswered") {
      return attempts <= Math.min(this.#retries, mostRetries[outcome.failure.kind] ?? Infinity) ? backoffMs : null;
    }
    const { status, headers } = outcome.response;
    if (!retriedStatuses.has(status) || attempts > this.#retries) return null;
    if (status === 429 && !this.#retryRateLimited) return null;
    const askedMs = parseRetryAfter(headers.get("retry-after"), this.#clock.date());
    if (askedMs === null) return backoffMs;
    return askedMs <= longestRetryAfterMs ? askedMs : null;
  }

  /**
   * Says whether the host gives nothing but 5xx and broken connections. A host that refuses connections may be just
   * starting.
   */
  #isHopeless(outcome: Outcome): boolean {
    const mayBeOfHost = outcome.kind === "answered"
      ? outcome.response.status >= 500
      : outcome.failure.kind === "closed" && !(outcome.error instanceof VaultError);
    return mayBeOfHost && (this.#health?.isFailing(this.#request.url) ?? false);
  }

  #finish(outcome: Outcome, attempts: number): Response {
    if (outcome.kind === "answered") {
      addNotes(outcome.response, { attempts });
      return outcome.response;
    }
    const tried = attempts === 1 ? "" : ` after ${attempts} attempts`;
    const message = `Cannot fetch "${shownUrl(this.#request.url)}": ${outcome.failure.reason}${tried}`;
    throw new VaultError("upstream_failed", message, { cause: outcome.error });
  }
}
