import type { HeaderList } from "../http/headers.ts";
import type { Selecting } from "../http/selection.ts";

/** The stored description of a key, or of one variant of it. The body is the blob named by `sha256`. */
export interface Entry {
  readonly backend: string;
  readonly key: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  /** The upstream headers that clients get, byte-exact. */
  readonly headers: HeaderList;
  /** The upstream URL, without credentials. */
  readonly url: string;
  /** The target of redirects from there, if there were any; without credentials and query. */
  readonly location?: string | undefined;
  /** The time at which the body was committed, in ms since the epoch. */
  readonly storedAt: number;
  /** The time at which upstream last sent or revalidated it, in ms since the epoch. */
  readonly validatedAt: number;
  /** The time from which `Age` counts, by the upstream's headers (RFC 9111 §4.2.3), in ms since the epoch. */
  readonly generatedAt: number;
  /** The end of its freshness by the upstream's headers (RFC 9111 §4.2), in ms since the epoch; 0 for never fresh. */
  readonly freshUntil: number;
  /** The request headers that the upstream's `Vary` names, with the values that selected this variant. */
  readonly selectedBy: HeaderList;
  /** True where it was written by upstream's headers alone: its body has not been seen, nor its size checked. */
  readonly claimed?: true;
  /**
   * The digest of another algorithm that its bytes were checked against when they came, as `sha512:…`; absent where
   * there was none.
   */
  readonly checkedDigest?: string;
  /** The identity (`identityOf`) of the file in which a large body was last verified. Set by the store. */
  readonly verifiedFile?: string;
}

/** The description of a body that may still be arriving, from upstream's headers. */
export type Version = Omit<Entry, "sha256" | "sizeBytes" | "claimed" | "checkedDigest" | "verifiedFile">;

/** The file of a body, for one reader. It may be closed between two reads of a slow client, and opened again. */
export interface BodyFile {
  /**
   * Reads into `buffer` from byte `offset` on. Resolves with the number of bytes, or null at the end of the file. One
   * read at a time. Rejects where the file was removed while it was closed.
   */
  read(buffer: Uint8Array, offset: number): Promise<number | null>;
  close(): void;
}

/** Upstream's answer that it has nothing under a key. */
export interface Absence {
  readonly status: 404 | 410;
  /** The time of the last such answer, in ms since the epoch. */
  readonly at: number;
  /** For the client and the log. */
  readonly message: string;
  /** The code by which the upstream names it, where its protocol has any. */
  readonly protocolCode?: string;
}

/** A body whose file was not compared with its digest since it is in this place: it may have been copied here. */
export interface UnverifiedBody {
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly path: string;
  /**
   * Takes the SHA-256 of the file's bytes. True where it is right, and the body counts as verified; otherwise false,
   * and the body counts as gone.
   */
  settle(actualSha256: string): boolean;
}

/** A stored body, opened. Small ones are `bytes`; others are read from `file`, and the caller closes it. */
export type StoredBody =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "file"; readonly file: BodyFile; readonly unverified: UnverifiedBody | null };

/** The record from which a staged body is resumed after a restart. */
export interface ResumeRecord {
  readonly backend: string;
  readonly key: string;
  /** The request headers that were sent, since another variant has another body. */
  readonly requestHeaders: HeaderList;
  readonly url: string;
  /** The validator for `If-Range`; null where only an expected digest can tell that the rest belongs to it. */
  readonly validator: string | null;
  /** The size of the whole body: one of unknown size cannot be resumed. */
  readonly sizeBytes: number;
  /**
   * Fewer than `sizeBytes`. The first `storedBytes` bytes of the staged file hash to `sha256`; bytes behind them are
   * not used.
   */
  readonly storedBytes: number;
  readonly sha256: string;
}

