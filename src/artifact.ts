import type { Digest } from "./digest.ts";
import type { DocumentUse } from "./document.ts";
import type { VaultError } from "./errors.ts";
import type { HeaderList } from "./http/headers.ts";
import type { Selecting } from "./http/selection.ts";

/** The shape of `fetch` here: each wrapper around upstream requests takes one and returns one. */
export type Fetch = (request: Request, options?: FetchOptions) => Promise<Response>;

export interface FetchOptions {
  /** False sends the request once only, for a caller that has a copy and waits for no pauses. True when absent. */
  readonly retry?: boolean;
  /** Returns why a redirect to this URL must not be followed, or null. Called before the URL is requested. */
  readonly objection?: (target: URL) => VaultError | null;
  /**
   * Says whether a redirect to this URL is itself the answer: it is then returned and not followed. Called before
   * `objection`. All are followed when absent.
   */
  readonly isAnswer?: (target: URL) => boolean;
  /**
   * True lets a redirect lead from https to http although credentials protect the body; they are not sent along. This
   * is for bodies whose digest is checked, where the operator does not mind who can read them on their way.
   */
  readonly allowsPlainHttp?: boolean;
  /** As `Candidate.redirectHeaders`. */
  readonly redirectHeaders?: readonly string[];
}

/** One upstream URL that an artifact may come from. */
export interface Candidate {
  readonly url: string;
  /** Sends the request with credentials, retries, redirects and a time-out for the response headers. */
  readonly fetch: Fetch;
  /** After so long without a byte the body counts as silent. */
  readonly idleTimeoutMs: number;
  /**
   * The most bytes of the body that it sends in one answer: a larger body is asked for in ranges, one after the other.
   * No bound when absent.
   */
  readonly mostBytes?: number;
  /** Statuses that mean "no such artifact" here, besides 404 and 410. */
  readonly absentStatuses?: readonly number[];
  /**
   * Names, in lower case, of headers that count as the artifact's own where a redirect on the way has them: the Hugging
   * Face Hub describes a file in its redirect to a server that knows nothing of it. Of several redirects the first that
   * has a header counts. `ETag` and `Last-Modified` must not be among them: parts of the body are asked for with the
   * validators of the server that sends it. None when absent.
   */
  readonly redirectHeaders?: readonly string[];
}

/**
 * A client's request that is passed on to upstream, body and all, and whose answer is passed back. Neither is stored.
 * For requests with a method other than GET that a protocol needs, such as the audit of npm.
 */
export interface ForwardedRequest {
  readonly backend: string;
  /** The upstreams, in the order they are tried: the next one where one does not answer or does not have the path. */
  readonly candidates: readonly [Candidate, ...Candidate[]];
  /** The headers to send, chosen by the backend. Credentials and headers of the connection are left out even so. */
  readonly requestHeaders: HeaderList;
  /** A larger body is refused with 413. The body is read into memory before it is sent. */
  readonly maxBodyBytes: number;
  /**
   * Returns the body to send in place of the client's, of the same type and coding; the client's own is sent when
   * absent. Throws `bad_request`, or `too_large`, for a body that it cannot read.
   */
  rewriteBody?(body: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>>;
  /** True where no upstream is ever asked. */
  readonly offline: boolean;
}

/** The rule by which a stored copy counts as fresh, and may be served without asking upstream. */
export type Freshness =
  /** Content-addressed or declared so: upstream is never asked again. */
  | { readonly kind: "immutable" }
  /**
   * Fresh for `ttlMs` after it was stored or last revalidated. A copy that was revalidated before `since`, in ms since
   * the epoch, is stale.
   */
  | { readonly kind: "ttl"; readonly ttlMs: number; readonly since?: number }
  /** Fresh for as long as the upstream's own headers say (RFC 9111). */
  | { readonly kind: "http" };

/** The rules for when upstream and the stored copy disagree, or upstream does not answer. */
export interface CachingPolicy {
  /** A copy that is stale for less than this may be served when upstream fails; `Infinity` for ever. */
  readonly staleIfErrorMs: number;
  /** A 404 or 410 is remembered for this long. */
  readonly negativeTtlMs: number;
  /** True serves a copy also after upstream answered 404 or 410 for it. */
  readonly serveDeleted: boolean;
  /** True lets a client's `Cache-Control: no-cache` make the vault ask upstream. */
  readonly honorClientNoCache: boolean;
  /** Decides what becomes of a transfer without followers. */
  readonly abandonedTransfer: "finish" | "stop";
  /** True forbids every request upstream. */
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
   * The failures of a candidate after which the next one is tried: any, or a refusal such as 401 or 404, or an absence
   * such as 404.
   */
  readonly failover: "any_failure" | "refusal" | "absence";
  readonly freshness: Freshness;
  readonly policy: CachingPolicy;
  readonly identity: Identity;
  /** How its body is parsed; absent for files, whose content the vault does not look at. */
  readonly document?: DocumentUse;
  /**
   * Says whether a web page in place of the artifact is believed; one that is not counts as an outage. When absent, a
   * page is not believed where the stored copy, the key's ending or the request's `Accept` show that it is none, unless
   * the bytes are checked.
   */
  readonly webPages?: "allowed" | "refused";
  /** True sends clients an error of upstream's unchanged instead of an explanation of it. */
  readonly passesOnErrors?: boolean;
  /**
   * Codes (`VaultError.protocolCode`) of absences that stay fresh for as long as a copy of the artifact would, in place
   * of the policy's `negativeTtlMs`. None when absent.
   */
  readonly lastingAbsences?: readonly string[];
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
 * Bytes of the same digest that are stored under another key may serve this one: never, or once upstream has confirmed
 * with HEAD that it has them here as well.
 */
export type Reuse = "never" | "once_confirmed";

/** One artifact's place in a listing: a document that says which files there are, where, and with which digests. */
export interface Listing {
  /**
   * The digest that stored documents tell, without a request upstream; null where they tell none. A stored copy with
   * another one counts as a miss: another SHA-256, or another than it was checked against when it came.
   */
  cachedDigest(): Promise<Digest | null>;
  /** Asked on a miss only. Throws `not_found` for what no document lists. */
  find(): Promise<ListedFile>;
}

/** The entry of a listing about one artifact. */
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
