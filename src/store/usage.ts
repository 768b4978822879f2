import { statfsSync } from "node:fs";
import { messageOf } from "../errors.ts";
import type { Log } from "../observe/log.ts";
import { BlobCount, type BlobTotals, eachBlob, lastUse } from "./blob_scan.ts";
import { readJson, removeQuietly, replaceFile } from "./files.ts";
import type { FsLayout } from "./fs_layout.ts";

/** How much the cache may hold; both limits hold at every moment, also for bodies under way. */
export interface UsageLimits {
  /** Null for no limit. */
  readonly maxBytes: number | null;
  readonly minFreeBytes: number;
}

interface UsageDeps {
  readonly log: Log;
  /** Free bytes of the file system, for tests; `statfs` otherwise. */
  readonly freeBytes?: () => number;
  readonly evicted: (blobs: number, bytes: number) => void;
  /** Gives up parked bytes of broken transfers: the first to go. */
  readonly dropParked: () => void;
  /** A path for a small file that is about to be renamed into place. */
  readonly temporary: () => string;
}

/** Evicting frees this part of the cache more than was asked, so that it is not done for every file. */
const evictionSlack = 0.05;

/**
 * Knows how many bytes the cache holds, and makes room by removing the blobs that were used longest ago. What other
 * processes add to the same directory meanwhile is seen at the next start or eviction.
 */
export class Usage {
  /** All blobs. */
  #blobBytes: number;
  /** What this process has staged or reserved. */
  #stagedBytes = 0;
  /** The part of it that is reserved and not yet on disk. */
  #promisedBytes = 0;
  /** Whether `#blobBytes` may be relied on. */
  #counted: boolean;
  /** The count that is going on: one at a time. */
  #count: BlobCount | null = null;
  readonly #firstCount: Promise<unknown>;
  /** Reservations take turns, so that what is evicted for one is not taken by another. */
  #turn: Promise<unknown>;
  #savedBytes = -1;
  #saving: Promise<void> = Promise.resolve();
  readonly #abort = new AbortController();
  readonly #layout: FsLayout;
  readonly #limits: UsageLimits;
  readonly #deps: UsageDeps;

  constructor(layout: FsLayout, limits: UsageLimits, deps: UsageDeps) {
    this.#layout = layout;
    this.#limits = limits;
    this.#deps = deps;
    const lastKnown = readLastKnown(layout.usage);
    this.#counted = lastKnown !== null;
    this.#blobBytes = lastKnown ?? 0;
    const warn = (error: unknown) => deps.log.warning(`Cannot count the cache: ${messageOf(error)}`);
    this.#firstCount = this.#countBlobs().catch(warn);
    this.#turn = this.#counted ? Promise.resolve() : this.#firstCount;
    this.#firstCount.then(() => this.reserve(0)).catch(warn);
  }

  get usedBytes(): number {
    return this.#blobBytes + this.#stagedBytes;
  }

  /** Makes room for `bytes` to be staged and counts them as used; false where the limits leave no room. */
  reserve(bytes: number): Promise<boolean> {
    const granted = this.#turn.then(() => this.#take(bytes));
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

  /** Told no later than a blob comes, goes or is replaced (0 bytes for none); what it gives is called when it has. */
  blobChanges(sha256: string, bytesBefore: number): (bytesAfter: number) => void {
    this.#count?.changes(sha256, bytesBefore);
    return (bytesAfter) => void (this.#blobBytes += bytesAfter - bytesBefore);
  }

  /** Remembers the size for the next start. */
  save(): Promise<void> {
    this.#saving = this.#saving.then(() => this.#save());
    return this.#saving;
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#firstCount;
    await this.#turn;
    await this.save();
  }

  async #save(): Promise<void> {
    const bytes = this.#blobBytes;
    if (!this.#counted || this.#savedBytes === bytes) return;
    try {
      await replaceFile(this.#layout.usage, this.#deps.temporary(), `{"blobBytes":${bytes}}\n`);
      this.#savedBytes = bytes;
    } catch {
      // The next start counts instead.
    }
  }

  async #take(bytes: number): Promise<boolean> {
    if (bytes > (this.#limits.maxBytes ?? Infinity)) return false;
    if (this.#lacking(bytes) > 0) await this.#makeRoom(bytes);
    if (this.#lacking(bytes) > 0) return false;
    this.#stagedBytes += bytes;
    this.#promisedBytes += bytes;
    return true;
  }

  /** How many bytes must go before `bytes` more may come. */
  #lacking(bytes: number): number {
    const { maxBytes, minFreeBytes } = this.#limits;
    const overMax = maxBytes === null ? 0 : this.usedBytes + bytes - maxBytes;
    const underFree = minFreeBytes === 0 ? 0 : minFreeBytes + this.#promisedBytes + bytes - this.#freeBytes();
    return Math.max(0, overMax, underFree);
  }

  #freeBytes(): number {
    if (this.#deps.freeBytes) return this.#deps.freeBytes();
    try {
      const { bavail, bsize } = statfsSync(this.#layout.root);
      return bavail * bsize;
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw error;
      return Infinity;
    }
  }

  /** Corrects the count by looking at every blob. Null when shutting down. */
  async #countBlobs(): Promise<BlobTotals | null> {
    this.#count = new BlobCount(this.#layout);
    const totals = await this.#count.run(this.#abort.signal).finally(() => this.#count = null);
    if (totals === null) return null;
    this.#blobBytes = totals.bytes;
    this.#counted = true;
    await this.save();
    return totals;
  }

  /** Evicts nothing where even an empty cache would leave no room. */
  async #makeRoom(bytes: number): Promise<void> {
    this.#deps.dropParked();
    if (this.#lacking(bytes) === 0) return;
    await this.#firstCount;
    const totals = await this.#countBlobs();
    const lacking = this.#lacking(bytes);
    if (totals === null || lacking === 0 || lacking > totals.bytes) return;
    const wanted = lacking + Math.floor(totals.bytes * evictionSlack);
    await this.#evict(wanted, cutoff(totals, wanted));
  }

  async #evict(wanted: number, cutoff: number): Promise<void> {
    let blobs = 0;
    let freed = 0;
    await eachBlob(this.#layout, (sha256, info) => {
      if (freed >= wanted || lastUse(info) > cutoff) return;
      if (!removeQuietly(this.#layout.blob(sha256))) return;
      this.blobChanges(sha256, info.size)(0);
      blobs += 1;
      freed += info.size;
    }, this.#abort.signal);
    if (blobs === 0) return;
    this.#deps.log.info(`Evicted ${blobs} bodies, ${freed} bytes, to keep the cache within its limits`);
    this.#deps.evicted(blobs, freed);
  }
}

/** The earliest second such that blobs last used until then add up to `wanted` bytes. */
function cutoff({ bytesBySecond }: BlobTotals, wanted: number): number {
  let sum = 0;
  for (const [second, bytes] of [...bytesBySecond].sort(([a], [b]) => a - b)) {
    sum += bytes;
    if (sum >= wanted) return second;
  }
  return Infinity;
}

function readLastKnown(path: string): number | null {
  const saved = readJson(path) as { blobBytes?: unknown } | null;
  const bytes = saved?.blobBytes;
  return typeof bytes === "number" && Number.isSafeInteger(bytes) && bytes >= 0 ? bytes : null;
}
