import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { atMost } from "../lru_limit.ts";
import { storageFailed } from "./files.ts";
import type { FsLayout } from "./fs_layout.ts";
import { restoreLastUse } from "./hash_body.ts";
import type { OpenFiles } from "./open_files.ts";
import { fileOrNull, openRegularFile, readRegularFile } from "./regular_files.ts";
import type { Entry, StoredBody, UnverifiedBody } from "./store.ts";
import { identityOf, VerifiedFiles } from "./verified_files.ts";

/** What a body in memory takes besides its bytes: its name, and objects. */
const bodyOverhead = 400;

/** Bodies up to this size are read at once, and cached in memory. */
export const smallBodyBytes = 128 * 1024;
/** The time of last use is written at most this often. */
export const touchEveryMs = 60_000;

/** The part of a body that is wrong, for the log. */
export type Damage = "its size" | "its content";

interface BlobsOptions {
  /** The most bytes of small bodies in memory. They are named by digest, so that they are never stale. */
  readonly memoryBytes: number;
  /** Called for a body of `bytes` bytes whose size or content is wrong. */
  readonly damaged: (sha256: string, bytes: number, what: Damage) => void;
  /** Called for a body that was compared with its digest and is sound. */
  readonly verified: (sizeBytes: number) => void;
  /** Called with the entry of a sound large body whose file came from elsewhere, and the identity of that file. */
  readonly noteVerified: (entry: Entry, file: string) => void;
  /** Called for a file that could not be opened or read, with the reason. */
  readonly unreadable: (path: string, error: unknown) => void;
  readonly openFiles: OpenFiles;
  /** False where reading a body is no use of it. */
  readonly touches: boolean;
}

interface Settled {
  readonly sha256: string;
  readonly sizeBytes: number;
  /** As `identityOf` has it. */
  readonly file: string;
  readonly isSound: boolean;
}

/** The blobs: immutable files named by their SHA-256. */
export class Blobs {
  readonly #layout: FsLayout;
  readonly #options: BlobsOptions;
  readonly #memory: LRUCache<string, Uint8Array<ArrayBuffer>> | null;
  readonly #touched = new LRUCache<string, number>(atMost(20_000));
  readonly #verified = new VerifiedFiles();
  /** The files of bodies as they were before they were read; null where reading is a use. */
  readonly #lookedAt: Map<string, Deno.FileInfo> | null;
  #lastUsedAt = -Infinity;

  constructor(layout: FsLayout, options: BlobsOptions) {
    this.#layout = layout;
    this.#options = options;
    this.#lookedAt = options.touches ? null : new Map();
    this.#memory = options.memoryBytes > 0
      ? new LRUCache({ maxSize: options.memoryBytes, sizeCalculation: (bytes) => bytes.byteLength + bodyOverhead })
      : null;
  }