/** An arriving body in a file of its own. Ends with exactly one of `Store.commit`, `park` or `discard`. */
export interface StagedBody {
  /** The record of an earlier transfer whose bytes are in the file; null for an empty file. */
  readonly resume: ResumeRecord | null;
  /** Its path now; the file is moved when the body is committed. */
  readonly path: string;
  /**
   * Makes room for the `sizeBytes` that have arrived and for up to as many again, of a body of `announced` bytes; false
   * where the limits of the cache leave no room for the whole. Nothing is evicted for bytes that are only announced.
   */
  reserve(sizeBytes: number, announced?: number): Promise<boolean>;
  /** Is called after each write. */
  wrote(bytes: number): void;
  /** Opens a handle that writes from `offset` on. The caller closes it. */
  openWriter(offset: number): Deno.FsFile;
  /** Opens a handle that reads from `offset` on, also after the commit. The caller closes it. */
  openReader(offset: number): Deno.FsFile;
  /** Opens the file for one reader, which may be slow, also after the commit. The caller closes it. */
  file(): BodyFile;
  /** Writes the record by which the staged bytes can be resumed after a crash. */
  saveRecord(record: ResumeRecord): Promise<void>;
  /** Cuts the file to `sizeBytes`. */
  truncate(sizeBytes: number): void;
  /** Leaves the bytes for the next transfer of this key to resume. Needs a saved record. */
  park(): void;
  /** Removes the bytes. Returns at once; a large file is gone, and no longer counted, a little later. */
  discard(): void;
}

/** Selects a stored variant: by the key and, where upstream varies, the request headers. */
export interface Selector extends Selecting {
  readonly backend: string;
  readonly key: string;
}

/** Stores bodies by digest and entries by key, in the cache directory, which several processes may share. */
export interface Store {
  /** The entry of this selector; null where there is none. Its body may be gone: see `hasBody`. */
  find(selector: Selector): Entry | null;
  /** Opens the body of an entry; null where it is gone or damaged, which is a miss. */
  openBody(entry: Entry): StoredBody | null;
  /** True where the body of an entry is stored, and has its size. */
  hasBody(entry: Entry): boolean;
  /** The size of a body, whatever its keys; null where it is not stored. */
  bodySize(sha256: string): number | null;
  /** The bytes that an earlier transfer of this selector has parked; null where there are none. */
  resume(selector: Selector): Promise<StagedBody | null>;
  /** Makes an empty file for an arriving body. Throws `storage_failed`. */
  stage(selector: Selector): Promise<StagedBody>;
  /**
   * Stores a body and its entry. The body is first: the entry's rename is the commit point. Throws `storage_failed`.
   */
  commit(staged: StagedBody, entry: Entry): Promise<void>;
  /**
   * Writes an entry alone: its body is stored already, as after a 304, or may be stored by another key later. Throws
   * `storage_failed`.
   */
  putEntry(entry: Entry): Promise<void>;
  /** The last 404 or 410 of upstream for a key, however old; null where there was none, or upstream has it by now. */
  findAbsence(selector: Pick<Selector, "backend" | "key">): Absence | null;
  /** Remembers a 404 or 410, in bounded space and, a little later, on disk. The least recently used are forgotten. */
  rememberAbsence(selector: Pick<Selector, "backend" | "key">, absence: Absence): void;
  forgetAbsence(selector: Pick<Selector, "backend" | "key">): void;
  /**
   * Yields the entries of a backend whose keys begin with `prefix`, in the order of their keys' bytes, in bounded
   * memory. Variants of one key follow its newest entry. Their bodies may be gone. An entry that exists all the while
   * comes exactly once; one that is written or removed meanwhile may or may not. Files that cannot be read are skipped.
   */
  entries(backend: string, prefix: string): AsyncIterable<Entry>;
  /** The bytes of all bodies, staged ones included. */
  usedBytes(): number;
  /** Says why the cache directory cannot be used; null where it can be read and, unless offline, written to. */
  probe(): string | null;
  /** Stops all background work and waits for it. May be called again. */
  close(): Promise<void>;
}
