import { statfsSync } from "node:fs";
import { VaultError } from "../errors.ts";
import { shownBytes } from "../observe/shown_bytes.ts";

/** The disk is looked at each time that so much was written, or half of what there is room for. */
const lookEveryBytes = 64 * 1024 * 1024;
/** Temporary files leave so much free for everybody else, or this share of a smaller disk. */
const kept = { bytes: 64 * 1024 * 1024, share: 0.05 };

/** The room on the disk of a folder for temporary files, which may become as large as strangers like. */
export class DiskRoom {
  readonly #folder: string;
  readonly #diskOf: typeof diskOf;
  #granted = 0;

  /** The disk is another one than the folder's for tests only. */
  constructor(folder: string, disk = diskOf) {
    this.#folder = folder;
    this.#diskOf = disk;
  }

  /** Counts bytes that are to be written now. Throws `storage_failed` where they would fill the disk. */
  take(bytes: number): void {
    if (bytes > this.#granted) this.#granted = bytes + Math.min(lookEveryBytes, this.check(bytes) / 2);
    this.#granted -= bytes;
  }

  /** Returns the room behind so many bytes. Throws `storage_failed` where they would fill the disk. */
  check(bytes: number): number {
    const { free, total } = this.#diskOf(this.#folder);
    const left = free - Math.min(kept.bytes, total * kept.share) - bytes;
    if (left >= 0) return left;
    throw new VaultError(
      "storage_failed",
      `the disk of "${this.#folder}" has ${shownBytes(free)} free, and ${shownBytes(bytes)} more of temporary files ` +
        "would fill it; make room, or name a folder on another disk with --temporary",
    );
  }
}

/** The bytes that the disk of a path has, and those of them that are free. One that does not tell counts as empty. */
export function diskOf(path: string): { readonly free: number; readonly total: number } {
  try {
    const { bavail, blocks, bsize } = statfsSync(path);
    return { free: bavail * bsize, total: blocks * bsize };
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return { free: Infinity, total: Infinity };
  }
}
