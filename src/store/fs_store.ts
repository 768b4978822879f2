import { messageOf } from "../errors.ts";
import type { VaultEvents } from "../observe/events.ts";
import type { Log } from "../observe/log.ts";
import { Bodies } from "./bodies.ts";
import { Entries } from "./entries.ts";
import { removeQuietly, statOrNull, storageFailed } from "./files.ts";
import { FsLayout } from "./fs_layout.ts";
import { StagedFile } from "./staged_file.ts";
import { Staging } from "./staging.ts";
import type { Entry, Selector, StagedBody, Store, StoredBody } from "./store.ts";
import { Usage } from "./usage.ts";

export interface FsStoreOptions {
  readonly root: string;
  /** Null for no limit. */
  readonly maxBytes: number | null;
  /** Free space the file system keeps; 0 for not looking. */
  readonly minFreeBytes: number;
  /** Memory for small bodies. */
  readonly memoryBytes: number;
  readonly log: Log;
  readonly events: VaultEvents;
  /** For tests: what `statfs` would say. */
  readonly freeBytes?: () => number;
}

/** How often the size of the cache is written down for the next start. */
const saveUsageEveryMs = 10_000;

/** The store of DESIGN 3: plain files below one folder, which is made when it is not there. */
export function createFsStore(options: FsStoreOptions): Store {
  return new FsStore(options);
}

class FsStore implements Store {
  readonly #layout: FsLayout;
  readonly #staging: Staging;
  readonly #usage: Usage;
  readonly #bodies: Bodies;
  readonly #entries: Entries;
  /** Blobs that are on their way into their place. */
  readonly #placing = new Map<string, Promise<void>>();
  readonly #saving: ReturnType<typeof setInterval>;

  constructor(options: FsStoreOptions) {
    const { log, events } = options;
    this.#layout = new FsLayout(options.root);
    this.#staging = new Staging(this.#layout, log, () => this.#usage);
    this.#usage = new Usage(this.#layout, options, {
      log,
      evicted: (blobs, bytes) => events.evicted(blobs, bytes),
      dropParked: () => this.#staging.dropParked(),
      temporary: () => this.#staging.temporary(),
      ...(options.freeBytes && { freeBytes: options.freeBytes }),
    });
    this.#bodies = new Bodies(this.#layout, {
      memoryBytes: options.memoryBytes,
      removed: (sha256, bytes) => {
        this.#usage.blobChanges(sha256, bytes)(0);
        log.warning("Removed a damaged body from the cache: its size was wrong. It is fetched again when asked for");
      },
    });
    this.#entries = new Entries(this.#layout, () => this.#staging.temporary());
    this.#saving = setInterval(() => this.#usage.save(), saveUsageEveryMs);
    Deno.unrefTimer(Number(this.#saving));
  }

  find(selector: Selector): Entry | null {
    return this.#entries.find(selector);
  }

  openBody(entry: Entry): StoredBody | null {
    return this.#bodies.open(entry.sha256, entry.sizeBytes);
  }

  hasBody(entry: Entry): boolean {
    return this.#bodies.has(entry.sha256, entry.sizeBytes);
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
      await syncToDisk(staged.path, entry.sizeBytes);
      await this.#place(staged, entry);
      await this.#entries.write(entry);
    } catch (error) {
      throw storageFailed("keep a download in the cache", error);
    }
  }

  async renew(entry: Entry): Promise<void> {
    try {
      await this.#entries.write(entry);
    } catch (error) {
      throw storageFailed("renew a cache entry", error);
    }
  }

  usedBytes(): number {
    return this.#usage.usedBytes;
  }

  probe(): string | null {
    const path = `${this.#layout.root}/.probe-${crypto.randomUUID()}`;
    try {
      Deno.mkdirSync(this.#layout.root, { recursive: true });
      Deno.writeTextFileSync(path, "");
      return null;
    } catch (error) {
      return messageOf(error);
    } finally {
      removeQuietly(path);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#saving);
    await this.#usage.close();
    await this.#staging.close();
  }

  /** One at a time for the same bytes, so that they are counted once. */
  async #place(staged: StagedFile, { sha256, sizeBytes }: Entry): Promise<void> {
    while (this.#placing.has(sha256)) await this.#placing.get(sha256);
    const blob = this.#layout.blob(sha256);
    const changed = this.#usage.blobChanges(sha256, statOrNull(blob)?.size ?? 0);
    const placing = staged.commit(blob, () => changed(sizeBytes));
    this.#placing.set(sha256, placing.catch(() => {}).finally(() => this.#placing.delete(sha256)));
    await placing;
  }
}

/** Also counts as a use, since bytes that were left by an earlier transfer may be old. */
async function syncToDisk(path: string, sizeBytes: number): Promise<void> {
  using file = await Deno.open(path, { write: true });
  const { size } = await file.stat();
  if (size !== sizeBytes) throw new Error(`the staged file has ${size} of ${sizeBytes} bytes`);
  await file.utime(new Date(), new Date());
  await file.syncData();
}
