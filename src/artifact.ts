import type { Digest } from "./digest.ts";
import type { DocumentUse } from "./document.ts";
import type { VaultError } from "./errors.ts";
import type { HeaderList } from "./http/headers.ts";
import type { Selecting } from "./http/selection.ts";

/** `fetch`, wrapped or not: what every upstream wrapper takes and gives. */
export type Fetch = (request: Request, options?: FetchOptions) => Promise<Response>;

export interface FetchOptions {
  /** False to send it once only: whoever asks has a copy and waits for no pauses. True when absent. */
  readonly retry?: boolean;
  /** Why a redirect to this URL must not be followed; null where it may be. Asked before the URL is. */
  readonly objection?: (target: URL) => VaultError | null;
  /**
   * Whether a redirect may lead from https to http though credentials protect what is fetched, without them. For bodies
   * whose digest is checked, where the operator does not mind who reads them on their way.
   */
  readonly allowsPlainHttp?: boolean;
}

/** One place an artifact can be had from. */
export interface Candidate {
  readonly url: string;
  /** Credentials, retries, redirects and the time-out for response headers are already wrapped in. */
  readonly fetch: Fetch;
  /** How long its body may send nothing before it counts as silent. */
  readonly idleTimeoutMs: number;
  /** Statuses by which it says that it has no such artifact, besides 404 and 410. */
  readonly absentStatuses?: readonly number[];
}

/** When a stored copy may be served without asking upstream (DESIGN: freshness). */
export type Freshness =
  /** Content-addressed or declared so: upstream is never asked again. */
  | { readonly kind: "immutable" }
  /**
   * Fresh for `ttlMs` after it was stored or last confirmed, then asked for conditionally; what was confirmed before
   * `since`, in ms since the epoch, is not fresh.
   */
  | { readonly kind: "ttl"; readonly ttlMs: number; readonly since?: number }
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

/** An artifact: what the vault needs to know of some bytes to fetch, check, keep and find them. */
export interface Artifact extends Selecting {
  readonly backend: string;
  /** Unique within the backend: the upstream path with its query, percent-decoding left as it is. */
  readonly key: string;
  /** The upstreams that may have it, in the order they are tried; never empty. */
  readonly candidates: readonly Candidate[];
  /**
   * Which failures of a candidate make the vault try the next one: any of them, only a 404, 401 and their like, or only
   * a 404.
   */
  readonly failover: "any_failure" | "refusal" | "absence";
  readonly freshness: Freshness;
  readonly policy: CachingPolicy;
  readonly identity: Identity;
  /** What is made of it; absent for files, whose content the vault does not look at. */
  readonly document?: DocumentUse;
  /**
   * Whether upstream's answer may be a web page. Absent: not where the stored copy, the key's ending or the request's
   * `Accept` show that it is none, unless its bytes are checked. A page that may not be is an outage.
   */
  readonly webPages?: "allowed" | "refused";
  /** Whether clients get an error of upstream's unchanged, and not an explanation of it. */
  readonly passesOnErrors?: boolean;
}

/** How the vault knows which bytes are the right ones. */
export type Identity =
  /** Nothing tells. */
  | { readonly kind: "unknown" }
  /** The name tells, as in `sha256:…` of an image or a path below `by-hash`. */
  | { readonly kind: "digest"; readonly digest: Digest; readonly reuse: Reuse }
  /**
   * Upstream's headers tell, as for the tag of an image. A stored copy is then revalidated with HEAD, a body is checked
   * against that digest, and a HEAD on a miss keeps what it has learned.
   */
  | {
    readonly kind: "announced";
    /** Null where these headers tell none. */
    digestIn(headers: HeaderList): Digest | null;
    readonly reuse: Reuse;
  }
  /** Another document tells, as a page of an index does of its files. */
  | { readonly kind: "listed"; readonly listing: Listing };

/**
 * Whether bytes of the same digest that are stored under another key may serve this one: never, or once upstream has
 * confirmed with HEAD that it has them here as well.
 */
export type Reuse = "never" | "once_confirmed";

/** One artifact's place in a listing: a document that says which files there are, where, and with which digests. */
export interface Listing {
  /**
   * The digest that stored documents tell, without a request upstream; null where they tell none. A stored copy with
   * another SHA-256 counts as a miss.
   */
  cachedDigest(): Promise<Digest | null>;
  /** Asked on a miss only. Throws `not_found` for what no document lists. */
  find(): Promise<ListedFile>;
}

/** What a listing says of one artifact. */
export interface ListedFile {
  /** Null where the listing names none. */
  readonly digest: Digest | null;
  /** Instead of the artifact's own. */
  readonly candidates?: readonly Candidate[];
  /** Instead of the artifact's own. */
  readonly freshness?: Freshness;
}

/** An artifact whose listing has been asked, or that has none: the transfer engine sees no other. */
export type Fetchable = Omit<Artifact, "identity"> & { readonly identity: Exclude<Identity, { kind: "listed" }> };