  /**
   * Opens the body of an entry; null where it is gone or has another size, which is reported as damage unless the size
   * is `claimed`. Small bodies are compared with their digest whenever they are read into memory. A large body that was
   * not compared with it in this place is `unverified`.
   */
  open(entry: Entry): StoredBody | null {
    const { sha256, sizeBytes, claimed } = entry;
    if (claimed && this.size(sha256) !== sizeBytes) return null;
    if (this.#lookedAt !== null) this.#look(sha256, this.#lookedAt);
    const remembered = this.#memory?.get(sha256);
    if (remembered?.byteLength === sizeBytes) {
      this.#touch(sha256);
      return { kind: "bytes", bytes: remembered };
    }
    const body = sizeBytes <= smallBodyBytes ? this.#read(sha256, sizeBytes) : this.#open(entry);
    if (body) this.#touch(sha256);
    return body;
  }

  /** The size of a body; null where it is not stored. */
  size(sha256: string): number | null {
    const inMemory = this.#memory?.peek(sha256)?.byteLength;
    if (inMemory !== undefined) return inMemory;
    const info = fileOrNull(this.#layout.blob(sha256));
    return info === null || this.#verified.isDamaged(sha256, info) ? null : info.size;
  }

  /** The identity of the file of a large body that was verified; undefined where none was. */
  verifiedFile(sha256: string): string | undefined {
    return this.#verified.soundFile(sha256);
  }

  /** Notes that a large body was stored in this file. Its digest was checked before. */
  stored(sha256: string, file: string): void {
    this.#verified.setSound(sha256, file);
  }

  #read(sha256: string, sizeBytes: number): StoredBody | null {
    const path = this.#layout.blob(sha256);
    const bytes = this.#readOrNull(path, () => readRegularFile(path, sizeBytes));
    if (bytes === null) return this.#missing(sha256, sizeBytes);
    if (createHash("sha256").update(bytes).digest("hex") !== sha256) {
      const info = fileOrNull(path);
      // Offline it stays, and is reported once.
      if (info && !this.#verified.isDamaged(sha256, info)) {
        this.settle({ sha256, sizeBytes, file: identityOf(info), isSound: false });
      }
      return null;
    }
    this.#memory?.set(sha256, bytes);
    return { kind: "bytes", bytes };
  }

  #open(entry: Entry): StoredBody | null {
    const { sha256, sizeBytes } = entry;
    const path = this.#layout.blob(sha256);
    const opened = this.#readOrNull(path, () => openRegularFile(path));
    if (opened === null) return null;
    const { file, info } = opened;
    if (opened.sizeBytes === sizeBytes && !this.#verified.isDamaged(sha256, info)) {
      const unverified = this.#unverified(entry, identityOf(info));
      return { kind: "file", file: this.#options.openFiles.add(() => reopen(path), file), unverified };
    }
    file.close();
    return this.#missing(sha256, sizeBytes);
  }

  /** Null where the file is the one that was verified. */
  #unverified(entry: Entry, file: string): UnverifiedBody | null {
    const { sha256, sizeBytes, verifiedFile } = entry;
    if (file === verifiedFile || file === this.#verified.soundFile(sha256)) return null;
    const path = this.#layout.blob(sha256);
    return {
      ...{ sha256, sizeBytes, path },
      settle: (actualSha256) => {
        const info = fileOrNull(path);
        const isSame = info !== null && identityOf(info) === file;
        const isSound = actualSha256 === sha256;
        if (isSame) this.settle({ sha256, sizeBytes, file, isSound });
        if (isSame && isSound) this.#options.noteVerified(entry, file);
        return isSound;
      },
    };
  }

  /** Notes the result of verifying the file of a body. A damaged one counts as gone from now on. */
  settle({ sha256, sizeBytes, file, isSound }: Settled): void {
    if (isSound) {
      this.#verified.setSound(sha256, file);
      this.#options.verified(sizeBytes);
    } else {
      this.#verified.setDamaged(sha256, file);
      this.#options.damaged(sha256, sizeBytes, "its content");
    }
  }

  /** Null for a body that cannot be read, for whatever reason: it is fetched again, which replaces it. */
  #readOrNull<T>(path: string, read: () => T): T | null {
    try {
      return read();
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw error;
      this.#options.unreadable(path, error);
      return null;
    }
  }

  #missing(sha256: string, sizeBytes: number): null {
    const actual = fileOrNull(this.#layout.blob(sha256))?.size;
    if (actual !== undefined && actual !== sizeBytes) this.#options.damaged(sha256, actual, "its size");
    return null;
  }

  /** The time of a body's last use by `performance.now`, to a minute; undefined where that was long ago. */
  usedAt(sha256: string): number | undefined {
    return this.#touched.get(sha256);
  }

  /** The time of the last use of any body, by `performance.now`. */
  get lastUsedAt(): number {
    return this.#lastUsedAt;
  }

  /** Ends looking: file systems may count it as a use. Does nothing where reading is one. */
  restoreLastUses(): void {
    for (const [sha256, info] of this.#lookedAt ?? []) restoreLastUse(this.#layout.blob(sha256), info);
  }

  #look(sha256: string, lookedAt: Map<string, Deno.FileInfo>): void {
    const info = lookedAt.has(sha256) ? null : fileOrNull(this.#layout.blob(sha256));
    if (info !== null) lookedAt.set(sha256, info);
  }

  /** Sets the access time, since many file systems are mounted with `noatime`. */
  #touch(sha256: string): void {
    if (this.#lookedAt !== null) return;
    const now = this.#lastUsedAt = performance.now();
    const last = this.#touched.get(sha256);
    if (last !== undefined && now - last < touchEveryMs) return;
    this.#touched.set(sha256, now);
    const path = this.#layout.blob(sha256);
    const date = new Date(Date.now());
    try {
      Deno.utimeSync(path, date, fileOrNull(path)?.mtime ?? date);
    } catch {
      // It may have been evicted since; what is served is in memory or open.
    }
  }
}

/**
 * Opens the file of a stream again that was closed while its client read nothing. Any blob of this name is the same.
 */
function reopen(path: string): Deno.FsFile {
  try {
    return openRegularFile(path).file;
  } catch (error) {
    throw storageFailed("read on in a stored body, which was removed while its client did not read", error);
  }
}
