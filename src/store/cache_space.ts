import { messageOf } from "../errors.ts";
import type { Log } from "../observe/log.ts";
import { shownBytes } from "../observe/shown_bytes.ts";
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
  /** Nothing is ever removed: it could not be fetched again. */
  readonly offline: boolean;
  /** Which blobs stay whatever lacks, and which go last. */
  readonly spared: (signal: AbortSignal) => Promise<Spared>;
  /** Free bytes of the file system, for tests; `statfs` otherwise. */
  readonly freeBytes?: () => number;
  readonly evicted: (blobs: number, bytes: number) => void;
  /** Gives up parked bytes of broken transfers: the first to go. */
  readonly dropParked: () => void;
}

/** Evicting frees this part of the cache more than was asked, so that it is not done for every file. */
const slack = 0.05;
/** Room for this part of the cache is made ahead of need, so that nobody waits for it. */
const ahead = 0.05;
/** In a smaller cache one body often is more than that, and making room takes no time: it is made when needed. */
const aheadFromBytes = 256 * 1024 * 1024;
/** Room that could not be made ahead is not looked for again so soon: the bytes in the way are not ours to evict. */
const restMs = 60_000;
/** While there is no room, the log says so this often. */
const warnEveryMs = 3_600_000;

/**
 * Knows how many bytes the cache holds, and makes room by removing the blobs that were used longest ago. What other
 * processes add to the same directory meanwhile is seen at the next start or eviction.
 */
export class CacheSpace {
  /** What this process has staged or reserved. */
  #stagedBytes = 0;
  /** The part of it that is reserved and not yet on disk. */
  #promisedBytes = 0;
  readonly #firstCount: Promise<unknown>;
  /** Reservations take turns, so that what is evicted for one is not taken by another. */
  #turn: Promise<unknown>;
  /** The eviction that is going on: one at a time. Never rejects. */
  #evicting: Promise<void> | null = null;
  #restUntil = 0;
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
   * Makes room for `bytes` to be staged and counts them as used; false where the limits leave no room for them and the
   * `later` ones that are to follow.
   */
  reserve(bytes: number, later = 0): Promise<boolean> {
    const granted = this.#turn.then(() => this.#take(bytes, later));
    this.#turn = granted.catch(() => {});
    return granted;
  }

  /** Reserved bytes that are on disk now, or are not going to be. */
  wrote(bytes: number): void {
    this.#promisedBytes -= bytes;
  }

  /** Staged bytes that another process left. */
  adopted(bytes: number): void {
    this.#stagedBytes += bytes;
  }

  /** Staged bytes that are gone, or have become a blob. */
  unstaged(bytes: number): void {
    this.#stagedBytes -= bytes;
  }

  /** Stops an eviction under way, and waits for it. */
  async close(): Promise<void> {
    this.#abort.abort();
    await this.#firstCount;
    await this.#turn;
    await this.#evicting;
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

  /** Whether there could be room for `bytes` more, if all went that there is. */
  #canFit(bytes: number): boolean {
    const removable = this.#deps.offline ? 0 : Math.max(0, this.usedBytes);
    return bytes <= this.#limits.maxBytes && this.#lacking(bytes) <= removable;
  }

  /** How many bytes must go before `bytes` more may come. */
  #lacking(bytes: number): number {
    return this.#limits.lacking(this.#counted, bytes);
  }

  get #counted(): CountedBytes {
    return { used: this.usedBytes, promised: this.#promisedBytes };
  }

  /** A cache that came from a larger disk, or had a higher limit, is left as it is until something new comes. */
  #reportExcess(): void {
    if (this.#abort.signal.aborted || this.#lacking(0) === 0) return;
    const why = this.#deps.offline ? "the vault is offline" : "nothing new needs the room yet";
    this.#warn(`The cache is beyond its limits, and nothing is removed, since ${why}`, 0);
  }

  #reportNoRoom(bytes: number): void {
    if (performance.now() - this.#warnedAt < warnEveryMs) return;
    this.#warnedAt = performance.now();
    this.#warn(`No room in the cache for a body of ${shownBytes(bytes)}: it is passed on and not kept`, bytes);
  }

  #warn(what: string, bytes: number): void {
    this.#deps.log.warning(`${what}: ${this.#limits.describe(this.#counted, bytes)}`);
  }

  /** Waits for what is being removed anyhow before it evicts. */
  async #makeRoom(bytes: number): Promise<void> {
    if (this.#deps.offline) return;
    await this.#deps.removals.settled();
    if (this.#lacking(bytes) > 0) await this.#evicting;
    if (this.#lacking(bytes) > 0) await this.#startEviction(bytes);
  }

  #makeRoomAhead(): void {
    const { bytes } = this.#deps.blobUsage;
    const wanted = Math.floor(bytes * ahead);
    if (
      this.#deps.offline || bytes < aheadFromBytes || this.#evicting || performance.now() < this.#restUntil ||
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

  /** Evicts nothing where even the removal of all that may go would leave no room. */
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
    log.info(`Evicted ${evicted.blobs} bodies, ${evicted.bytes} bytes, ${purpose}`);
    this.#deps.evicted(evicted.blobs, evicted.bytes);
  }
}

function removableBytes({ bytesByRank }: BlobTotals): number {
  return bytesByRank.values().reduce((sum, bytes) => sum + bytes, 0);
}
