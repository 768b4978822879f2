import { messageOf } from "../errors.ts";
import type { VaultEvents } from "../observe/events.ts";
import type { Log } from "../observe/log.ts";
import { Absences } from "./absences.ts";
import { BlobUsage } from "./blob_usage.ts";
import { Blobs, type Damage, smallBodyBytes, touchEveryMs } from "./blobs.ts";
import { Entries } from "./entries.ts";
import { storageFailed } from "./files.ts";
import { FsLayout } from "./fs_layout.ts";
import { OpenFiles } from "./open_files.ts";
import { Removals } from "./removals.ts";
import { StagedFile } from "./staged_file.ts";
import { probeFolder } from "./probe.ts";
import { Staging } from "./staging.ts";
import type { Absence, Entry, Selector, StagedBody, Store, StoredBody } from "./store.ts";
import { type KnownBackend, Spared } from "./spared.ts";
import { SharedChanges } from "./shared_changes.ts";
import type { RetentionOptions } from "./retainer.ts";
import type { ScrubOptions } from "./scrub.ts";
import { Sweeper } from "./sweep.ts";
import { Unreadable } from "./unreadable.ts";
import { Upkeep, type UpkeepOptions } from "./upkeep.ts";
import { CacheSpace } from "./cache_space.ts";
import { identityOf } from "./verified_files.ts";

export interface FsStoreOptions {
  readonly root: string;
  /** Null for no limit. */
  readonly maxBytes: number | null;
  /** Free bytes that the file system keeps; 0 for no limit, null for a share of its size. */
  readonly minFreeBytes: number | null;
  /**
   * True where no upstream is ever asked: then nothing is removed, since it could not be fetched again, and nothing has
   * to be written, so that the folder may be on a read-only medium. False when absent.
   */
  readonly offline?: boolean;
  /** False where nothing that is cached makes room for others. True when absent. */
  readonly evicts?: boolean;
  /** The configured backends: the bodies of those that are offline are never removed. */
  readonly backends?: readonly KnownBackend[];
  /** Yields the digests of bodies that are never removed; called before each eviction. None when absent. */
  readonly pinned?: () => AsyncIterable<string>;
  /** Memory for small bodies; with 0 few entries are kept there, too. */
  readonly memoryBytes: number;
  readonly log: Log;
  readonly events: VaultEvents;
  /** The number of files of bodies that may stay open for slow clients; `defaultOpenFiles` when absent. */
  readonly maxOpenFiles?: number;
  /** The pace at which all bodies are compared with their digests in the background; never when absent. */
  readonly scrub?: ScrubOptions | null;
  /** How long bodies stay that nobody asks for; for ever when absent. Offline, nothing is removed. */
  readonly retention?: RetentionOptions | null;
  /** True for whoever only looks: reading a body is no use of it then. False when absent. */
  readonly isLooking?: boolean;
  /** For tests: the free bytes of the file system, in place of `statfs`. */
  readonly freeBytes?: () => number;
  /** For tests: how often it looks what other processes have changed. */
  readonly togetherEveryMs?: number;
}

/** The options that may change while the store is open. */
export type StoreRules = Pick<FsStoreOptions, "maxBytes" | "minFreeBytes" | "backends" | "scrub" | "retention">;

/** A store whose rules may change while it is open. */
export interface ConfigurableStore extends Store {
  /** Goes by these rules from now on. */
  configure(rules: StoreRules): Promise<void>;
  /** Takes note of what others have changed in the directory: from now on, what they removed is not served. */
  lookAnew(): void;
}

/**
 * The size of the cache is written to disk this often, for the next start; and so often a process looks whether others
 * have changed it.
 */
const togetherEveryMs = 5000;

/** Other processes count again after changes of more than this share of the cache. */
const announcedShare = 0.01;

/** Clients count as being served for so long after a body was used. */
const busyForMs = 1000;

async function* nothingPinned(): AsyncGenerator<string> {}

/** Opens a store of plain files below one folder, which is made when it is missing. */
export function createFsStore(options: FsStoreOptions): ConfigurableStore {
  return new FsStore(options);
}

class FsStore implements ConfigurableStore {
  #options: FsStoreOptions;
  readonly #layout: FsLayout;
  readonly #log: Log;
  readonly #removals = new Removals();
  readonly #blobUsage: BlobUsage;
  readonly #staging: Staging;
  readonly #space: CacheSpace;
  readonly #blobs: Blobs;
  readonly #entries: Entries;
  readonly #absences: Absences;
  readonly #sweeper: Sweeper;
  readonly #upkeep: Upkeep;
  readonly #changes: SharedChanges;
  /** True from a change by another process until it has been counted. */
  #isOutdated = false;
  /** The bytes that this process has added and removed, and that others have not heard of. */
  #unannounced = 0;
  readonly #saving: ReturnType<typeof setInterval>;
  /** The turn under way of what `#saving` does. */
  #keeping: Promise<void> | null = null;
  readonly #offline: boolean;
  /** Entries are updated one after the other when their bodies were verified. */
  #noting: Promise<void> = Promise.resolve();
  #closing: Promise<void> | null = null;

