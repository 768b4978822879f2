import { statfsSync } from "node:fs";
import type { HistorySlot } from "./history_report.ts";
import type { DiskStatus } from "./status.ts";

/** The disk that the cache is on; null where the system does not tell. */
export interface DiskSpace {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

export function diskSpace(dir: string): DiskSpace | null {
  try {
    const { bavail, blocks, bsize } = statfsSync(dir);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  } catch {
    return null;
  }
}

export interface DiskFacts {
  readonly directory: string;
  readonly cacheBytes: number;
  /** Null for no limit. */
  readonly maxBytes: number | null;
  /** Null for a share of the disk: see `leastFree`. */
  readonly minFreeBytes: number | null;
  readonly space: DiskSpace | null;
  /** The days with the bytes of the cache at their ends, oldest first. */
  readonly days: readonly Pick<HistorySlot, "from" | "cacheBytes">[];
  readonly now: number;
}

const dayMs = 86_400_000;
/** As the store has it, where `cache_min_free` is not set. */
const leastFree = { bytes: 1024 ** 3, share: 0.05 };
/** The growth of more days is that of another time. */
const daysOfGrowth = 7;

/** Puts together how full the cache is, and when it meets its limits at the present rate. */
export function describeDisk(facts: DiskFacts): DiskStatus {
  const { directory, cacheBytes, maxBytes, space, now } = facts;
  const minFreeBytes = facts.minFreeBytes ?? suitable(space);
  const growthBytesPerDay = growthOf(facts);
  const ofDisk = space === null ? Infinity : space.freeBytes - minFreeBytes;
  const left = Math.max(0, Math.min(ofDisk, (maxBytes ?? Infinity) - cacheBytes));
  const isKnown = growthBytesPerDay !== null && growthBytesPerDay > 0 && left < Infinity;
  return {
    ...{ directory, cacheBytes, maxBytes, minFreeBytes, growthBytesPerDay },
    freeBytes: space?.freeBytes ?? null,
    diskBytes: space?.totalBytes ?? null,
    fullAt: isKnown ? Math.round(now + left / growthBytesPerDay * dayMs) : null,
  };
}

/** Returns the bytes that the cache may hold within its limits; null where neither is known. */
export function cacheLimitOf(
  { cacheBytes, maxBytes, minFreeBytes, space }: Pick<DiskFacts, "cacheBytes" | "maxBytes" | "minFreeBytes" | "space">,
): number | null {
  const ofDisk = space === null ? Infinity : cacheBytes + space.freeBytes - (minFreeBytes ?? suitable(space));
  const limit = Math.max(0, Math.min(ofDisk, maxBytes ?? Infinity));
  return limit < Infinity ? limit : null;
}

function suitable(space: DiskSpace | null): number {
  if (space === null) return leastFree.bytes;
  return Math.min(leastFree.bytes, Math.floor(space.totalBytes * leastFree.share));
}

/** The growth since the earliest of the last days; null where that was less than an hour ago. */
function growthOf({ days, now, cacheBytes }: DiskFacts): number | null {
  const known = days.slice(-daysOfGrowth - 1, -1).find((day) => day.cacheBytes !== null);
  if (known === undefined) return null;
  const elapsedMs = now - (known.from + dayMs);
  return elapsedMs < dayMs / 24 ? null : Math.round((cacheBytes - known.cacheBytes!) / elapsedMs * dayMs);
}
