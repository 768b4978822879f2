import type { Fetch } from "../artifact.ts";
import type { HeaderList } from "../http/headers.ts";
import { type Log, noLog } from "../observe/log.ts";
import { type Clock, systemClock } from "./clock.ts";
import { type Credentials, withCredentials } from "./credentials.ts";
import { type Egress, type EgressOptions, openEgress } from "./egress.ts";
import { withExchangeLog } from "./exchange_log.ts";
import { type UpstreamHealth, withHealth } from "./health.ts";
import { withLoginState } from "./login_state.ts";
import { withLoopDetection } from "./loops.ts";
import { isAtOneOf } from "./own_host.ts";
import { withCheckedAddresses } from "./pinned.ts";
import { type Lookup, lookupNothing } from "./private_network.ts";
import { withRedirects } from "./redirect.ts";
import { type RenewableCredentials, withRenewal } from "./renewal.ts";
import { withRetry } from "./retry.ts";
import { lookupWithSystem } from "./system_lookup.ts";
import { withTimeout } from "./timeout.ts";

export interface UpstreamOptions extends EgressOptions {
  /** Longest wait for the first or the next byte; never a limit of the whole. */
  readonly timeoutMs: number;
  /** The most repetitions of a request. */
  readonly retries: number;
  /** False where a 429 is not repeated; true when absent. */
  readonly retryRateLimited?: boolean;
  readonly userAgent: string;
  /** The name of this vault in `Via`; without it none is sent. */
  readonly viaName?: string;
  readonly credentials: Credentials | RenewableCredentials;
  /** Extra headers, as private as the credentials. */
  readonly headers: HeaderList;
  /** URLs of the upstream; only their origins get the credentials and the extra headers. */
  readonly origins: readonly string[];
  /** URLs that may lead to any address, since the operator has chosen them; `origins` when absent. */
  readonly trusted?: readonly string[];
  readonly allowPrivateRedirects: boolean;
  /** Wraps what sends single requests, before redirects are followed and failures retried: to watch the responses. */
  readonly wrap?: (fetch: Fetch) => Fetch;
  readonly log?: Log;
  /** The state of hosts, shared by all clients. Absent: nothing is remembered. */
  readonly health?: UpstreamHealth;
  /** Connections that others may share, closed by whoever opened them; `close` then does nothing. Absent: its own. */
  readonly egress?: Egress;
  /**
   * The connections to the upstream's own origins and its token servers, where those are shown a client certificate.
   */
  readonly ownEgress?: Egress;
  /** For tests, as are the next two. */
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly lookup?: Lookup;
}

/** One upstream as the vault sees it. */
export interface UpstreamClient {
  /**
   * Resolves with a response of any status; its body is for a `BodyReader`. Throws VaultError only: `upstream_failed`
   * without a response, `upstream_silent` where it did not come in time, `upstream_down` while its host is not asked,
   * `permission_missing`, and what the credentials' `authenticate` throws; or the reason of the request's own signal.
   */
  readonly fetch: Fetch;
  /** Closes idle connections; whatever is under way breaks. */
  close(): void;
}

/** Opens a client of an upstream with idle time-outs, retries, careful redirects and credentials. */
export function createUpstreamClient(options: UpstreamOptions): UpstreamClient {
  const { timeoutMs, clock = systemClock, allowPrivateRedirects, wrap, health, log = noLog } = options;
  const egress = options.egress ?? openEgress(options);
  const lookup = options.lookup ?? (options.proxy === undefined ? lookupWithSystem : lookupNothing);
  const timed = withTimeout(checkedFetch(withOwnEgress(egress, options), lookup, options), { timeoutMs, clock });
  const watched = health === undefined ? timed : withHealth(timed, health);
  const exchanges: Exchanges = (purpose) => withExchangeLog(watched, { log, purpose, proxyOf: egress.proxyOf, clock });
  let fetch = withAnyCredentials(
    options.credentials,
    (credentials) => authenticated(exchanges, { ...options, credentials, lookup, clock }),
  );
  if (health !== undefined) {
    fetch = withLoginState(fetch, { ...options, credentials: knownOf(options.credentials), health });
  }
  if (wrap !== undefined) fetch = wrap(fetch);
  fetch = withRedirects(fetch, { allowPrivateRedirects, confidential: isConfidential(options), lookup });
  fetch = withRetry(fetch, options);
  return { fetch, close: () => options.egress === undefined && egress.close() };
}

function withAnyCredentials(
  credentials: Credentials | RenewableCredentials,
  create: (credentials: Credentials) => Fetch,
): Fetch {
  return "kind" in credentials ? create(credentials) : withRenewal(credentials, create);
}

/** All but the secret stays the same when credentials are renewed. */
function knownOf(credentials: Credentials | RenewableCredentials): Credentials {
  return "kind" in credentials ? credentials : credentials.current();
}

interface Authenticated extends UpstreamOptions {
  readonly credentials: Credentials;
  readonly lookup: Lookup;
  readonly clock: Clock;
}

/** Sends requests, and says in the log what they are for. */
type Exchanges = (purpose: "" | "a token") => Fetch;

function authenticated(exchanges: Exchanges, options: Authenticated): Fetch {
  const { credentials, origins, allowPrivateRedirects, lookup, clock } = options;
  const sending: Exchanges = (purpose) => withLoopDetection(withCredentials(exchanges(purpose), options));
  const sent = sending("");
  if (credentials.kind !== "protocol") return sent;
  // With retries of its own, so that a hundred waiting requests do not each repeat the one request for a token.
  const plainFetch = withRetry(sending("a token"), options);
  return credentials.authenticate(sent, { origins, plainFetch, allowPrivateRedirects, lookup, clock });
}

type WaysOut = Pick<Egress, "fetch" | "fetchAt">;

function withOwnEgress(egress: Egress, { ownEgress, origins, credentials }: UpstreamOptions): WaysOut {
  if (ownEgress === undefined) return egress;
  const own = [...origins, ...protocolUrlsOf(credentials)].map((url) => new URL(url));
  const fetch: Fetch = (request) => (isAtOneOf(own, new URL(request.url)) ? ownEgress : egress).fetch(request);
  return { fetch, fetchAt: egress.fetchAt };
}

function protocolUrlsOf(given: UpstreamOptions["credentials"]): readonly string[] {
  const credentials = knownOf(given);
  return credentials.kind === "protocol" ? credentials.urls : [];
}

function checkedFetch({ fetch, fetchAt }: WaysOut, lookup: Lookup, options: UpstreamOptions): Fetch {
  const { allowPrivateRedirects, origins, trusted = origins } = options;
  if (allowPrivateRedirects) return fetch;
  return withCheckedAddresses(fetch, {
    trusted: [...trusted, ...protocolUrlsOf(options.credentials)],
    lookup,
    fetchAt,
  });
}

/** True where what is fetched may not be for everyone. */
function isConfidential({ credentials: given, headers }: UpstreamOptions): boolean {
  if (headers.length > 0) return true;
  const credentials = knownOf(given);
  return credentials.kind === "protocol" ? credentials.isConfidential : credentials.kind !== "none";
}
