import { statfsSync } from "node:fs";
import { shownBytes } from "../observe/shown_bytes.ts";

/** The limits of the cache. Both hold at every moment, also for bodies that are still arriving. */
export interface SpaceLimits {
  /** Null for no limit. */
  readonly maxBytes: number | null;
  /** Free bytes that the file system keeps; 0 for no limit, null for a share of its size: see `mostMinFree`. */
  readonly minFreeBytes: number | null;
}

/** The bytes that count against the limits. */
export interface CountedBytes {
  /** Blobs and staged bodies. */
  readonly used: number;
  /** The part of `used` that is not written yet. */
  readonly promised: number;
}

interface CacheLimitsOptions extends SpaceLimits {
  /** Free bytes of the file system, for tests; `statfs` otherwise. */
  readonly freeBytes?: () => number;
}

/** Without a configured limit so much stays free, or this share of a smaller disk. */
const mostMinFree = { bytes: 1024 ** 3, share: 0.05 };

/** Compares the two limits of a cache with the bytes it has and with the free space of its disk. */
export class CacheLimits {
  readonly #root: string;
  #options: CacheLimitsOptions;

  constructor(root: string, options: CacheLimitsOptions) {
    this.#root = root;
    this.#options = options;
  }

  /** Compares with other limits from now on. */
  change(limits: SpaceLimits): void {
    this.#options = { ...this.#options, ...limits };
  }

  /** The largest possible body. */
  get maxBytes(): number {
    return this.#options.maxBytes ?? Infinity;
  }

  /** Returns how many bytes must be removed before `bytes` more can be added. */
  lacking(counted: CountedBytes, bytes: number): number {
    return Math.max(0, this.#overMax(counted, bytes), this.#underFree(counted, bytes));
  }

  /** Names the limit that leaves no room for `bytes` more, with the numbers. */
  describe(counted: CountedBytes, bytes: number): string {
    const [overMax, underFree] = [this.#overMax(counted, bytes), this.#underFree(counted, bytes)];
    if (overMax >= underFree) {
      return `cache_max_size is ${shownBytes(this.maxBytes)}, ${shownBytes(counted.used)} are in use, and ` +
        `${shownBytes(Math.max(0, overMax))} are lacking`;
    }
    const { free, minFree } = this.#disk();
    return `cache_min_free is ${shownBytes(minFree)}, the disk has ${shownBytes(free)} free, and ` +
      `${shownBytes(underFree)} are lacking`;
  }

  /** Names the limit for which bodies are removed before `bytes` more can be added. */
  purpose(counted: CountedBytes, bytes: number): string {
    return this.#overMax(counted, bytes) >= this.#underFree(counted, bytes)
      ? `to keep within cache_max_size (${shownBytes(this.maxBytes)})`
      : `to keep cache_min_free (${shownBytes(this.#disk().minFree)}) of the disk free`;
  }

  #overMax({ used }: CountedBytes, bytes: number): number {
    return used + bytes - this.maxBytes;
  }

  #underFree({ promised }: CountedBytes, bytes: number): number {
    if (this.#options.minFreeBytes === 0) return -Infinity;
    const { free, minFree } = this.#disk();
    return minFree + promised + bytes - free;
  }

  /** A disk that does not tell its size counts as large and empty. */
  #disk(): { readonly free: number; readonly minFree: number } {
    const { freeBytes, minFreeBytes } = this.#options;
    if (freeBytes && minFreeBytes !== null) return { free: freeBytes(), minFree: minFreeBytes };
    try {
      const { bavail, blocks, bsize } = statfsSync(this.#root);
      const suitable = Math.min(mostMinFree.bytes, Math.floor(blocks * bsize * mostMinFree.share));
      return { free: freeBytes?.() ?? bavail * bsize, minFree: minFreeBytes ?? suitable };
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw error;
      return { free: Infinity, minFree: minFreeBytes ?? mostMinFree.bytes };
    }
  }
}
