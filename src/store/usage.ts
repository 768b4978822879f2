import { statfsSync } from "node:fs";
import { messageOf } from "../errors.ts";
import type { Log } from "../observe/log.ts";
import type { FsLayout } from "./fs_layout.ts";
import { namesIn, readJson, removeQuietly, replaceFile, statOrNull } from "./files.ts";

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
}

/** Counting pauses after this many files, so that requests are answered in between. */
const filesPerSlice = 256;
/** Evicting frees this part of the cache more than was asked, so that it is not done for every file. */
const evictionSlack = 0.05;

/** Knows how many bytes the cache holds, and makes room by removing the blobs that were used longest ago. */
export class Usage {
  #used = 0;
  /** Reserved, and not yet on disk. */
  #promised = 0;
  /** Settles when `usedBytes` may be relied on. */
  readonly #known: Promise<void>;
  readonly #counting: Promise<void>;
  #evicting: Promise<void> | null = null;
  #savedBytes = -1;
  readonly #abort = new AbortController();
  readonly #layout: FsLayout;
  readonly #limits: UsageLimits;
  readonly #deps: UsageDeps;

  constructor(layout: FsLayout, limits: UsageLimits, deps: UsageDeps) {
    this.#layout = layout;
    this.#limits = limits;
    this.#deps = deps;
    const last = readJson(layout.usage) as { bytes?: unknown } | null;
    if (typeof last?.bytes === "number") this.#used = last.bytes;
    this.#counting = this.#count().catch((error) => deps.log.warning(`Cannot count the cache: ${messageOf(error)}`));
    this.#known = typeof last?.bytes === "number" ? Promise.resolve() : this.#counting;
  }

  get usedBytes(): number {
    return this.#used;
  }

  /** Makes room for `bytes` and counts them as used; false where the limits leave no room. */
  async reserve(bytes: number): Promise<boolean> {
    await this.#known;
    if (this.#lacking(bytes) > 0) await this.#evict(bytes);
    if (this.#lacking(bytes) > 0) return false;
    this.#used += bytes;
    this.#promised += bytes;
    return true;
  }

  /** Reserved bytes that are on disk now, or are not going to be. */
  wrote(bytes: number): void {
    this.#promised = Math.max(0, this.#promised - bytes);
  }

  release(bytes: number): void {
    this.#used = Math.max(0, this.#used - bytes);
  }

  /** Remembers the size for the next start. */
  save(): void {
    if (this.#savedBytes === this.#used) return;
    this.#savedBytes = this.#used;
    try {
      replaceFile(this.#layout.usage, `${this.#layout.usage}.${crypto.randomUUID()}`, `{"bytes":${this.#used}}\n`);
    } catch {
      // The next start counts instead.
    }
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#counting;
    await this.#evicting;
    this.save();
  }

  /** How many bytes must go before `bytes` more may come. */
  #lacking(bytes: number): number {
    const overMax = this.#limits.maxBytes === null ? 0 : this.#used + bytes - this.#limits.maxBytes;
    const underFree = this.#limits.minFreeBytes === 0
      ? 0
      : this.#limits.minFreeBytes + this.#promised + bytes - this.#freeBytes();
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

  /** Corrects the count by looking at every file; again where it changed meanwhile, and settling for that in the end. */
  async #count(): Promise<void> {
    for (let round = 1; round <= 3; round++) {
      const before = this.#used;
      let total = this.#stagedBytes();
      await this.#eachBlob((_path, info) => void (total += info.size));
      if (this.#abort.signal.aborted) return;
      const meanwhile = this.#used - before;
      this.#used = total + Math.max(0, meanwhile);
      if (meanwhile === 0) break;
    }
    this.save();
    await this.#evict(0);
  }

  #stagedBytes(): number {
    let total = 0;
    for (const instance of namesIn(this.#layout.staging)) {
      for (const name of namesIn(`${this.#layout.staging}/${instance}`)) {
        total += statOrNull(`${this.#layout.staging}/${instance}/${name}`)?.size ?? 0;
      }
    }
    return total;
  }

  /** Frees room for `bytes`; one eviction at a time, which the others wait for. */
  async #evict(bytes: number): Promise<void> {
    while (this.#evicting) await this.#evicting;
    const lacking = this.#lacking(bytes);
    if (lacking === 0) return;
    this.#evicting = this.#evictBytes(lacking).finally(() => this.#evicting = null);
    await this.#evicting;
  }

  async #evictBytes(lacking: number): Promise<void> {
    this.#deps.dropParked();
    const wanted = lacking + Math.floor((this.#limits.maxBytes ?? 0) * evictionSlack);
    const cutoff = await this.#cutoff(wanted);
    let blobs = 0;
    let freed = 0;
    await this.#eachBlob((path, info) => {
      if (freed >= wanted || lastUse(info) > cutoff) return;
      removeQuietly(path);
      blobs += 1;
      freed += info.size;
      this.release(info.size);
    });
    if (blobs > 0) this.#deps.log.info(`Evicted ${blobs} bodies, ${freed} bytes, to keep the cache within its limits`);
    this.#deps.evicted(blobs, freed);
  }

  /** The earliest second such that blobs last used until then add up to `wanted` bytes. */
  async #cutoff(wanted: number): Promise<number> {
    const bytesBySecond = new Map<number, number>();
    await this.#eachBlob((_path, info) => {
      const second = lastUse(info);
      bytesBySecond.set(second, (bytesBySecond.get(second) ?? 0) + info.size);
    });
    let sum = 0;
    for (const [second, bytes] of [...bytesBySecond].sort(([a], [b]) => a - b)) {
      sum += bytes;
      if (sum >= wanted) return second;
    }
    return Infinity;
  }

  async #eachBlob(visit: (path: string, info: Deno.FileInfo) => void): Promise<void> {
    let files = 0;
    for (const shard of namesIn(this.#layout.blobs)) {
      for (const name of namesIn(`${this.#layout.blobs}/${shard}`)) {
        if (files++ % filesPerSlice === 0) await new Promise((resolve) => setTimeout(resolve, 0));
        if (this.#abort.signal.aborted) return;
        const path = `${this.#layout.blobs}/${shard}/${name}`;
        const info = statOrNull(path);
        if (info?.isFile) visit(path, info);
      }
    }
  }
}

/** In whole seconds since the epoch. */
function lastUse(info: Deno.FileInfo): number {
  return Math.floor((info.atime ?? info.mtime ?? new Date(0)).getTime() / 1000);
}
