import type { Traffic } from "../observe/traffic.ts";

/** What happened in a minute, an hour or a day. */
export interface HistorySlot {
  /** When it began, in ms since the epoch. */
  readonly from: number;
  readonly total: Traffic;
  /** By the names of backends; those without a request are left out. */
  readonly backends: Readonly<Record<string, Traffic>>;
  /** The bytes of the cache at its end; null where that is not known. */
  readonly cacheBytes: number | null;
}

/** The traffic of some time up to now. */
export interface HistorySum {
  readonly total: Traffic;
  readonly backends: Readonly<Record<string, Traffic>>;
}

/** What the cache has brought, also before the last restart, by all processes that share the cache directory. */
export interface HistoryReport {
  /** The last minute, hour, day and 30 days. */
  readonly now: HistorySum;
  readonly hour: HistorySum;
  readonly day: HistorySum;
  readonly month: HistorySum;
  /** 60 minutes, 24 hours and 30 days, oldest first and without gaps; the last of each is under way. */
  readonly minutes: readonly HistorySlot[];
  readonly hours: readonly HistorySlot[];
  readonly days: readonly HistorySlot[];
}
