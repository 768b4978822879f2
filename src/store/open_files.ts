import type { BodyFile } from "./store.ts";

/** The most files of bodies that stay open at once by default. */
export const defaultOpenFiles = 128;

/** Opens a file at its first byte; every call gives a file with the same bytes. Throws where it is gone. */
export type Reopen = () => Deno.FsFile;

/**
 * A pool of the files that streams read from. Between two reads of a slow client a file needs no descriptor: at most
 * `most` of them stay open, and the least recently read ones are closed for others. Only files that are being read at
 * this moment may be more.
 */
export class OpenFiles {
  readonly #most: number;
  /** The files that are open and not being read; the least recently read one is first. */
  readonly #idle = new Set<PooledFile>();
  #open = 0;

  constructor(most: number = defaultOpenFiles) {
    this.#most = most;
  }

  /** The number of open descriptors. */
  get open(): number {
    return this.#open;
  }

  /** Adds a file to read from; the caller closes it. `file` is a result of `reopen` that is open already. */
  add(reopen: Reopen, file: Deno.FsFile | null = null): BodyFile {
    const pooled = new PooledFile(this, reopen, file);
    if (file === null) return pooled;
    this.opened();
    this.rests(pooled);
    return pooled;
  }

  /** Makes room for one more descriptor, and counts it. */
  opened(): void {
    if (this.#open >= this.#most) {
      for (const longestIdle of this.#idle) {
        longestIdle.letGo();
        break;
      }
    }
    this.#open += 1;
  }

  closed(file: PooledFile): void {
    this.#idle.delete(file);
    this.#open -= 1;
  }

  works(file: PooledFile): void {
    this.#idle.delete(file);
  }

  rests(file: PooledFile): void {
    this.#idle.add(file);
  }
}

class PooledFile implements BodyFile {
  readonly #files: OpenFiles;
  readonly #reopen: Reopen;
  #file: Deno.FsFile | null;
  /** The offset at which the next read of `#file` begins. */
  #at = 0;
  #closed = false;

  constructor(files: OpenFiles, reopen: Reopen, file: Deno.FsFile | null) {
    this.#files = files;
    this.#reopen = reopen;
    this.#file = file;
  }

  async read(buffer: Uint8Array, offset: number): Promise<number | null> {
    const file = this.#file ??= this.#openAgain();
    this.#files.works(this);
    try {
      if (this.#at !== offset) file.seekSync(offset, Deno.SeekMode.Start);
      const bytes = await file.read(buffer);
      this.#at = offset + (bytes ?? 0);
      return bytes;
    } finally {
      if (!this.#closed) this.#files.rests(this);
    }
  }

  close(): void {
    this.#closed = true;
    this.letGo();
  }

  /** Closes the descriptor; the next read opens the file again. */
  letGo(): void {
    if (this.#file === null) return;
    this.#file.close();
    this.#file = null;
    this.#files.closed(this);
  }

  #openAgain(): Deno.FsFile {
    this.#files.opened();
    this.#at = 0;
    try {
      return this.#reopen();
    } catch (error) {
      this.#files.closed(this);
      throw error;
    }
  }
}
