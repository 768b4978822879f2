import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { storageFailed } from "./files.ts";
import type { FsLayout } from "./fs_layout.ts";
import type { OpenFiles } from "./open_files.ts";
import { fileOrNull, openRegularFile, readRegularFile } from "./regular_files.ts";
import type { Entry, StoredBody, UnverifiedBody } from "./store.ts";
import { identityOf, VerifiedFiles } from "./verified_files.ts";

/** Blobs up to this size are read in one go, and kept in memory while there is room. */
export const smallBodyBytes = 128 * 1024;
/** How often, at most, the time of last use is written. */
export const touchEveryMs = 60_000;

/** What is wrong with a body. */
export type Damage = "its size" | "its content";

interface BlobsOptions {
  /** How many bytes of small bodies may be kept in memory; they are named by digest, so they never go stale. */
  readonly memoryBytes: number;
  /** Notified of a body of `bytes` bytes that is not what it should be. */
  readonly damaged: (sha256: string, bytes: number, what: Damage) => void;
  /** Notified of a body that was compared with its digest and is sound. */
  readonly verified: (sizeBytes: number) => void;
  /** Notified of the entry of a large body from elsewhere that is sound, and of its file. */
  readonly noteVerified: (entry: Entry, file: string) => void;
  /** Notified of a file that could not be opened or read, and why. */
  readonly unreadable: (path: string, error: unknown) => void;
  readonly openFiles: OpenFiles;
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
  readonly #touched = new LRUCache<string, number>({ max: 20_000 });
  readonly #verified = new VerifiedFiles();
  #lastUsedAt = -Infinity;

  constructor(layout: FsLayout, options: BlobsOptions) {
    this.#layout = layout;
    this.#options = options;
    this.#memory = options.memoryBytes > 0
      ? new LRUCache({ maxSize: options.memoryBytes, sizeCalculation: (bytes) => bytes.byteLength + 100 })
      : null;
  }

  /**
   * The body, or null where it is gone or of another size; then it is reported as damaged, unless the size is `claimed`.
   * Small ones are also checked by their digest, whenever they are read into memory; large ones that nobody has checked
   * in this place are `unverified`.
   */
  open(entry: Entry): StoredBody | null {
    const { sha256, sizeBytes, claimed } = entry;
    if (claimed && this.size(sha256) !== sizeBytes) return null;
    const remembered = this.#memory?.get(sha256);
    if (remembered?.byteLength === sizeBytes) {
      this.#touch(sha256);
      return { kind: "bytes", bytes: remembered };
    }
    const body = sizeBytes <= smallBodyBytes ? this.#read(sha256, sizeBytes) : this.#open(entry);
    if (body) this.#touch(sha256);
    return body;
  }

  /** Null where there is no such body. */
  size(sha256: string): number | null {
    const inMemory = this.#memory?.peek(sha256)?.byteLength;
    if (inMemory !== undefined) return inMemory;
    const info = fileOrNull(this.#layout.blob(sha256));
    return info === null || this.#verified.isDamaged(sha256, info) ? null : info.size;
  }

  /** The file of a large body that is known to have the right bytes; undefined where none is. */
  verifiedFile(sha256: string): string | undefined {
    return this.#verified.soundFile(sha256);
  }

  /** A large body was stored in this file; its digest was checked before. */
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

  /** Notified whether the file of a body has the right bytes. What has not is gone from now on. */
  settle({ sha256, sizeBytes, file, isSound }: Settled): void {
    if (isSound) {
      this.#verified.setSound(sha256, file);
      this.#options.verified(sizeBytes);
    } else {
      this.#verified.setDamaged(sha256, file);
      this.#options.damaged(sha256, sizeBytes, "its content");
    }
  }

  /** A body that cannot be read, for whatever reason, is as good as gone: it is fetched again, and that puts it right. */
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

  /** When a body was last used, by `performance.now`, give or take a minute; undefined where it was long ago. */
  usedAt(sha256: string): number | undefined {
    return this.#touched.get(sha256);
  }

  /** When any body was last used, by `performance.now`. */
  get lastUsedAt(): number {
    return this.#lastUsedAt;
  }

  /** The access time is set by us, since many file systems are mounted not to. */
  #touch(sha256: string): void {
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

/** For a stream whose file was closed while its client was not reading. Any blob of this name has the same bytes. */
function reopen(path: string): Deno.FsFile {
  try {
    return openRegularFile(path).file;
  } catch (error) {
    throw storageFailed("read on in a stored body, which was removed while its client did not read", error);
  }
}
