import type { Fetch } from "../artifact.ts";
import type { HeaderList } from "../http/headers.ts";
import { type Log, noLog } from "../observe/log.ts";
import { type Clock, systemClock } from "./clock.ts";
import { type Credentials, withCredentials } from "./credentials.ts";
import { type EgressOptions, openEgress } from "./egress.ts";
import { type Lookup, lookupNothing, lookupWithDns } from "./private_network.ts";
import { withRedirects } from "./redirect.ts";
import { withRetry } from "./retry.ts";
import { withTimeout } from "./timeout.ts";

export interface UpstreamOptions extends EgressOptions {
  /** Longest wait for the first or the next byte; never a limit of the whole. */
  readonly timeoutMs: number;
  /** How often a request is repeated at most. */
  readonly retries: number;
  readonly userAgent: string;
  readonly credentials: Credentials;
  /** Extra headers, as private as the credentials. */
  readonly headers: HeaderList;
  /** URLs of the upstream; only their origins get the credentials and the extra headers. */
  readonly origins: readonly string[];
  readonly allowPrivateRedirects: boolean;
  readonly log?: Log;
  /** For tests: instead of the network. */
  readonly fetch?: Fetch;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly lookup?: Lookup;
}

/** One upstream as the vault sees it. */
export interface UpstreamClient {
  /**
   * Throws VaultError only: `upstream_failed` when there was no answer, `upstream_silent` when it did not come in time,
   * `permission_missing`; or the reason of the request's own signal. Any status is an answer. Bodies: `BodyReader`.
   */
  readonly fetch: Fetch;
  /** Closes idle connections; whatever is under way breaks. */
  close(): void;
}

/** Opens a client of an upstream with idle time-outs, retries, careful redirects and credentials. */
export function createUpstreamClient(options: UpstreamOptions): UpstreamClient {
  const { clock = systemClock, log = noLog, random = Math.random, credentials, headers } = options;
  const egress = options.fetch === undefined ? openEgress(options) : { fetch: options.fetch, close() {} };
  let fetch = withTimeout(egress.fetch, { timeoutMs: options.timeoutMs, clock });
  fetch = withCredentials(fetch, options);
  fetch = withRedirects(fetch, {
    allowPrivateRedirects: options.allowPrivateRedirects,
    confidential: credentials.kind !== "none" || headers.length > 0,
    lookup: options.lookup ?? (options.proxy === undefined ? lookupWithDns : lookupNothing),
  });
  fetch = withRetry(fetch, { retries: options.retries, clock, random, log });
  return { fetch, close: () => egress.close() };
}
