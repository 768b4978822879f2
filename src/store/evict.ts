import { type BlobTotals, eachBlob, lastUse } from "./blob_scan.ts";
import type { BlobTally } from "./blob_tally.ts";
import type { FsLayout } from "./fs_layout.ts";

export interface Evicted {
  readonly blobs: number;
  readonly bytes: number;
}

interface EvictOptions {
  readonly tally: BlobTally;
  /** Of a count that has just ended. */
  readonly totals: BlobTotals;
  readonly wantedBytes: number;
  readonly signal: AbortSignal;
}

/** Removes the blobs that were used longest ago, until `wantedBytes` are gone. Stops early when `signal` is aborted. */
export async function evict(layout: FsLayout, { tally, totals, wantedBytes, signal }: EvictOptions): Promise<Evicted> {
  const cutoff = cutoffFor(totals, wantedBytes);
  let blobs = 0;
  let bytes = 0;
  await eachBlob(layout, async (sha256, info) => {
    if (bytes >= wantedBytes || lastUse(info) > cutoff) return;
    if (!await tally.remove(sha256, info.size)) return;
    blobs += 1;
    bytes += info.size;
  }, signal);
  return { blobs, bytes };
}

/** The earliest second such that blobs last used until then add up to `wantedBytes`. */
function cutoffFor({ bytesBySecond }: BlobTotals, wantedBytes: number): number {
  let sum = 0;
  for (const [second, bytes] of [...bytesBySecond].sort(([a], [b]) => a - b)) {
    sum += bytes;
    if (sum >= wantedBytes) return second;
  }
  return Infinity;
}
