import type { HeaderList } from "../http/headers.ts";
import { messageOf } from "../errors.ts";
import type { Log } from "../observe/log.ts";
import { namesIn, readJson, removeQuietly, replaceFile, statOrNull, storageFailed, withFolder } from "./files.ts";
import { type FsLayout, stagingName } from "./fs_layout.ts";
import type { ResumeRecord, Selector, StagedBody } from "./store.ts";
import type { Usage } from "./usage.ts";

/** How long the first request may wait to learn which left-over bytes are free to be taken. */
const adoptionWaitMs = 300;
/** Left-over bytes that nobody asked for in this time are given up. */
const parkedForMs = 7 * 24 * 3600 * 1000;

/**
 * The bodies under way of this process, in a folder of its own that it holds locked while it lives. A folder whose lock
 * can be taken belongs to a process that is gone: its resumable bodies are adopted. (`tryLock` is not in Deno 2.6, so
 * the lock of a living process is simply waited for, and its bodies are adopted when it ends.)
 */
export class Staging {
  readonly #layout: FsLayout;
  readonly #folder: string;
  readonly #log: Log;
  readonly #usage: () => Usage;
  #lock: Deno.FsFile | null = null;
  readonly #waiting = new Set<Deno.FsFile>();
  /** Staging name to the path, without suffix, of a body that can be gone on with. */
  readonly #parked = new Map<string, string>();
  readonly #ready: Promise<void>;
  #sequence = 0;
  #closed = false;

  /** `usage` is asked when bytes come or go. */
  constructor(layout: FsLayout, log: Log, usage: () => Usage) {
    this.#layout = layout;
    this.#log = log;
    this.#usage = usage;
    this.#folder = `${layout.staging}/${crypto.randomUUID()}`;
    this.#ready = this.#start();
  }

  /** The parked body for this selector, or null. */
  async resume(selector: Selector): Promise<StagedBody | null> {
    await this.#ready;
    const name = stagingName(selector.backend, selector.key, selector.requestHeaders);
    const base = this.#parked.get(name);
    if (base === undefined) return null;
    this.#parked.delete(name);
    const record = readRecord(`${base}.json`, selector);
    const sizeBytes = sizeOf(`${base}.part`);
    if (record && sizeBytes >= record.storedBytes) return this.#body(base, name, record);
    this.#usage().release(sizeBytes);
    removeBody(base);
    return null;
  }

  /** An empty staged body. */
  async stage(selector: Selector): Promise<StagedBody> {
    await this.#ready;
    const name = stagingName(selector.backend, selector.key, selector.requestHeaders);
    const base = this.#newBase(name);
    try {
      withFolder(base, () => Deno.openSync(`${base}.part`, { write: true, createNew: true }).close());
    } catch (error) {
      throw storageFailed("stage a download in the cache directory", error);
    }
    return this.#body(base, name, null);
  }

  /** Gives up all parked bytes. */
  dropParked(): void {
    for (const base of this.#parked.values()) {
      this.#usage().release(sizeOf(`${base}.part`));
      removeBody(base);
    }
    this.#parked.clear();
  }

