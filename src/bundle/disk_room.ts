import { statfsSync } from "node:fs";
import { VaultError } from "../errors.ts";
import { shownBytes } from "../observe/shown_bytes.ts";

/** The disk is looked at each time that so much is to be written. */
const lookEveryBytes = 64 * 1024 * 1024;
/** Temporary files leave so much free for everybody else, or this share of a smaller disk. */
const kept = { bytes: 64 * 1024 * 1024, share: 0.05 };

/** The room on the disk of a folder for temporary files, which may become as large as strangers like. */
export class DiskRoom {
  readonly #folder: string;
  #granted = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Counts bytes that are to be written now. Throws `storage_failed` where they would fill the disk. */
  take(bytes: number): void {
    if (bytes > this.#granted) {
      this.check(bytes);
      this.#granted = bytes + lookEveryBytes;
    }
    this.#granted -= bytes;
  }

  /** Throws `storage_failed` where so many bytes would fill the disk. */
  check(bytes: number): void {
    const { free, total } = diskOf(this.#folder);
    if (bytes <= free - Math.min(kept.bytes, total * kept.share)) return;
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
