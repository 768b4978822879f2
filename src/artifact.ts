import type { Digest } from "./digest.ts";
import type { CacheStatus } from "./http/cache_status.ts";
import type { HeaderList } from "./http/headers.ts";
import type { Selecting } from "./http/selection.ts";
import type { VaultError } from "./errors.ts";

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

/** What a request path means: everything the vault needs to get the bytes and keep them. */
export interface Artifact extends Selecting {
  readonly backend: string;
  /** Unique within the backend: the upstream path with its query, percent-decoding left as it is. */
  readonly key: string;
  /** In the order they are to be tried; never empty. */
  readonly candidates: readonly Candidate[];
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
  /**
   * What has to make something of a whole body: one that it throws at is no answer of upstream's, reaches nobody and
   * does not take the place of a held copy. What it makes is kept, as if it had been read.
   */
  readonly checkedBy?: Reading<unknown>;
  /**
   * Whether upstream's answer may be a web page. Absent: not where the held copy, the key's ending or the request's
   * `Accept` show that it is none, unless its bytes are checked. A page that may not be is an outage.
   */
  readonly webPages?: "allowed" | "refused";
  /** Whether clients get what upstream answered instead of the artifact unchanged, and not an explanation of it. */
  readonly passesOnErrors?: boolean;
  /** What will soon be made of it: it is made as soon as the body has come and is held. */
  readonly readAhead?: Reading<unknown>;
  /**
   * The key under which the same bytes are asked for by their digest, for documents that have one: what comes under a
   * name is then served under its digest as well.
   */
  keyByDigest?(sha256: string): string;
  /** The media type that a document says it has, which counts before that of an answer to HEAD; null where it has none. */
  mediaTypeOf?(bytes: Uint8Array): string | null;
  /** Told of what a miss has to know and a hit does not, such as the digest: a copy that is held needs none of it. */
  complete?(): Promise<Artifact>;
  /**
   * What the bytes should be by what is held, for names whose bytes are not to change and sometimes do; null where that
   * tells nothing. A held copy of another SHA-256 is none.
   */
  expected?(): Promise<Digest | null>;
  /**
   * Which failures of a candidate make the next one be asked: any, that it has no such artifact or does not give it to
   * us, or only that it has no such artifact.
   */
  readonly movesOnAfter: "any_failure" | "refusal" | "absence";
  /** Whether its relative links count from the URL it was asked for by: then folders are redirected to their slash. */
  readonly hasRelativeLinks?: boolean;
  /** What clients are told instead of the stored headers; with the SHA-256 of the body, in hex, where that is known. */
  present?(headers: HeaderList, sha256?: string): HeaderList;
  /**
   * Notified of each answer to a client's GET, once it can be sent, with the stored headers and the SHA-256 of the body,
   * in hex, where that is known. Throws nothing.
   */
  served?(headers: HeaderList, sha256?: string): void;
  /** Served where no upstream has it, instead of an error. */
  readonly whenMissing?: DirectAnswer;
}

/** An answer that needs no upstream and is not kept. */
export interface DirectAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly headers: HeaderList;
  readonly body: string;
}

/** A document of our own, made from what upstreams say. */
export interface Rendition {
  /** `ETag`, `Last-Modified` and `Vary` as far as it has them, and its `Content-Type`. */
  readonly headers: HeaderList;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What it was made from, and so how old it is. */
  readonly source: Source;
}

/** How the vault came by something. */
export interface Source {
  readonly cacheStatus: CacheStatus;
  /** Seconds since the upstream generated or confirmed it. */
  readonly ageSeconds: number;
  /** The URL it came from, without credentials. */
  readonly upstream: string;
  /** Where redirects led to from there, if there were any. */
  readonly location?: string | undefined;
}

/** A whole and checked body, read once: by `bytes` or by `stream`. */
export interface ReadableBody {
  readonly headers: HeaderList;
  readonly sizeBytes: number | undefined;
  /** The URL it came from, without credentials; one of the artifact's candidates. */
  readonly url: string;
  /** What its relative links count from: where redirects led to, or `url`. */
  readonly location: string;
  /** Aborted when nobody will need what is made of it: the vault is closing. */
  readonly signal?: AbortSignal;
  /** Throws `upstream_failed` above the reading's `maxBytes`. */
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
  /** Errors, and never ends early, where the bytes cannot be had or are not what they should be. */
  stream(): ReadableStream<Uint8Array<ArrayBuffer>>;
}

