import type { Fetch } from "./artifact.ts";

/** A regular file of a foreign source. */
export interface SourceFile {
  /** Its path in the source, without a leading slash. */
  readonly path: string;
  readonly sizeBytes: number;
  /** When it was last changed, in ms since the epoch. */
  readonly modifiedAt: number;
  /** Streams its bytes from `start` up to `end`, which is exclusive; to its end where absent. */
  stream(start: number, end?: number): ReadableStream<Uint8Array<ArrayBuffer>>;
}

/** The name of a file or folder in a folder of a source. */
export interface SourceItem {
  readonly name: string;
  readonly isFolder: boolean;
}

/**
 * The files of a foreign source: a directory, or an archive. Paths have no slash at either end, and no empty, `.` or
 * `..` segment; the source itself is the empty path. Links are followed within the source only.
 */
export interface SourceTree {
  /** The path of the source, as the user wrote it. */
  readonly name: string;
  /** Finds the regular file at a path; null where there is none. */
  find(path: string): Promise<SourceFile | null>;
  /** Lists a folder in the order of names; empty where there is none. */
  list(folder: string): Promise<readonly SourceItem[]>;
  close(): void;
}

/**
 * The folder of one backend in a cache of the original Artifact Vault, as a source: its files are listed by the paths
 * that clients ask for below the backend's prefix, queries included, without a slash at the end. Where it is known that
 * there is one, the path of the file that is found has it.
 */
export interface CachedFolder extends SourceTree {
  /** The prefix that the backend had: begins with a slash and does not end with one, unless it is the root `/`. */
  readonly prefix: string;
  /** Returns the media type that was noted for a file, by its own path; null where none was. */
  contentTypeOf(path: string): Promise<string | null>;
}

/** A request that a client of the vault would send. */
export interface ShelfRequest {
  /** The path and query at the vault, such as `/v2/library/alpine/manifests/3.20`. */
  readonly path: string;
  /** None where absent. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** One thing that a source has. */
export type ShelfItem =
  /** The request that brings it into the cache; GET. */
  | {
    readonly kind: "request";
    readonly name: string;
    readonly sizeBytes: number;
    readonly request: ShelfRequest;
    /** Where requests with the same text have failed before it, it is not sent: what leads to nothing is no use. */
    readonly needs?: string;
    /** The path of its file in the source; absent for what was made of others. */
    readonly file?: string;
    /** True for a document that upstream may change: one that is the same again is not new. False when absent. */
    readonly mayChange?: boolean;
    /** True where nothing says which digest the body has. False when absent. */
    readonly isUnverified?: boolean;
  }
  /** It is in the cache already. */
  | { readonly kind: "cached"; readonly name: string }
  /** It cannot be imported, or must not; the reason is a sentence without a full stop. */
  | { readonly kind: "left_out"; readonly name: string; readonly reason: string }
  /** Something newer is in the cache, or what was imported is not all that it could be; the reason as above. */
  | { readonly kind: "kept"; readonly name: string; readonly reason: string }
  /** All requests before it are answered before the next item is asked for. */
  | { readonly kind: "wait" };

/** A backend as far as a shelf has to know it. */
export interface ShelfBackend {
  readonly name: string;
  /** Begins with a slash and does not end with one, unless it is the root `/`. */
  readonly prefix: string;
  /** The URLs of its upstreams, and others that mean the same. */
  readonly urls: readonly string[];
}

/** The vault that a shelf is imported into. */
export interface ShelfTarget {
  /** The backends of the shelf's own type, in the order of the configuration. */
  readonly backends: readonly ShelfBackend[];
  /** The names of the source that mean other names here, as the user says. */
  readonly renamed: ReadonlyMap<string, string>;
  /** True where what is yielded is only named: no request that is yielded is sent. */
  readonly isDryRun: boolean;
  /** Sends a request to the vault, which has the shelf for its network. The caller reads or cancels the body. */
  ask(request: ShelfRequest, method?: "GET" | "HEAD"): Promise<Response>;
  /**
   * Sends a request that is answered with what was cached when the import began, and an error where nothing was. What
   * has been imported since may be missing in it.
   */
  askCached(request: ShelfRequest): Promise<Response>;
}

/** A foreign source as an upstream of the vault: it answers as the server of its protocol would. */
export interface Shelf {
  /** What the source is, to stand after "is": `an OCI image layout`. */
  readonly description: string;
  /** Answers a request of the vault. Throws VaultError for what the source does not have: nothing is known of that. */
  readonly fetch: Fetch;
  /**
   * Yields the names in the source that may mean other names here, as in `ShelfTarget.renamed`, whole ones first. Absent
   * where there are none.
   */
  names?(): AsyncIterable<string>;
  /**
   * Yields what the source has. Requests are sent several at a time, as soon as they are yielded, so that `wait` stands
   * between what comes first and what leads to it.
   */
  items(target: ShelfTarget): AsyncIterable<ShelfItem>;
}
