import type { CacheStatus } from "./http/cache_status.ts";
import type { HeaderList } from "./http/headers.ts";

/** The ways in which the body of a document is parsed, and the other names by which it is known. */
export interface DocumentUse {
  /**
   * Parses a body before its last bytes are sent. Where it throws, the body counts as no answer of upstream's: no
   * client gets it and it replaces no stored copy. Its result is kept like that of any other parser.
   */
  readonly check?: Parser<unknown>;
  /** A parser whose result will soon be asked for: it runs as soon as the body is stored. */
  readonly ahead?: Parser<unknown>;
  /**
   * Returns the key under which the same bytes are asked for by their digest: a body that was fetched by name is then
   * served by digest as well.
   */
  keyByDigest?(sha256: string): string;
  /**
   * Returns the media type that the document itself names, which counts before the `Content-Type` of a HEAD; or null.
   */
  mediaTypeOf?(bytes: Uint8Array): string | null;
}

/** A whole and checked body. It can be read once: by `bytes` or by `stream`. */
export interface ReadableBody {
  readonly headers: HeaderList;
  readonly sizeBytes: number | undefined;
  /** The URL it came from, without credentials; one of the artifact's candidates. */
  readonly url: string;
  /** The base of its relative links: the URL that redirects led to, or `url`. */
  readonly location: string;
  /** Aborted when the vault closes and nobody will need the result. */
  readonly signal?: AbortSignal;
  /** Throws `upstream_failed` for a body larger than the parser's `maxBytes`. */
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
  /** Errors, and never ends early, where the bytes are not available or not the right ones. */
  stream(): ReadableStream<Uint8Array<ArrayBuffer>>;
}

/** Keeps a value that was parsed from the same body, as the result of another parser. */
export type KeepParsed = <T>(parser: Parser<T>, value: T) => void;

/** Turns a body into a value. Values are kept in bounded memory, by the digest and the URL of the body. */
export interface Parser<T> {
  /** Parsers of the same name return equal values for the same body from the same URL. */
  readonly name: string;
  /** Larger bodies are refused. */
  readonly maxBytes: number;
  parse(body: ReadableBody, keep: KeepParsed): T | Promise<T>;
  /** Returns about how many bytes of memory a value takes. */
  sizeOf(value: T): number;
}

/** A parsed value, with the body that it was parsed from. */
export interface Parsed<T> {
  readonly value: T;
  /** The SHA-256 of the body, in hex. */
  readonly sha256: string;
  readonly headers: HeaderList;
  readonly source: Provenance;
}

/** The origin of an answer, the cache or an upstream, and its age. */
export interface Provenance {
  readonly cacheStatus: CacheStatus;
  /** Seconds since the upstream generated or revalidated it (RFC 9111 §4.2.3). */
  readonly ageSeconds: number;
  /** The URL it came from, without credentials. */
  readonly upstream: string;
  /** The URL that redirects led to from there, if there were any. */
  readonly location?: string | undefined;
  /** True where its bytes are those of the copy that was cached before; absent otherwise. */
  readonly isUnchanged?: boolean;
}
