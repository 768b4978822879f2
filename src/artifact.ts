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
  /**
   * For a name whose digest upstream tells in its headers (an OCI tag); null where they tell none. A held copy is then
   * confirmed with HEAD, a body is checked like one of a known digest, and HEAD on a miss keeps what it has learned.
   */
  announcedDigest?(headers: HeaderList): Digest | null;
  /**
   * Bytes of its digest that are held under another key serve this one too, once upstream has told of them with HEAD.
   */
  readonly adoptsHeld?: boolean;
  /** What a document of this kind, whole and checked, says about other artifacts of the same backend. */
  mentions?(document: HeldDocument): readonly Mention[];
  /**
   * Which failures of a candidate make the next one be asked: any, or only that it has no such artifact or does not
   * give it to us.
   */
  readonly movesOnAfter: "any_failure" | "absence";
  /** What clients are told instead of the stored headers. */
  present?(headers: HeaderList): HeaderList;
  /** Served where no upstream has it, instead of an error. */
  readonly whenMissing?: DirectAnswer;
}

/** A small body as it was kept. */
export interface HeldDocument {
  readonly bytes: Uint8Array;
  readonly sha256: string;
  readonly headers: HeaderList;
}

/** That upstream has a body of this digest under this key: where the bytes are held already, they need no fetching. */
export interface Mention {
  readonly key: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  /** To be sent with it. */
  readonly headers: HeaderList;
}

/** An answer that needs no upstream and is not kept. */
export interface DirectAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly headers: HeaderList;
  readonly body: string;
}

/** A request below a backend's prefix. */
export interface BackendRequest {
  /** What stands before `path` in the URL the client asked for: the prefix, or empty where that is the root. */
  readonly base: string;
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
  resolve(request: BackendRequest): Artifact | DirectAnswer | Promise<Artifact | DirectAnswer>;
  /** An error in the protocol spoken here; plain text where absent. */
  formatError?(error: VaultError, request: BackendRequest): Omit<DirectAnswer, "status">;
}
