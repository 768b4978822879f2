import { type BlobTotals, eachBlob, type RankOf } from "./blob_scan.ts";
import type { BlobUsage } from "./blob_usage.ts";
import type { FsLayout } from "./fs_layout.ts";

export interface Evicted {
  readonly blobs: number;
  readonly bytes: number;
}

interface EvictOptions {
  readonly blobUsage: BlobUsage;
  /** The totals of a count by `rankOf` that has just ended. */
  readonly totals: BlobTotals;
  readonly rankOf: RankOf;
  readonly wantedBytes: number;
  readonly signal: AbortSignal;
}

/** Removes the blobs of the lowest ranks until `wantedBytes` are freed. Stops early when `signal` is aborted. */
export async function evict(layout: FsLayout, options: EvictOptions): Promise<Evicted> {
  const { blobUsage, totals, rankOf, wantedBytes, signal } = options;
  const cutoff = cutoffFor(totals, wantedBytes);
  let blobs = 0;
  let bytes = 0;
  await eachBlob(layout, async (sha256, info) => {
    const rank = bytes >= wantedBytes ? null : rankOf(sha256, info);
    if (rank === null || rank > cutoff) return;
    if (!await blobUsage.remove(sha256, info.size)) return;
    blobs += 1;
    bytes += info.size;
  }, { signal });
  return { blobs, bytes };
}

/** The lowest rank such that blobs of ranks up to it add up to `wantedBytes`. */
function cutoffFor({ bytesByRank }: BlobTotals, wantedBytes: number): number {
  let sum = 0;
  for (const [rank, bytes] of [...bytesByRank].sort(([a], [b]) => a - b)) {
    sum += bytes;
    if (sum >= wantedBytes) return rank;
  }
  return Infinity;
}