/** Keeps what else was made of the same body, as the result of another reading. */
export type KeepMade = <T>(reading: Reading<T>, value: T) => void;

/** How to make something of a body. What it makes is kept in bounded memory, by that body's digest and URL. */
export interface Reading<T> {
  /** Readings of one name make the same of the same body from the same URL. */
  readonly name: string;
  /** Larger bodies are refused. */
  readonly maxBytes: number;
  make(body: ReadableBody, keep: KeepMade): T | Promise<T>;
  /** About how many bytes of memory it takes. */
  weigh(value: T): number;
}

/** What a reading made, and of what. */
export interface Read<T> {
  readonly value: T;
  /** Of the body it was made of. */
  readonly sha256: string;
  readonly headers: HeaderList;
  readonly source: Source;
}

/** What backends may ask of the vault. What they read is itself cached, fetched once for many, and there offline. */
export interface VaultReader {
  /** Reads an artifact, from the store or from upstream as its freshness says. Throws as `Vault.open` and `make` do. */
  read<T>(artifact: Artifact, reading: Reading<T>): Promise<Read<T>>;
  /** What a client that asks with HEAD is told: of what is stored, or else of what upstream has. Throws as `Vault.open`. */
  head(artifact: Artifact): Promise<HeaderList>;
  /** Whether a body is held for it, however old. */
  holds(artifact: Artifact): boolean;
  /** Resolves once its body is held, whole and checked. Throws as `Vault.open`. */
  fetch(artifact: Artifact): Promise<void>;
  /** As `fetch`, for what nobody waits for yet: the downloads that clients wait for go first. */
  fetchAhead(artifact: Artifact): Promise<void>;
  /** From now on, in one step, the body and headers held for `from` are those of `to`. Throws `storage_failed`. */
  copy(from: Artifact, to: Artifact): Promise<void>;
  /**
   * The keys of a backend that begin with `prefix`, of what is held or was once; in no order. The prefix begins and ends
   * with a slash; very long keys are left out.
   */
  keysBelow(backend: string, prefix: string): AsyncIterable<string>;
}

/** Where a request came from. */
export interface Client {
  /** Its address. */
  readonly host: string;
  /** Tells its connections apart. */
  readonly port: number;
}

/** A request below a backend's prefix. */
export interface BackendRequest {
  readonly client: Client;
  /** What stands before `path` in the URL the client asked for: the prefix, or empty where that is the root. */
  readonly base: string;
  /** Scheme and host of the URL the client asked for, as it wrote them; without it, links can only be relative. */
  readonly origin?: string;
  /** Begins with a slash; still percent-encoded, free of dot segments. */
  readonly path: string;
  /** Whether the prefix was asked for without a slash behind it, which `path` does not tell. False when absent. */
  readonly isBarePrefix?: boolean;
  /** Begins with `?`, or is empty. */
  readonly query: string;
  readonly headers: Headers;
}

/** What a request means. */
export type Resolved = Artifact | Rendition | DirectAnswer;

/** Says what a request means. Does no I/O of its own. */
export interface Backend {
  readonly name: string;
  /** As in the configuration: `http`, `pypi`, … */
  readonly type: string;
  /** Begins with a slash and does not end with one, unless it is the root `/`. */
  readonly prefix: string;
  /** At most this many large bodies from one upstream host at once. */
  readonly maxTransfers: number;
  /** URLs of the upstreams it stands for, for clients that use the vault as their proxy. */
  readonly standsFor?: readonly string[];
  /** What a client writes to use it, for the vault's start page; `at` is the URL of its prefix, as the client sees it. */
  usage?(at: string): string;
  /** Throws `bad_request` or `not_found` for a path that means nothing here, and as the reader does. */
  resolve(request: BackendRequest, vault: VaultReader): Resolved | Promise<Resolved>;
  /** An error in the protocol spoken here; plain text where absent. */
  formatError?(error: VaultError, request: BackendRequest): Omit<DirectAnswer, "status">;
}
