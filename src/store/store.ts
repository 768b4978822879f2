import type { HeaderList } from "../http/headers.ts";
import type { Selecting } from "../http/selection.ts";

/** What is known of one stored representation; its body is the blob named by `sha256`. */
export interface Entry {
  readonly backend: string;
  readonly key: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Upstream headers that are sent on, byte-exact. */
  readonly headers: HeaderList;
  /** Where it came from, without credentials. */
  readonly url: string;
  /** Where redirects led to from there, if there were any; without credentials and query. */
  readonly location?: string | undefined;
  /** When the body was committed, ms since the epoch. */
  readonly storedAt: number;
  /** When upstream last sent or confirmed it. */
  readonly validatedAt: number;
  /** When the upstream generated or confirmed it, by its own headers: what `Age` counts from. */
  readonly generatedAt: number;
  /** Until when the upstream's headers allow it to be served unasked (RFC 9111); 0 for never. */
  readonly freshUntil: number;
  /** The request headers the upstream's `Vary` names, with the values this representation was selected by. */
  readonly selectedBy: HeaderList;
  /** Written before its body was seen, on what upstream said of it: the size is not checked yet. */
  readonly claimed?: true;
  /** The file (`identityOf`) in which a large body was last found to have this digest. Set by the store. */
  readonly verifiedFile?: string;
}

/** What upstream said of a representation, of which the body may still be on its way. */
export type Version = Omit<Entry, "sha256" | "sizeBytes" | "claimed" | "verifiedFile">;

/** A body's file to read from. It may be closed between two reads of a slow client, and opened again for the next. */
export interface BodyFile {
  /**
   * Reads into `buffer` from byte `offset` on. Returns how many bytes that were; null at the end of the file. Only one
   * read at a time. Rejects where the file has been removed while it was closed.
   */
  read(buffer: Uint8Array, offset: number): Promise<number | null>;
  close(): void;
}

/** That upstream has nothing under a key. */
export interface Absence {
  readonly status: 404 | 410;
  /** When upstream last said so, ms since the epoch. */
  readonly at: number;
  /** For the client and the log. */
  readonly message: string;
}

/** A body whose file came from elsewhere: nobody has compared it with its digest since it is in this place. */
export interface UnverifiedBody {
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly path: string;
  /**
   * Told the SHA-256 of what is in the file. True where that is right; it need not be compared again. Otherwise the body
   * is gone from now on.
   */
  settle(actualSha256: string): boolean;
}

/** A stored body, opened. Small ones are `bytes`; others are read from `file`, and the caller closes it. */
export type StoredBody =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "file"; readonly file: BodyFile; readonly unverified: UnverifiedBody | null };

/** What a staged body must tell to be gone on with after a restart. */
export interface ResumeRecord {
  readonly backend: string;
  readonly key: string;
  /** The request headers sent, since another selection may be another body. */
  readonly requestHeaders: HeaderList;
  readonly url: string;
  /** For If-Range; null where only the expected digest tells that the rest belongs to it. */
  readonly validator: string | null;
  /** Of the whole body: one of unknown size cannot be gone on with. */
  readonly sizeBytes: number;
  /**
   * Fewer than `sizeBytes`. The first `storedBytes` bytes of the staged file hash to `sha256`; what lies behind them
   * counts for nothing.
   */
  readonly storedBytes: number;
  readonly sha256: string;
}

/** A body under way, in a file of its own. Ends with exactly one of `Store.commit`, `park` or `discard`. */
export interface StagedBody {
  /** Present when an earlier transfer left bytes to go on with. */
  readonly resume: ResumeRecord | null;
  /** Its place now; it moves when the body is committed. */
  readonly path: string;
  /**
   * Makes room for the `sizeBytes` that have come, and for up to as many again, of a body of `announced`; false where the
   * cache's limits do not allow the whole. Nothing is evicted for what is announced and may never come.
   */
  reserve(sizeBytes: number, announced?: number): Promise<boolean>;
  /** Told after each write. */
  wrote(bytes: number): void;
  /** A handle that writes from `offset` on. The caller closes it. */
  openWriter(offset: number): Deno.FsFile;
  /** A handle that reads from `offset` on, also after the commit. The caller closes it. */
  openReader(offset: number): Deno.FsFile;
  /** The file for one reader that may be slow, also after the commit. The caller closes it. */
  file(): BodyFile;
  /** Makes the staged bytes resumable after a crash. */
  saveRecord(record: ResumeRecord): Promise<void>;
  /** Forgets all bytes behind `sizeBytes`. */
  truncate(sizeBytes: number): void;
  /** Keeps the bytes for the next transfer of this key. Needs a saved record. */
  park(): void;
  /** Returns at once; a large body is gone, and no longer counted, a little later. */
  discard(): void;
}

/** What selects a stored representation: the key, and where the upstream varies, the request headers. */
export interface Selector extends Selecting {
  readonly backend: string;
  readonly key: string;
}

/** Keeps bodies by digest and entries by key. Everything is in the cache directory; several processes may share it. */
export interface Store {
  /** The entry that answers this selector, or null. Does not say whether its body is still there. */
  find(selector: Selector): Entry | null;
  /** Null where the body is gone or damaged; it is then a miss. */
  openBody(entry: Entry): StoredBody | null;
  hasBody(entry: Entry): boolean;
  /** The size of a body, under whatever keys it is held; null where it is not. */
  bodySize(sha256: string): number | null;
  /** The bytes an earlier transfer of this body left, or null. */
  resume(selector: Selector): Promise<StagedBody | null>;
  /** An empty place for a body. Throws `storage_failed`. */
  stage(selector: Selector): Promise<StagedBody>;
  /** Body first, entry second: the entry's rename is the commit point. Throws `storage_failed`. */
  commit(staged: StagedBody, entry: Entry): Promise<void>;
  /**
   * Writes an entry alone: its body is there (a confirmation by 304), or may come by another key. Throws
   * `storage_failed`.
   */
  renew(entry: Entry): Promise<void>;
  /** What upstream last said to be absent, however long ago; null where it has said nothing, or has it by now. */
  findAbsence(selector: Pick<Selector, "backend" | "key">): Absence | null;
  /** Keeps it in bounded space, and also on disk a little later: the oldest are forgotten. */
  rememberAbsence(selector: Pick<Selector, "backend" | "key">, absence: Absence): void;
  forgetAbsence(selector: Pick<Selector, "backend" | "key">): void;
  /**
   * Yields the entries of a backend whose keys begin with `prefix`, in the order of their keys' bytes, in bounded memory.
   * Variants of one key follow its newest entry. Blobs may be gone. An entry that is there all the while comes exactly
   * once, one that is written or removed meanwhile may or may not; files that cannot be read are left out.
   */
  entries(backend: string, prefix: string): AsyncIterable<Entry>;
  /** Bytes of bodies and staged bytes. */
  usedBytes(): number;
  /** Why the cache directory cannot be used; null where it can be read, and unless offline, written to. */
  probe(): string | null;
  /** Stops what goes on in the background and waits for it. May be called again. */
  close(): Promise<void>;
}
