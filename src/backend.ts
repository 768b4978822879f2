import type { Artifact, ForwardedRequest } from "./artifact.ts";
import type { Provenance } from "./document.ts";
import type { VaultError } from "./errors.ts";
import type { HeaderList } from "./http/headers.ts";
import type { ByteRange } from "./http/range.ts";
import type { VaultReader } from "./reader.ts";

/** The client that sent a request. */
export interface Client {
  /** Its address. */
  readonly host: string;
  /** The port of its connection, by which its connections can be told apart. */
  readonly port: number;
}

/** A request below a backend's prefix. */
export interface BackendRequest {
  /** GET or HEAD, or one of the backend's own `methods`. GET when absent. */
  readonly method?: string;
  readonly client: Client;
  /** The part of the URL before `path`: the prefix, or empty where that is the root. */
  readonly base: string;
  /** Scheme and host of the URL as the client wrote them; when absent, links can only be relative. */
  readonly origin?: string;
  /** Begins with a slash; still percent-encoded, free of dot segments. */
  readonly path: string;
  /**
   * True if the client asked for the prefix without a slash behind it, which `path` does not tell. False when absent.
   */
  readonly isBarePrefix?: boolean;
  /** Begins with `?`, or is empty. */
  readonly query: string;
  readonly headers: Headers;
  /**
   * Reads the body of a request that is answered here, and not forwarded; null where it has none. Throws `too_large`
   * for one of more than `maxBytes`. Absent for GET and HEAD.
   */
  readBody?(maxBytes: number): Promise<Uint8Array<ArrayBuffer> | null>;
}

/** A request below a backend's prefix that may lead to an artifact. */
export interface KeyRequest {
  /** The path and the query, as in `BackendRequest`. */
  readonly target: string;
  /** The headers that choose a representation; none when absent. */
  readonly headers?: HeaderList;
}

/** The meaning of a request, as a backend resolves it. */
export type Resolved =
  | ResolvedArtifact
  | { readonly kind: "document"; readonly document: GeneratedDocument }
  | { readonly kind: "answer"; readonly answer: DirectAnswer }
  | { readonly kind: "forward"; readonly forwarded: ForwardedRequest };

/** An artifact, and what the client that asked for it is sent. */
export interface ResolvedArtifact {
  readonly kind: "artifact";
  readonly artifact: Artifact;
  /**
   * The origin and age of the document that it was generated from, which clients and the log are told; those of the
   * artifact itself when absent.
   */
  readonly source?: Provenance;
  /** True redirects a folder without a slash at its end to the URL with it, so that the page's relative links work. */
  readonly hasRelativeLinks?: boolean;
  /** The answer to send instead of an error where no upstream has the artifact. */
  readonly ifMissing?: DirectAnswer;
  /**
   * What is known of upstream's answer before there is one: where that takes long, clients get it as the head of theirs,
   * and do not time out. Nothing is known when absent.
   */
  readonly foretold?: Foretold;
  /** The body that clients get instead of the artifact's own; that one when absent. */
  readonly view?: BodyView;
  /**
   * Returns the headers to send in place of the stored ones. The SHA-256 of the body, in hex, is given where it is
   * known.
   */
  headers?(stored: HeaderList, sha256?: string): HeaderList;
  /**
   * Called for each answer to a GET once it can be sent, with the stored headers and the SHA-256 of the body, in hex,
   * where it is known. Must not throw.
   */
  onServed?(stored: HeaderList, sha256?: string): void;
}

/** What upstream has said of a body, in answer to another request. */
export interface Foretold {
  /** As upstream sends them: what `headers` makes of them is sent. */
  readonly headers: HeaderList;
  readonly sizeBytes: number;
}

/**
 * A body of known size that is made of the bytes of another one, in their order. Any range of it can be had while that
 * one arrives; its last bytes only once that one has been checked.
 */
