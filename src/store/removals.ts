import { removeOffThread, removeQuietly } from "./files.ts";

/** A file up to this size is removed at once, which takes 2 ms. 1 GiB takes 200 ms (both measured on ext4). */
const atOnceBytes = 8 * 1024 * 1024;

/** Removes files without blocking this thread: large ones are removed off it, one at a time. */
export class Removals {
  #last: Promise<void> = Promise.resolve();

  /** Calls `done` with true once the file is gone, with false where it stays; for a small file before this returns. */
  remove(path: string, sizeBytes: number, done: (gone: boolean) => void): Promise<void> {
    if (sizeBytes > atOnceBytes) return this.#last = this.#last.then(() => removeOffThread(path)).then(done);
    done(removeQuietly(path));
    return Promise.resolve();
  }

  /** Resolves when the removals under way are done. */
  settled(): Promise<void> {
    return this.#last;
  }
}
