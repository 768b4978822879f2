import { removeQuietly, replaceFile, storageFailed, withFolder } from "./files.ts";
import { fileOrNull } from "./regular_files.ts";
import type { Removals } from "./removals.ts";
import type { OpenFiles } from "./open_files.ts";
import type { BodyFile, ResumeRecord, StagedBody } from "./store.ts";
import type { CacheSpace } from "./cache_space.ts";

export interface StagedFileOptions {
  readonly space: CacheSpace;
  readonly removals: Removals;
  /** The bytes that are in the file already. */
  readonly sizeBytes: number;
  readonly resume: ResumeRecord | null;
  /** The file, open for writing since it was made; null for one that existed before. */
  readonly created: Deno.FsFile | null;
  readonly parked: (sizeBytes: number) => void;
  readonly openFiles: OpenFiles;
}

/** An arriving body in a file `<base>.part`, with its resume record in `<base>.json`. */
export class StagedFile implements StagedBody {
  readonly resume: ResumeRecord | null;
  path: string;
  /** The target of a commit under way. */
  #nextPath: string | null = null;
  readonly #base: string;
  readonly #space: CacheSpace;
  readonly #removals: Removals;
  readonly #parked: (sizeBytes: number) => void;
  readonly #openFiles: OpenFiles;
  /** Kept open for the first writer: opening a file costs as much as writing a small body. */
  #created: Deno.FsFile | null;
  /** True once a resume record may have been written. */
  #recorded: boolean;
  /** The bytes that the cache counts for this body, and those of them that are on disk. */
  #reserved: number;
  #written: number;

  constructor(base: string, options: StagedFileOptions) {
    this.#base = base;
    this.path = `${base}.part`;
    this.#space = options.space;
    this.#removals = options.removals;
    this.resume = options.resume;
    this.#recorded = options.resume !== null;
    this.#created = options.created;
    this.#reserved = this.#written = options.sizeBytes;
    this.#parked = options.parked;
    this.#openFiles = options.openFiles;
  }

  async reserve(sizeBytes: number, announced = sizeBytes): Promise<boolean> {
    if (sizeBytes <= this.#reserved) return true;
    const target = Math.min(announced, 2 * sizeBytes);
    const more = target - this.#reserved;
    const granted = await this.#space.reserve(more, announced - target);
    if (granted) this.#reserved += more;
    return granted;
  }

  wrote(bytes: number): void {
    this.#written += bytes;
    this.#space.wrote(bytes);
  }

  openWriter(offset: number): Deno.FsFile {
    try {
      const file = this.#created ?? Deno.openSync(this.path, { write: true });
      this.#created = null;
      if (offset > 0) file.seekSync(offset, Deno.SeekMode.Start);
      return file;
    } catch (error) {
      throw storageFailed("write a staged download", error);
    }
  }

  openReader(offset: number): Deno.FsFile {
    try {
      const file = this.#open();
      if (offset > 0) file.seekSync(offset, Deno.SeekMode.Start);
      return file;
    } catch (error) {
      throw storageFailed("read a staged download", error);
    }
  }

  file(): BodyFile {
    return this.#openFiles.add(() => this.openReader(0));
  }

  async saveRecord(record: ResumeRecord): Promise<void> {
    this.#recorded = true;
    try {
      await replaceFile(`${this.#base}.json`, `${this.#base}.tmp`, JSON.stringify(record));
    } catch (error) {
      throw storageFailed("save a resume record", error);
    }
  }

  truncate(sizeBytes: number): void {
    try {
      Deno.truncateSync(this.path, sizeBytes);
    } catch (error) {
      throw storageFailed("cut a staged download", error);
    }
    this.#settle(sizeBytes);
  }

  park(): void {
    this.#closeCreated();
    const sizeBytes = sizeOf(this.path);
    this.#settle(sizeBytes);
    this.#parked(sizeBytes);
  }

  discard(): void {
    this.#closeCreated();
    this.#settle(this.#written);
    removeStaged(this.#base, this.#written, { removals: this.#removals, removed: () => this.#settle(0) });
  }

  /** Makes the body the blob at `path`. `counted` is called when it counts as a blob and no longer as staged. */
  async commit(path: string, counted: () => void): Promise<void> {
    this.#closeCreated();
    this.#nextPath = path;
    await withFolder(path, () => Deno.rename(this.path, path));
    this.path = path;
    counted();
    this.#settle(0);
    if (this.#recorded) removeQuietly(`${this.#base}.json`);
  }

  #closeCreated(): void {
    this.#created?.close();
    this.#created = null;
  }

  /** During a commit the body may be at either path. */
  #open(): Deno.FsFile {
    try {
      return Deno.openSync(this.path);
    } catch (error) {
      if (this.#nextPath === null || !(error instanceof Deno.errors.NotFound)) throw error;
      return Deno.openSync(this.#nextPath);
    }
  }

  /** Counts `sizeBytes` for this body from now on, all of them on disk. */
  #settle(sizeBytes: number): void {
    this.#space.wrote(this.#reserved - this.#written);
    this.#space.unstaged(this.#reserved - sizeBytes);
    this.#reserved = this.#written = sizeBytes;
  }
}

interface RemoveOptions {
  readonly removals: Removals;
  /** Called when its bytes are gone. */
  readonly removed: () => void;
}

/** Removes a staged body of `sizeBytes` that no transfer uses. */
export function removeStaged(base: string, sizeBytes: number, { removals, removed }: RemoveOptions): void {
  removeQuietly(`${base}.json`);
  removals.remove(`${base}.part`, sizeBytes, removed);
}

function sizeOf(path: string): number {
  return fileOrNull(path)?.size ?? 0;
}
