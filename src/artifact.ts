import type { Digest } from "./digest.ts";
import type { HeaderList } from "./http/headers.ts";
import type { VaultError } from "./errors.ts";

/** `fetch`, wrapped or not: what every upstream wrapper takes and gives. */
export type Fetch = (request: Request) => Promise<Response>;

/** One place an artifact can be had from. */
export interface Candidate {
  readonly url: string;
  /** Credentials, retries, redirects and the time-out for response headers are already wrapped in. */
  readonly fetch: Fetch;
  /** How long its body may send nothing before it counts as silent. */
  readonly idleTimeoutMs: number;
}

/** When a stored copy may be served without asking upstream (DESIGN: freshness). */
export type Freshness =
  /** Content-addressed or declared so: upstream is never asked again. */
  | { readonly kind: "immutable" }
  /** Fresh for `ttlMs` after it was stored or last confirmed, then asked for conditionally. */
  | { readonly kind: "ttl"; readonly ttlMs: number }
  /** As the upstream's own headers say (RFC 9111). */
  | { readonly kind: "http" };

/** What a backend lets the vault do when upstream and the stored copy disagree or upstream does not answer. */
export interface CachingPolicy {
  /** How long past its freshness a copy may still be served when upstream fails; `Infinity` for ever. */
  readonly staleIfErrorMs: number;
  /** How long a 404 or 410 is remembered. */
  readonly negativeTtlMs: number;
  /** Whether a copy is still served after upstream answered 404 or 410 for it. */
  readonly serveDeleted: boolean;
  /** Whether a client's `Cache-Control: no-cache` makes the vault ask upstream. */
  readonly honorClientNoCache: boolean;
  /** What happens to a fetch that nobody follows any more. */
  readonly abandonedTransfer: "finish" | "stop";
  /** Never contact upstream. */
  readonly offline: boolean;
}

/** What a request path means: everything the vault needs to get the bytes and keep them. */
export interface Artifact {
  readonly backend: string;
  /** Unique within the backend: the upstream path with its query, percent-decoding left as it is. */
  readonly key: string;
  /** In the order they are to be tried; never empty. */
  readonly candidates: readonly Candidate[];
  /** Sent upstream with every request for this artifact; also what `Vary` selects on. */
  readonly requestHeaders: HeaderList;
  readonly freshness: Freshness;
  readonly policy: CachingPolicy;
  /** Checked before the last byte is released. */
  readonly digest?: Digest;
}

/** A request below a backend's prefix. */
export interface BackendRequest {
  /** Begins with a slash; still percent-encoded, free of dot segments. */
  readonly path: string;
  /** Begins with `?`, or is empty. */
  readonly query: string;
  readonly headers: Headers;
}

/** Says what a request means. Does no I/O of its own. */
export interface Backend {
  readonly name: string;
  /** As in the configuration: `http`, `pypi`, … */
  readonly type: string;
  /** Begins with a slash and does not end with one, unless it is the root `/`. */
  readonly prefix: string;
  /** At most this many upstream fetches at once. */
  readonly maxTransfers: number;
  /** Throws `bad_request` or `not_found` for a path that means nothing here. */
  resolve(request: BackendRequest): Artifact | Promise<Artifact>;
  /** The body of an error in the protocol spoken here; plain text where absent. */
  formatError?(error: VaultError): { readonly body: string; readonly contentType: string };
}
