import { namesIn, pause } from "./files.ts";
import type { FsLayout } from "./fs_layout.ts";
import { fileOrNull } from "./regular_files.ts";

/** A scan pauses after this many files, so that requests are answered in between. */
const filesPerSlice = 256;

interface EachBlobOptions {
  readonly signal: AbortSignal;
  /** The names up to this one are left out. */
  readonly after?: string;
}

/** Looks at every blob in order, with pauses; stops early when `signal` is aborted. */
export async function eachBlob(
  layout: FsLayout,
  visit: (sha256: string, info: Deno.FileInfo) => void | Promise<void>,
  { signal, after = "" }: EachBlobOptions,
): Promise<void> {
  let files = 0;
  for (const shard of namesIn(layout.blobs).sort()) {
    if (shard < after.slice(0, 2)) continue;
    for (const name of namesIn(`${layout.blobs}/${shard}`).sort()) {
      if (name <= after) continue;
      if (files++ % filesPerSlice === 0) await pause();
      if (signal.aborted) return;
      const info = fileOrNull(layout.blob(name));
      if (info) await visit(name, info);
    }
  }
}

/** When a blob is to be removed: those of lower rank go first. Null for never. */
export type RankOf = (sha256: string, info: Deno.FileInfo) => number | null;

/** What all blobs come to. */
export interface BlobTotals {
  readonly bytes: number;
  /** Without the blobs that are never removed. */
  readonly bytesByRank: ReadonlyMap<number, number>;
}

/** One count of all blobs. It is right when its totals are asked for, provided it was told what changed until then. */
export class BlobCount {
  readonly #layout: FsLayout;
  readonly #sizeOf: (sha256: string) => number;
  readonly #changed = new Set<string>();
  /** The blob looked at last: names are hashes, and are taken in order. */
  #position = "";
  #bytes = 0;
  readonly #bytesByRank = new Map<number, number>();
  readonly #rankOf: RankOf;

  /** `sizeOf` tells what a blob that has changed counts for; 0 for none. */
  constructor(layout: FsLayout, sizeOf: (sha256: string) => number, rankOf: RankOf = byLastUse) {
    this.#layout = layout;
    this.#sizeOf = sizeOf;
    this.#rankOf = rankOf;
  }

  /** A blob of `bytesBefore` (0 for none) is being added, replaced or removed. */
  changes(sha256: string, bytesBefore: number): void {
    if (this.#changed.has(sha256)) return;
    this.#changed.add(sha256);
    if (sha256 <= this.#position) this.#bytes -= bytesBefore;
  }

  /** False when aborted. */
  async run(signal: AbortSignal): Promise<boolean> {
    await eachBlob(this.#layout, (sha256, info) => {
      this.#position = sha256;
      if (this.#changed.has(sha256)) return;
      this.#bytes += info.size;
      const rank = this.#rankOf(sha256, info);
      if (rank !== null) this.#bytesByRank.set(rank, (this.#bytesByRank.get(rank) ?? 0) + info.size);
    }, { signal });
    return !signal.aborted;
  }

  /** Once it has run. */
  totals(): BlobTotals {
    const changed = [...this.#changed].reduce((sum, sha256) => sum + this.#sizeOf(sha256), 0);
    return { bytes: this.#bytes + changed, bytesByRank: this.#bytesByRank };
  }
}

const byLastUse: RankOf = (_, info) => lastUse(info);

/** When a blob was last used, in whole seconds since the epoch. */
export function lastUse(info: Deno.FileInfo): number {
  return Math.floor((info.atime ?? info.mtime ?? new Date(0)).getTime() / 1000);
}
