import { messageOf } from "../errors.ts";
import type { Log } from "../observe/log.ts";
import { shownBytes } from "../observe/shown_bytes.ts";
import { shownBodies } from "../observe/shown_count.ts";
import { type BlobTotals, lastUse, type RankOf } from "./blob_scan.ts";
import type { BlobUsage } from "./blob_usage.ts";
import { CacheLimits, type CountedBytes, type SpaceLimits } from "./cache_limits.ts";
import { evict } from "./evict.ts";
import type { FsLayout } from "./fs_layout.ts";
import type { Removals } from "./removals.ts";
import type { Spared } from "./spared.ts";

interface CacheSpaceDeps {
  readonly blobUsage: BlobUsage;
  readonly removals: Removals;
  readonly log: Log;
  /** Why nothing is ever removed, as the end of a sentence; null where bodies make room for others. */
  readonly keepsAllSince: string | null;
  /** Finds the blobs that are never removed, and those that are removed last. */
  readonly spared: (signal: AbortSignal) => Promise<Spared>;
  /** Free bytes of the file system, for tests; `statfs` otherwise. */
  readonly freeBytes?: () => number;
  readonly evicted: (blobs: number, bytes: number) => void;
  /** Removes the parked bytes of interrupted transfers, which are removed first. */
  readonly dropParked: () => void;
}

/** An eviction frees this share of the cache more than was asked for, so that not every file causes one. */
const slack = 0.05;
/** This share of the cache is freed ahead of need, so that no transfer waits for it. */
const ahead = 0.05;
/**
 * The smallest cache in which room is made ahead: in a smaller one, one body often is larger than that share, and
 * eviction takes no time.
 */
const aheadFromBytes = 256 * 1024 * 1024;
/** After an eviction ahead of need that freed too little, the next one waits so long: other files fill the disk. */
const restMs = 60_000;
/** While there is no room, the log says so at most this often. */
const warnEveryMs = 3_600_000;

/** A count takes at most this share of the time. */
const countingShare = 0.05;

/**
 * Counts the bytes of the cache and keeps it within its limits by removing the least recently used blobs. Bytes that
 * other processes add to the same directory, or remove from it, are seen when it is counted again.
 */
export class CacheSpace {
  /** Bytes that this process has staged or reserved. */
  #stagedBytes = 0;
  /** Those of them that are reserved and not yet on disk. */
  #promisedBytes = 0;
  readonly #firstCount: Promise<unknown>;
  /** Reservations run one after the other, so that room that is made for one is not taken by another. */
  #turn: Promise<unknown>;
  /** The eviction under way; there is one at a time. Never rejects. */
  #evicting: Promise<void> | null = null;
  #restUntil = 0;
  #recountFrom = 0;
  #recounting: Promise<unknown> = Promise.resolve();
  #warnedAt = -Infinity;
  readonly #abort = new AbortController();
  readonly #layout: FsLayout;
  readonly #limits: CacheLimits;
  readonly #deps: CacheSpaceDeps;

  constructor(layout: FsLayout, limits: SpaceLimits, deps: CacheSpaceDeps) {
    this.#layout = layout;
    this.#limits = new CacheLimits(layout.root, { ...limits, ...deps.freeBytes && { freeBytes: deps.freeBytes } });
    this.#deps = deps;
    const warn = (error: unknown) => deps.log.warning(`Cannot count the cache: ${messageOf(error)}`);
    this.#firstCount = deps.blobUsage.count(this.#abort.signal).catch(warn);
    this.#turn = deps.blobUsage.known ? Promise.resolve() : this.#firstCount;
    this.#firstCount.then(() => this.#reportExcess()).catch(warn);
  }

  get usedBytes(): number {
    return this.#deps.blobUsage.bytes + this.#stagedBytes;
  }

  /**
   * Makes room for `bytes` to be staged and counts them as used; false where the limits leave no room for them and for
   * `later` more.
   */
  reserve(bytes: number, later = 0): Promise<boolean> {
    const granted = this.#turn.then(() => this.#take(bytes, later));
    this.#turn = granted.catch(() => {});
    return granted;
  }

  /** Notes that reserved bytes are on disk now, or will never be. */
  wrote(bytes: number): void {
    this.#promisedBytes -= bytes;
  }

  /** Adds staged bytes that another process has left. */
  recovered(bytes: number): void {
    this.#stagedBytes += bytes;
  }

  /** Subtracts staged bytes that are gone or have become a blob. */
  unstaged(bytes: number): void {
    this.#stagedBytes -= bytes;
  }

  /** Keeps other limits from now on. Bodies beyond them go when something new needs the room. */
  limit({ maxBytes, minFreeBytes }: SpaceLimits): void {
    this.#limits.change({ maxBytes, minFreeBytes });
    this.#reportExcess();
  }