  /** A path for a small file that is about to be renamed into place. */
  temporary(): string {
    return `${this.#folder}/${this.#sequence++}.tmp`;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#ready;
    for (const file of this.#waiting) file.close();
    this.#waiting.clear();
    this.#lock?.close();
    if (namesIn(this.#folder).every((name) => name === "lock")) removeQuietly(this.#folder);
  }

  #newBase(name: string): string {
    return `${this.#folder}/${name}-${this.#sequence++}`;
  }

  #body(base: string, name: string, resume: ResumeRecord | null): StagedBody {
    return new StagedFile(base, { usage: this.#usage(), resume, parked: () => this.#parked.set(name, base) });
  }

  async #start(): Promise<void> {
    try {
      await this.#claimFolder();
    } catch (error) {
      this.#log.warning(`Cannot prepare the staging folder "${this.#folder}": ${messageOf(error)}`);
      return;
    }
    const adoptions = namesIn(this.#layout.staging)
      .map((name) => `${this.#layout.staging}/${name}`)
      .filter((folder) => folder !== this.#folder)
      .map((folder) => this.#adoptWhenFree(folder));
    const enough = Promise.withResolvers<void>();
    const timer = setTimeout(enough.resolve, adoptionWaitMs);
    await Promise.race([Promise.all(adoptions), enough.promise]);
    clearTimeout(timer);
  }

  /** The folder appears under its name only once its lock is held, so that nobody takes it for abandoned. */
  async #claimFolder(): Promise<void> {
    const preparing = `${this.#layout.staging}/.new-${crypto.randomUUID()}`;
    Deno.mkdirSync(preparing, { recursive: true });
    this.#lock = Deno.openSync(`${preparing}/lock`, { write: true, createNew: true });
    await this.#lock.lock(true);
    Deno.renameSync(preparing, this.#folder);
  }

  async #adoptWhenFree(folder: string): Promise<void> {
    if (folder.includes("/.new-")) {
      removeStale(folder);
      return;
    }
    let lock: Deno.FsFile;
    try {
      lock = Deno.openSync(`${folder}/lock`, { write: true });
    } catch {
      removeStale(folder);
      return;
    }
    this.#waiting.add(lock);
    try {
      await lock.lock(true);
      if (!this.#closed) this.#adopt(folder);
    } catch (error) {
      if (!this.#closed) this.#log.warning(`Cannot adopt staged downloads of "${folder}": ${messageOf(error)}`);
    }
    if (this.#waiting.delete(lock)) lock.close();
  }

  #adopt(folder: string): void {
    for (const file of namesIn(folder)) {
      if (!file.endsWith(".json")) continue;
      const old = `${folder}/${file.slice(0, -".json".length)}`;
      const name = file.slice(0, file.lastIndexOf("-"));
      const part = statOrNull(`${old}.part`);
      if (!part || this.#parked.has(name) || Date.now() - (part.mtime?.getTime() ?? 0) > parkedForMs) continue;
      const base = this.#newBase(name);
      Deno.renameSync(`${old}.part`, `${base}.part`);
      Deno.renameSync(`${old}.json`, `${base}.json`);
      this.#parked.set(name, base);
    }
    for (const file of namesIn(folder)) {
      if (file.endsWith(".part")) this.#usage().release(sizeOf(`${folder}/${file}`));
    }
    removeQuietly(folder);
  }
}

interface StagedFileOptions {
  readonly usage: Usage;
  readonly resume: ResumeRecord | null;
  readonly parked: () => void;
}

/** A staged body in a file `<base>.part`, with its resume record in `<base>.json`. */
export class StagedFile implements StagedBody {
  readonly resume: ResumeRecord | null;
  path: string;
  readonly #base: string;
  readonly #usage: Usage;
  readonly #parked: () => void;
  /** What the cache counts for this body, and how much of it is on disk. */
  #reserved: number;
  #written: number;

  constructor(base: string, options: StagedFileOptions) {
    this.#base = base;
    this.path = `${base}.part`;
    this.#usage = options.usage;
    this.resume = options.resume;
    this.#reserved = this.#written = sizeOf(this.path);
    this.#parked = options.parked;
  }

  async reserve(sizeBytes: number): Promise<boolean> {
    const more = sizeBytes - this.#reserved;
    if (more <= 0) return true;
    const granted = await this.#usage.reserve(more);
    if (granted) this.#reserved += more;
    return granted;
  }

  wrote(bytes: number): void {
    this.#written += bytes;
    this.#usage.wrote(bytes);
  }

  openWriter(offset: number): Deno.FsFile {
    try {
      const file = Deno.openSync(this.path, { write: true });
      if (offset > 0) file.seekSync(offset, Deno.SeekMode.Start);
      return file;
    } catch (error) {
      throw storageFailed("write a staged download", error);
    }
  }

  openReader(offset: number): Deno.FsFile {
    try {
      const file = Deno.openSync(this.path);
      if (offset > 0) file.seekSync(offset, Deno.SeekMode.Start);
      return file;
    } catch (error) {
      throw storageFailed("read a staged download", error);
    }
  }

  saveRecord(record: ResumeRecord): void {
    try {
      replaceFile(`${this.#base}.json`, `${this.#base}.tmp`, JSON.stringify(record));
    } catch (error) {
      throw storageFailed("save a resume record", error);
    }
  }

  truncate(sizeBytes: number): void {
    try {
      Deno.truncateSync(this.path, sizeBytes);
    } catch (error) {
      throw storageFailed("cut a staged download", error);
    }
    this.#settle(sizeBytes);
  }

  park(): void {
    this.#settle(sizeOf(this.path));
    this.#parked();
  }

  discard(): void {
    this.#settle(0);
    removeBody(this.#base);
  }

  /** The body is at `path` from now on, and its bytes are the store's; what was reserved beyond them is given back. */
  committed(path: string, addedBytes: number): void {
    this.path = path;
    this.#settle(addedBytes);
    this.#reserved = this.#written = 0;
    removeQuietly(`${this.#base}.json`);
  }

  /** From now on `sizeBytes` count for this body, all of them on disk. */
  #settle(sizeBytes: number): void {
    this.#usage.wrote(this.#reserved - this.#written);
    this.#usage.release(this.#reserved - sizeBytes);
    this.#reserved = this.#written = sizeBytes;
  }
}

function sizeOf(path: string): number {
  return statOrNull(path)?.size ?? 0;
}

function readRecord(path: string, selector: Selector): ResumeRecord | null {
  const record = readJson(path) as ResumeRecord | null;
  if (record === null || typeof record !== "object") return null;
  const usable = record.backend === selector.backend && record.key === selector.key &&
    sameHeaders(record.requestHeaders, selector.requestHeaders) && typeof record.sha256 === "string" &&
    (record.validator === null || typeof record.validator === "string") && Number.isSafeInteger(record.storedBytes) &&
    record.storedBytes > 0 &&
    (record.sizeBytes === null || record.storedBytes < record.sizeBytes);
  return usable ? record : null;
}

function sameHeaders(a: HeaderList, b: HeaderList): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function removeBody(base: string): void {
  removeQuietly(`${base}.part`);
  removeQuietly(`${base}.json`);
}

/** Folders without a lock are half-made or half-removed; they are given an hour. */
function removeStale(folder: string): void {
  const changed = statOrNull(folder)?.mtime?.getTime() ?? 0;
  if (Date.now() - changed > 3600_000) removeQuietly(folder);
}
