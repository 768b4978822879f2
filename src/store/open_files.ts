import type { BodyFile } from "./store.ts";

/** How many files of bodies stay open at once where nobody says otherwise. */
export const defaultOpenFiles = 128;

/** Opens a file, or opens it again: at its first byte, and with the same bytes as before. Throws where it is gone. */
export type Reopen = () => Deno.FsFile;

/**
 * The files that streams read from. Between two reads of a client that is slow, or has stopped reading, a file needs no
 * descriptor; so at most `most` of them stay open, and those that were read longest ago are closed for others. Only
 * files that are being read at this moment may be more.
 */
export class OpenFiles {
  readonly #most: number;
  /** Open and not being read; the one that was read longest ago comes first. */
  readonly #idle = new Set<PooledFile>();
  #open = 0;

  constructor(most: number = defaultOpenFiles) {
    this.#most = most;
  }

  /** Descriptors held at this moment. */
  get open(): number {
    return this.#open;
  }

  /** A file to read from; the caller closes it. `file` is one that `reopen` would give and that is open already. */
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
  /** Where the next read of `#file` begins. */
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

  /** Gives the descriptor back; the next read opens the file again. */
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