  constructor(options: FsStoreOptions) {
    const { log, events, root, freeBytes, offline = false, evicts = true } = options;
    this.#options = options;
    this.#offline = offline;
    const removals = this.#removals;
    const openFiles = new OpenFiles(options.maxOpenFiles);
    const temporary = () => this.#staging.temporary();
    const unreadable = new Unreadable(root, log);
    this.#log = log;
    this.#layout = new FsLayout(root);
    this.#staging = new Staging(this.#layout, {
      ...{ log, removals, openFiles, offline, space: () => this.#space },
    });
    this.#blobUsage = new BlobUsage(this.#layout, { removals, temporary, saves: !offline });
    const keepsAllSince = offline ? "the vault is offline" : evicts ? null : "nothing may be evicted for what comes";
    this.#space = new CacheSpace(this.#layout, options, {
      ...{ blobUsage: this.#blobUsage, removals, log, keepsAllSince, ...(freeBytes && { freeBytes }) },
      spared: (signal) => this.#spared(signal),
      dropParked: () => this.#staging.dropParked(),
      evicted: (blobs, bytes) => {
        events.evicted(blobs, bytes);
        this.#sweeper.start();
      },
    });
    this.#blobs = new Blobs(this.#layout, {
      ...{ memoryBytes: options.memoryBytes, openFiles, touches: options.isLooking !== true },
      damaged: (sha256, bytes, what) => {
        events.bodyDamaged();
        this.#removeDamaged({ sha256, bytes, what });
      },
      verified: (bytes) => events.bodyVerified(bytes),
      noteVerified: (entry, file) => this.#noteVerified(entry, file),
      unreadable: (path, error) => unreadable.failed(path, error),
    });
    this.#entries = new Entries(this.#layout, {
      ...{ temporary, unreadable: (path) => unreadable.check(path) },
      isBrief: options.memoryBytes === 0,
    });
    this.#absences = new Absences(this.#layout, { temporary, log });
    this.#sweeper = new Sweeper(this.#layout, { entries: this.#entries, log });
    const isBusy = () => openFiles.open > 0 || performance.now() - this.#blobs.lastUsedAt < busyForMs;
    this.#upkeep = new Upkeep(this.#layout, this.#upkeepOf(options), {
      scrubber: { ...{ log, events, temporary, offline, isBusy }, blobs: this.#blobs },
      retainer: {
        ...{ blobUsage: this.#blobUsage, log, spared: (signal) => this.#spared(signal) },
        removed: (blobs, bytes) => {
          events.expired(blobs, bytes);
          this.#sweeper.start();
        },
      },
    });
    this.#changes = new SharedChanges(this.#layout, temporary);
    const keepTogether = () => {
      this.#keeping ??= this.#keepTogether().finally(() => this.#keeping = null);
    };
    this.#saving = setInterval(keepTogether, options.togetherEveryMs ?? togetherEveryMs);
    Deno.unrefTimer(Number(this.#saving));
  }

  find(selector: Selector): Entry | null {
    return this.#entries.find(selector);
  }

  findAbsence({ backend, key }: Pick<Selector, "backend" | "key">): Absence | null {
    return this.#absences.find(backend, key);
  }

  rememberAbsence({ backend, key }: Pick<Selector, "backend" | "key">, absence: Absence): void {
    this.#absences.remember(backend, key, absence);
  }

  forgetAbsence({ backend, key }: Pick<Selector, "backend" | "key">): void {
    this.#absences.forget(backend, key);
  }

  entries(backend: string, prefix: string): AsyncIterable<Entry> {
    return this.#entries.below(backend, prefix);
  }

  openBody(entry: Entry): StoredBody | null {
    return this.#blobs.open(entry);
  }

  hasBody(entry: Entry): boolean {
    return this.#blobs.size(entry.sha256) === entry.sizeBytes;
  }

  bodySize(sha256: string): number | null {
    return this.#blobs.size(sha256);
  }

  resume(selector: Selector): Promise<StagedBody | null> {
    return this.#staging.resume(selector);
  }

  stage(selector: Selector): Promise<StagedBody> {
    return this.#staging.stage(selector);
  }

  async commit(staged: StagedBody, entry: Entry): Promise<void> {
    if (!(staged instanceof StagedFile)) throw new TypeError("Not a body staged by this store");
    try {
      const file = await syncToDisk(staged.path, entry.sizeBytes);
      const blob = this.#layout.blob(entry.sha256);
      await this.#blobUsage.putBlob(entry.sha256, entry.sizeBytes, (counted) => staged.commit(blob, counted));
      const isLarge = entry.sizeBytes > smallBodyBytes;
      if (isLarge) this.#blobs.stored(entry.sha256, file);
      await this.#entries.write(isLarge ? { ...entry, verifiedFile: file } : entry);
    } catch (error) {
      throw storageFailed("store a download in the cache", error);
    }
  }

  async putEntry(entry: Entry): Promise<void> {
    try {
      const verifiedFile = this.#blobs.verifiedFile(entry.sha256) ?? entry.verifiedFile;
      await this.#entries.write(verifiedFile === undefined ? entry : { ...entry, verifiedFile });
    } catch (error) {
      throw storageFailed("renew a cache entry", error);
    }
  }

  usedBytes(): number {
    return this.#space.usedBytes;
  }

  probe(): string | null {
    return this.#offline
      ? probeFolder(this.#layout.root, { offline: true })
      : probeFolder(this.#layout.staging, { offline: false });
  }

  async configure(rules: StoreRules): Promise<void> {
    this.#options = { ...this.#options, ...rules };
    this.#space.limit(rules);
    await this.#upkeep.configure(this.#upkeepOf(rules));
  }

  lookAnew(): void {
    this.#entries.doubt();
    this.#takeChanges();
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    clearInterval(this.#saving);
    await this.#keeping;
    await this.#space.close();
    await this.#sweeper.close();
    await this.#upkeep.close();
    await this.#absences.close();
    await this.#removals.settled();
    await this.#noting;
    await this.#blobUsage.save();
    await this.#announce(0);
    await this.#staging.close();
    this.#blobs.restoreLastUses();
  }

  #spared(signal: AbortSignal): Promise<Spared> {
    const { backends = [], pinned = nothingPinned } = this.#options;
    return Spared.collect(this.#layout, { backends, pinned, entries: this.#entries, absences: this.#absences }, signal);
  }

  #upkeepOf({ scrub = null, retention = null }: StoreRules): UpkeepOptions {
    return { scrub, retention: this.#offline ? null : retention };
  }

  /** Keeps the counts of all processes that share the directory about right. */
  async #keepTogether(): Promise<void> {
    this.#takeChanges();
    await this.#blobUsage.save();
    await this.#announce(this.#blobUsage.bytes * announcedShare);
  }

  #takeChanges(): void {
    if (this.#changes.take()) {
      this.#isOutdated = true;
      this.#absences.reload();
    }
    if (this.#isOutdated && this.#space.recount()) this.#isOutdated = false;
  }

  /** Lets other processes know where this one has added and removed more than `mostBytes`. */
  async #announce(mostBytes: number): Promise<void> {
    this.#unannounced += this.#blobUsage.takeTurnover();
    if (this.#offline || this.#unannounced <= mostBytes) return;
    this.#unannounced = 0;
    await this.#changes.announce().catch((error) =>
      this.#log.debug(`Cannot let other processes know of changes in the cache: ${messageOf(error)}`)
    );
  }

  /** A note that cannot be written, as on a read-only medium, means that the body is verified again after a start. */
  #noteVerified(entry: Entry, file: string): void {
    const { backend, key } = entry;
    this.#noting = this.#noting.then(() => this.#entries.noteVerified(entry, file)).catch((error) =>
      this.#log.debug(`Cannot note that the body of ${backend} ${key} was verified: ${messageOf(error)}`)
    );
  }

  async #removeDamaged({ sha256, bytes, what }: { sha256: string; bytes: number; what: Damage }): Promise<void> {
    if (this.#offline) {
      return this.#log.warning(`A body in the cache is damaged: ${what} is wrong, and offline it stays (${sha256})`);
    }
    try {
      if (!await this.#blobUsage.remove(sha256, bytes)) return;
      this.#log.warning(
        `Removed a damaged body from the cache: ${what} was wrong. It is fetched again when asked for`,
      );
    } catch (error) {
      this.#log.warning(`Cannot remove a damaged body from the cache: ${messageOf(error)}`);
    }
  }
}

/**
 * Flushes a staged file to disk and returns its identity. This counts as a use, since bytes of an earlier transfer may
 * be old. Only calls that may wait for the disk run off this thread: each of those costs as much as a small write.
 */
async function syncToDisk(path: string, sizeBytes: number): Promise<string> {
  using file = Deno.openSync(path, { write: true });
  const info = file.statSync();
  const { size, atime } = info;
  if (size !== sizeBytes) throw new Error(`the staged file has ${size} of ${sizeBytes} bytes`);
  const now = new Date(Date.now());
  const isRecent = atime !== null && Math.abs(now.getTime() - atime.getTime()) < touchEveryMs;
  if (!isRecent) await file.utime(now, now);
  await file.syncData();
  return identityOf(isRecent ? info : { ...info, mtime: now });
}
