import type { Artifact, ForwardedRequest } from "../artifact.ts";
import type { VaultReader } from "../reader.ts";
import type { HeaderList } from "../http/headers.ts";
import type { CacheStatus } from "../http/cache_status.ts";
import type { ByteRange, RangeSpec } from "../http/range.ts";
import type { RequestCaching } from "../http/request_caching.ts";

/** A client's request for an artifact. */
export interface OpenOptions {
  readonly method: "GET" | "HEAD";
  /** Present only when the client sent a usable single range. Tells a cold fetch where to begin. */
  readonly range?: RangeSpec | undefined;
  /** The directives of the client for caches; null or absent where they do not count. */
  readonly caching?: RequestCaching | null;
  /**
   * True where an old absence counts while upstream cannot be asked, also when absent. False for backends that would
   * take another source's artifact of that name instead.
   */
  readonly staleAbsence?: boolean;
  /** Ends when the client is gone. */
  readonly signal?: AbortSignal;
}

/** Bytes of a body, in memory of their own or memory that they share. */
export type Chunk = Uint8Array<ArrayBuffer>;

/** Reads a body from its first byte to its last, one read at a time. Nothing stays open after the end or an error. */
export interface ChunkReader {
  /** The next bytes; null at the end. Rejects, and never ends early, when the bytes cannot be had. */
  read(): Promise<Chunk | null>;
  /**
   * The caller has handed the last chunk on and looks at it no more: its memory is freed as soon as nobody else needs
   * it. Callers that keep what they read never call this.
   */
  release(): void;
  /** Reads no more. */
  close(): void;
}

/** A representation ready to be sent. Exactly one of `bytes`, `chunks`, `stream` or `close` is used, once. */
export interface OpenedArtifact {
  /** The upstream headers that are kept: Content-Type, ETag, Last-Modified, Cache-Control … */
  readonly headers: HeaderList;
  /** Whole size in bytes; undefined while an upstream that did not announce it is still sending. */
  readonly sizeBytes: number | undefined;
  /** Seconds since the upstream generated or revalidated it (RFC 9111, Age). */
  readonly ageSeconds: number;
  readonly cacheStatus: CacheStatus;
  /** The URL it came from, for the log. */
  readonly upstream: string;
  /** The URL that redirects led to from there, if there were any. */
  readonly location?: string | undefined;
  /** The SHA-256 of the body, where it is in the store; one that arrives has none yet. */
  readonly sha256?: string;
  /**
   * The SHA-256 of a body that has arrived as a whole and is about to be stored; absent where clients get it while it
   * arrives.
   */
  readonly arrivedSha256?: string;
  /** The SHA-256 of the stale copy that upstream was asked about; absent where there was none. */
  readonly staleSha256?: string;
  /** True where `chunks` and `stream` honour a range: wherever the size is known. */
  readonly ranges: boolean;
  /** The whole body, where it is small and at hand; null where it has to be streamed. */
  readonly bytes: Uint8Array<ArrayBuffer> | null;
  /** The body, or ranges of it one after the other, for who hands it on. */
  chunks(...ranges: readonly ByteRange[]): ChunkReader;
  /**
   * Returns the body as a stream, for readers that keep it. The stream errors, and never ends early, when bytes are
   * missing.
   */
  stream(...ranges: readonly ByteRange[]): ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Gives up an opened artifact whose body is not wanted (304, 416, HEAD). */
  close(): void;
}

/** The parts of a client's request that are passed on. */
export interface ForwardOptions {
  readonly method: string;
  readonly body: Uint8Array<ArrayBuffer> | null;
  /** Ends when the client is gone. */
  readonly signal: AbortSignal;
}

/** Upstream's answer to a request that was passed on: a 2xx. The caller reads `chunks` to their end, or closes them. */
export interface Forwarded {
  readonly status: number;
  readonly headers: HeaderList;
  /** Undefined where upstream does not announce it. */
  readonly sizeBytes: number | undefined;
  /** The URL it came from, for the log. */
  readonly upstream: string;
  readonly chunks: ChunkReader;
}

/** A transfer under way, at one moment. */
export interface TransferStatus {
  readonly backend: string;
  readonly key: string;
  /** The host that is asked, with its port where that is not the default one. */
  readonly upstream: string;
  /** The time at which it began, in ms since the epoch. */
  readonly since: number;
  /** The clients that wait for it or read it. */
  readonly followers: number;
  /** The bytes of the body that are here, those of an earlier transfer included. */
  readonly receivedBytes: number;
  /** The size of the body; null until it is known. */
  readonly sizeBytes: number | null;
  /** The average since upstream began to send the body; 0 before that. */
  readonly bytesPerSecond: number;
  /** The whole seconds since the last bytes came, or, before the first ones, since it began. */
  readonly silentSeconds: number;
}

/** Gets artifacts: from the store, from a transfer under way, or from upstream. */
export interface Vault {
  /** Throws VaultError where nothing can be served: see `errorStatus`. */
  open(artifact: Artifact, ask: OpenOptions): Promise<OpenedArtifact>;
  /**
   * Passes a request on to upstream. Throws VaultError where upstream does not answer with 2xx, and `offline`; the
   * errors of upstream are passed on unchanged, as far as clients can understand them.
   */
  forward(forwarded: ForwardedRequest, options: ForwardOptions): Promise<Forwarded>;
  /** For backends that have to look into documents. */
  readonly reader: VaultReader;
  /** The transfers under way, those that began first first. */
  status(): readonly TransferStatus[];
  /** Waits up to `timeoutMs` for transfers under way, then stops them, keeping their staged bytes. */
  close(timeoutMs: number): Promise<void>;
}
