import { removeOffThread, removeQuietly } from "./files.ts";

/** Up to this size a file is removed at once: that takes 2 ms. For 1 GiB it takes 200 ms (both measured on ext4). */
const atOnceBytes = 8 * 1024 * 1024;

/** Removes files and keeps this thread answering: what may be large is removed elsewhere, one at a time. */
export class Removals {
  #last: Promise<void> = Promise.resolve();

  /** `done` learns whether the file is gone; where it is small, before this returns. */
  remove(path: string, sizeBytes: number, done: (gone: boolean) => void): Promise<void> {
    if (sizeBytes > atOnceBytes) return this.#last = this.#last.then(() => removeOffThread(path)).then(done);
    done(removeQuietly(path));
    return Promise.resolve();
  }

  /** Resolves when what is being removed now is gone. */
  settled(): Promise<void> {
    return this.#last;
  }
}
