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
import { Scrubber, type ScrubOptions } from "./scrub.ts";
import { Sweeper } from "./sweep.ts";
import { Unreadable } from "./unreadable.ts";
import { CacheSpace } from "./cache_space.ts";
import { identityOf } from "./verified_files.ts";

export interface FsStoreOptions {
  readonly root: string;
  /** Null for no limit. */
  readonly maxBytes: number | null;
  /** Free space the file system keeps; 0 for not looking, null for what suits the size of the disk. */
  readonly minFreeBytes: number | null;
  /**
   * No upstream is ever asked: nothing is removed, since it could not be fetched again, and nothing needs to be written,
   * so that the folder may be on a read-only medium. False where absent.
   */
  readonly offline?: boolean;
  /** Those with files in the folder: what they have is spared where it cannot be fetched again. */
  readonly backends?: readonly KnownBackend[];
  /** Memory for small bodies. */
  readonly memoryBytes: number;
  readonly log: Log;
  readonly events: VaultEvents;
  /** How many files of bodies slow clients may hold open at once; `defaultOpenFiles` where absent. */
  readonly maxOpenFiles?: number;
  /** How often and how fast all bodies are compared with their digests in the background; never where absent. */
  readonly scrub?: ScrubOptions | null;
  /** For tests: what `statfs` would say. */
  readonly freeBytes?: () => number;
}

/** How often the size of the cache is written down for the next start. */
const saveUsageEveryMs = 10_000;

/** After a body was used, clients count as being served for so long. */
const busyForMs = 1000;

/** The store of DESIGN 3: plain files below one folder, which is made when it is not there. */
export function createFsStore(options: FsStoreOptions): Store {
  return new FsStore(options);
}

class FsStore implements Store {
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
  readonly #scrubber: Scrubber | null;
  readonly #saving: ReturnType<typeof setInterval>;
  readonly #offline: boolean;
  /** Notes in entries that are being written, one after the other. */
  #noting: Promise<void> = Promise.resolve();
  #closing: Promise<void> | null = null;

  constructor(options: FsStoreOptions) {
    const { log, events, root, freeBytes, offline = false, backends = [] } = options;
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
    this.#space = new CacheSpace(this.#layout, options, {
      ...{ blobUsage: this.#blobUsage, removals, log, offline, ...(freeBytes && { freeBytes }) },
      spared: (signal) =>
        Spared.collect(this.#layout, { backends, entries: this.#entries, absences: this.#absences }, signal),
      dropParked: () => this.#staging.dropParked(),
      evicted: (blobs, bytes) => {
        events.evicted(blobs, bytes);
        this.#sweeper.start();
      },
    });
    this.#blobs = new Blobs(this.#layout, {
      ...{ memoryBytes: options.memoryBytes, openFiles },
      damaged: (sha256, bytes, what) => {
        events.bodyDamaged();
        this.#removeDamaged({ sha256, bytes, what });
      },
      verified: (bytes) => events.bodyVerified(bytes),
      noteVerified: (entry, file) => this.#noteVerified(entry, file),
      unreadable: (path, error) => unreadable.failed(path, error),
    });
    this.#entries = new Entries(this.#layout, { temporary, unreadable: (path) => unreadable.check(path) });
    this.#absences = new Absences(this.#layout, { temporary, log });
    this.#sweeper = new Sweeper(this.#layout, { entries: this.#entries, log });
    const isBusy = () => openFiles.open > 0 || performance.now() - this.#blobs.lastUsedAt < busyForMs;
    this.#scrubber = options.scrub
      ? new Scrubber(this.#layout, options.scrub, {
        ...{ log, events, temporary, offline, isBusy },
        blobs: this.#blobs,
      })
      : null;
    this.#saving = setInterval(() => this.#blobUsage.save(), saveUsageEveryMs);
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
      throw storageFailed("keep a download in the cache", error);
    }
  }

  async renew(entry: Entry): Promise<void> {
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

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    clearInterval(this.#saving);
    await this.#space.close();
    await this.#sweeper.close();
    await this.#scrubber?.close();
    await this.#absences.close();
    await this.#removals.settled();
    await this.#noting;
    await this.#blobUsage.save();
    await this.#staging.close();
  }

  /** What cannot be written, as on a read-only medium, is verified again after the next start. */
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
 * Also counts as a use, since bytes that were left by an earlier transfer may be old. Only what may wait for
 * the disk is done off this thread: each such call costs as much as a small write. Returns the file's identity.
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
