import type { CacheStatus } from "./http/cache_status.ts";
import type { HeaderList } from "./http/headers.ts";

/** What is made of the body of a document. */
export interface DocumentUse {
  /**
   * Reads a body before its last bytes go out. One that it throws at counts as no answer of upstream's: it reaches
   * nobody and does not replace a stored copy. Its result is kept like that of any other reading.
   */
  readonly check?: Parser<unknown>;
  /** What will soon be read of it: this is done as soon as the body is stored. */
  readonly ahead?: Parser<unknown>;
  /**
   * The key by which the same bytes are asked for by their digest: a body that comes under a name is then served under
   * its digest as well.
   */
  keyByDigest?(sha256: string): string;
  /** The media type that the document itself names, which counts before the header of an answer to HEAD; null for none. */
  mediaTypeOf?(bytes: Uint8Array): string | null;
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
export type KeepParsed = <T>(reading: Parser<T>, value: T) => void;

/** How to make something of a body. What it makes is kept in bounded memory, by that body's digest and URL. */
export interface Parser<T> {
  /** Readings of one name make the same of the same body from the same URL. */
  readonly name: string;
  /** Larger bodies are refused. */
  readonly maxBytes: number;
  parse(body: ReadableBody, keep: KeepParsed): T | Promise<T>;
  /** About how many bytes of memory it takes. */
  sizeOf(value: T): number;
}

/** What a reading made, and of what. */
export interface Parsed<T> {
  readonly value: T;
  /** Of the body it was made of. */
  readonly sha256: string;
  readonly headers: HeaderList;
  readonly source: Provenance;
}

/** How the vault came by something. */
export interface Provenance {
  readonly cacheStatus: CacheStatus;
  /** Seconds since the upstream generated or confirmed it. */
  readonly ageSeconds: number;
  /** The URL it came from, without credentials. */
  readonly upstream: string;
  /** Where redirects led to from there, if there were any. */
  readonly location?: string | undefined;
}