export interface BodyView {
  /** The size of the body that it is made of; one of another size is not the right one. */
  readonly bodyBytes: number;
  readonly sizeBytes: number;
  /** Returns the parts of a range of the view. */
  over(range: ByteRange): ViewedRange;
}

/** A range of a view. */
export interface ViewedRange {
  /** The bytes of the body that it has, without a gap; `start` is `end` where it has none. */
  readonly body: ByteRange;
  /** Its parts in order: bytes of the view's own, or how many bytes of the body come next. */
  readonly parts: Iterable<Uint8Array<ArrayBuffer> | number>;
}

/** An answer that needs no upstream and is not stored. */
export interface DirectAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly headers: HeaderList;
  readonly body: string;
}

/** A document of the vault's own, generated from what upstreams say. */
export interface GeneratedDocument {
  /** Its `Content-Type`, and `ETag`, `Last-Modified` and `Vary` where it has them. */
  readonly headers: HeaderList;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /**
   * The size of the body that a GET gets, where this answers a HEAD and has only the headers; that of `bytes` when
   * absent.
   */
  readonly sizeBytes?: number;
  /** The origin and age of the document that it was generated from. */
  readonly source: Provenance;
}

/** Upstreams that a backend serves to clients that use the vault as their proxy (RFC 9112 §3.2.2). */
export interface Proxied {
  /** The URLs below which it serves everything. */
  readonly urls: readonly string[];
  readonly advice: ProxyAdvice;
}

/** What clients of a protocol are told where the vault as their proxy refuses a request. */
export interface ProxyAdvice {
  /** The beginning of the clients' `User-Agent`. */
  readonly userAgent: string;
  /** The end of a sentence: "For another URL, the configuration needs …". */
  readonly forAnotherUrl: string;
  /** A sentence: what to do instead of a tunnel through CONNECT, which would take the bytes past the cache. */
  readonly insteadOfTunnel: string;
}

/** Something that a client asks for and the cache does not have, where the vault is offline. */
export interface OfflineMiss {
  /** The status at which the protocol's clients stop at once, with a clear message. */
  readonly status: number;
  /**
   * The line of a list for `warm` that fetches it, such as `docker:alpine:3.20`; null where its path is as good as
   * any.
   */
  readonly line: string | null;
}

/**
 * One configured backend: it resolves requests to artifacts, documents and answers. It reads documents through the
 * vault only.
 */
export interface Backend {
  readonly name: string;
  /** The type as in the configuration: `http`, `pypi`, … */
  readonly type: string;
  /** Begins with a slash and does not end with one, unless it is the root `/`. */
  readonly prefix: string;
  /**
   * Says whether a path below the prefix is one that it serves, where others may have it; all are when absent. It is
   * for backends at the root that have a few paths there.
   */
  serves?(path: string): boolean;
  /** At most this many large bodies from one upstream host at once. */
  readonly maxTransfers: number;
  /** Upstreams that clients reach through the vault as their proxy; none when absent. */
  readonly proxied?: Proxied;
  /**
   * The methods besides GET and HEAD that `resolve` may be called for; it then returns a `forward` or an `answer`, or
   * throws `method_not_allowed`. None when absent.
   */
  readonly methods?: readonly string[];
  /**
   * Throws `unknown_route`, `bad_request` or `not_found` for a path that means nothing here, and as the vault's reader
   * does.
   */
  resolve(request: BackendRequest, vault: VaultReader): Resolved | Promise<Resolved>;
  /**
   * Returns the requests that may lead to the artifact of a key, the likelier ones first; when absent, the key is the
   * path and the query.
   */
  requestsOf?(key: string): readonly KeyRequest[];
  /**
   * Says what a GET or HEAD misses where the vault is offline, and must not throw; when absent, that is its path, and
   * clients get 404.
   */
  offlineMiss?(request: BackendRequest): OfflineMiss;
  /** Returns an error in the form of the protocol; when absent, errors are plain text. */
  formatError?(error: VaultError, request: BackendRequest): Omit<DirectAnswer, "status">;
}