  /**
   * Counts again, since another process has changed the cache. Returns false, and does nothing, where the last count
   * was too long and too short a time ago.
   */
  recount(): boolean {
    if (performance.now() < this.#recountFrom || this.#abort.signal.aborted) return false;
    this.#recountFrom = Infinity;
    const startedAt = performance.now();
    const warn = (error: unknown) => this.#deps.log.warning(`Cannot count the cache: ${messageOf(error)}`);
    this.#recounting = this.#deps.blobUsage.count(this.#abort.signal).catch(warn).finally(() => {
      const tookMs = performance.now() - startedAt;
      this.#recountFrom = performance.now() + tookMs / countingShare;
    });
    return true;
  }

  /** Stops an eviction under way, and waits for it. */
  async close(): Promise<void> {
    this.#abort.abort();
    await this.#firstCount;
    await this.#turn;
    await this.#evicting;
    await this.#recounting;
  }

  async #take(bytes: number, later: number): Promise<boolean> {
    const canFit = this.#canFit(bytes + later);
    if (canFit && this.#lacking(bytes) > 0) await this.#makeRoom(bytes);
    if (!canFit || this.#lacking(bytes) > 0) {
      this.#reportNoRoom(bytes + later);
      return false;
    }
    this.#stagedBytes += bytes;
    this.#promisedBytes += bytes;
    this.#makeRoomAhead();
    return true;
  }

  /** True if there were room for `bytes` more once everything was removed. */
  #canFit(bytes: number): boolean {
    const removable = this.#deps.keepsAllSince !== null ? 0 : Math.max(0, this.usedBytes);
    return bytes <= this.#limits.maxBytes && this.#lacking(bytes) <= removable;
  }

  /** Returns how many bytes must be removed before `bytes` more can be added. */
  #lacking(bytes: number): number {
    return this.#limits.lacking(this.#counted, bytes);
  }

  get #counted(): CountedBytes {
    return { used: this.usedBytes, promised: this.#promisedBytes };
  }

  /** A cache that is too large at the start, as after the limit was lowered, stays so until something is added. */
  #reportExcess(): void {
    if (this.#abort.signal.aborted || this.#lacking(0) === 0) return;
    const why = this.#deps.keepsAllSince ?? "nothing new needs the room yet";
    this.#warn(`The cache is beyond its limits, and nothing is removed, since ${why}`, 0);
  }

  #reportNoRoom(bytes: number): void {
    if (performance.now() - this.#warnedAt < warnEveryMs) return;
    this.#warnedAt = performance.now();
    this.#warn(`No room in the cache for a body of ${shownBytes(bytes)}: it is passed on and not stored`, bytes);
  }

  #warn(what: string, bytes: number): void {
    this.#deps.log.warning(`${what}: ${this.#limits.describe(this.#counted, bytes)}`);
  }

  /** Waits for removals under way before it evicts. */
  async #makeRoom(bytes: number): Promise<void> {
    if (this.#deps.keepsAllSince !== null) return;
    await this.#deps.removals.settled();
    if (this.#lacking(bytes) > 0) await this.#evicting;
    if (this.#lacking(bytes) > 0) await this.#startEviction(bytes);
  }

  #makeRoomAhead(): void {
    const { bytes } = this.#deps.blobUsage;
    const wanted = Math.floor(bytes * ahead);
    if (
      this.#deps.keepsAllSince !== null || bytes < aheadFromBytes || this.#evicting ||
      performance.now() < this.#restUntil ||
      this.#lacking(wanted) === 0
    ) return;
    this.#startEviction(wanted);
  }

  #startEviction(bytes: number): Promise<void> {
    const warn = (error: unknown) => this.#deps.log.warning(`Cannot evict from the cache: ${messageOf(error)}`);
    const rest = () => {
      if (this.#lacking(bytes) > 0) this.#restUntil = performance.now() + restMs;
    };
    return this.#evicting = this.#evictFor(bytes).then(rest).catch(warn).finally(() => this.#evicting = null);
  }

  /** Evicts nothing where even the removal of all removable blobs would leave no room. */
  async #evictFor(bytes: number): Promise<void> {
    const { blobUsage, removals, log } = this.#deps;
    const { signal } = this.#abort;
    this.#deps.dropParked();
    await removals.settled();
    if (this.#lacking(bytes) === 0) return;
    await this.#firstCount;
    const spared = await this.#deps.spared(signal);
    const rankOf: RankOf = (sha256, info) => spared.rankOf(sha256, lastUse(info));
    const totals = await blobUsage.count(signal, rankOf);
    const lacking = this.#lacking(bytes);
    if (totals === null || lacking === 0 || lacking > removableBytes(totals)) return;
    const purpose = this.#limits.purpose(this.#counted, bytes);
    const wantedBytes = lacking + Math.floor(totals.bytes * slack);
    const evicted = await evict(this.#layout, { blobUsage, totals, rankOf, wantedBytes, signal });
    if (evicted.blobs === 0) return;
    log.info(`Evicted ${shownBodies(evicted.blobs)}, ${shownBytes(evicted.bytes)}, ${purpose}`);
    this.#deps.evicted(evicted.blobs, evicted.bytes);
  }
}

function removableBytes({ bytesByRank }: BlobTotals): number {
  return bytesByRank.values().reduce((sum, bytes) => sum + bytes, 0);
}
