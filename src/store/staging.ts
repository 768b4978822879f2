import { messageOf } from "../errors.ts";
import type { HeaderList } from "../http/headers.ts";
import type { Log } from "../observe/log.ts";
import { fileMode, folderMode, namesIn, removeQuietly, storageFailed, withFolder } from "./files.ts";
import { type FsLayout, stagingName } from "./fs_layout.ts";
import type { OpenFiles } from "./open_files.ts";
import { fileOrNull, openRegularFile, readJson, statOrNull } from "./regular_files.ts";
import type { Removals } from "./removals.ts";
import { removeStaged, StagedFile, type StagedFileOptions } from "./staged_file.ts";
import type { ResumeRecord, Selector, StagedBody } from "./store.ts";
import type { CacheSpace } from "./cache_space.ts";

/** The first transfer waits at most so long for staged bytes of earlier processes. */
const recoveryWaitMs = 300;
/** Staged bytes of earlier processes that are older are not recovered. */
const parkedForMs = 7 * 24 * 3600 * 1000;
const lockSuffix = ".lock";

interface StagingDeps {
  readonly log: Log;
  readonly removals: Removals;
  readonly openFiles: OpenFiles;
  /** Offline, nothing is staged, and the staged bytes of other processes stay for those who can fetch the rest. */
  readonly offline: boolean;
  /** A function, since the space is made after this. */
  readonly space: () => CacheSpace;
}

/** A staged body that the next transfer can resume. */
interface Parked {
  /** Its path without a suffix. */
  readonly base: string;
  readonly sizeBytes: number;
}

/**
 * The staged bodies of this process, in a folder of its own with a lock beside it, which the process holds until it
 * ends. A folder whose lock can be taken belongs to a process that has ended: its resumable bodies are recovered. (Deno
 * 2.6 has no `tryLock`, so this waits for the lock of a living process, and recovers its bodies when it ends.)
 */
export class Staging {
  readonly #layout: FsLayout;
  readonly #folder: string;
  readonly #deps: StagingDeps;
  #lock: Deno.FsFile | null = null;
  readonly #waiting = new Set<Deno.FsFile>();
  /** Keys are staging names. */
  readonly #parked = new Map<string, Parked>();
  readonly #ready: Promise<void>;
  #sequence = 0;
  #closed = false;

  constructor(layout: FsLayout, deps: StagingDeps) {
    this.#layout = layout;
    this.#deps = deps;
    this.#folder = `${layout.staging}/${crypto.randomUUID()}`;
    this.#ready = deps.offline ? Promise.resolve() : this.#start();
  }

  /** The parked body of this selector; null where there is none. */
  async resume(selector: Selector): Promise<StagedBody | null> {
    await this.#ready;
    const name = stagingName(selector.backend, selector.key, selector.requestHeaders);
    const parked = this.#parked.get(name);
    if (parked === undefined) return null;
    const record = readRecord(`${parked.base}.json`, selector);
    if (
      record && record.storedBytes <= parked.sizeBytes && fileOrNull(`${parked.base}.part`)?.size === parked.sizeBytes
    ) {
      this.#parked.delete(name);
      return this.#body(name, parked, { resume: record, created: null });
    }
    this.#drop(name);
    return null;
  }

  /** An empty staged body. */
  async stage(selector: Selector): Promise<StagedBody> {
    await this.#ready;
    const name = stagingName(selector.backend, selector.key, selector.requestHeaders);
    const base = this.#newBase(name);
    try {
      if (statOrNull(lockOf(this.#folder)) === null) this.#claimFolder();
      const create = () => Deno.openSync(`${base}.part`, { write: true, createNew: true, mode: fileMode });
      const created = await withFolder(base, create);
      return this.#body(name, { base, sizeBytes: 0 }, { resume: null, created });
    } catch (error) {
      throw storageFailed("stage a download in the cache directory", error);
    }
  }

  /** Removes all parked bytes. */
  dropParked(): void {
    for (const name of [...this.#parked.keys()]) this.#drop(name);
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
    await this.#deps.removals.settled();
    if (namesIn(this.#folder).length === 0) {
      removeQuietly(this.#folder);
      removeQuietly(lockOf(this.#folder));
    }
    this.#lock?.close();
  }

  #newBase(name: string): string {
    return `${this.#folder}/${name}-${this.#sequence++}`;
  }

  #body(
    name: string,
    { base, sizeBytes }: Parked,
    origin: Pick<StagedFileOptions, "resume" | "created">,
  ): StagedBody {
    const parked = (sizeBytes: number) => this.#park(name, { base, sizeBytes });
    return new StagedFile(base, {
      ...{ space: this.#deps.space(), removals: this.#deps.removals, openFiles: this.#deps.openFiles },
      ...{ ...origin, sizeBytes, parked },
    });
  }

  /** Of two transfers of one selector side by side, the later one's bytes stay. */
  #park(name: string, parked: Parked): void {
    this.#drop(name);
    this.#parked.set(name, parked);
  }

  #drop(name: string): void {
    const parked = this.#parked.get(name);
    if (!parked) return;
    this.#parked.delete(name);
    const { space, removals } = this.#deps;
    removeStaged(parked.base, parked.sizeBytes, { removals, removed: () => space().unstaged(parked.sizeBytes) });
  }

  async #start(): Promise<void> {
    try {
      this.#claimFolder();
    } catch (error) {
      this.#deps.log.warning(`Cannot prepare the staging folder "${this.#folder}": ${messageOf(error)}`);
    }
    const names = new Set(namesIn(this.#layout.staging));
    const recoveries: Promise<void>[] = [];
    for (const name of names) {
      const path = `${this.#layout.staging}/${name}`;
      if (!name.endsWith(lockSuffix)) recoveries.push(this.#recoverWhenFree(path));
      else if (!names.has(name.slice(0, -lockSuffix.length))) removeStale(path);
    }
    const enough = Promise.withResolvers<void>();
    const timer = setTimeout(enough.resolve, recoveryWaitMs);
    await Promise.race([Promise.all(recoveries), enough.promise]);
    clearTimeout(timer);
  }

  /** Locks first and makes the folder second, so that no other process recovers it. */
  #claimFolder(): void {
    this.#lock?.close();
    this.#lock = null;
    Deno.mkdirSync(this.#layout.staging, { recursive: true, mode: folderMode });
    this.#lock = Deno.openSync(lockOf(this.#folder), { write: true, create: true, mode: fileMode });
    this.#lock.lockSync(true);
    Deno.mkdirSync(this.#folder, { recursive: true, mode: folderMode });
  }

  async #recoverWhenFree(folder: string): Promise<void> {
    if (folder === this.#folder || !statOrNull(folder)?.isDirectory) return;
    let lock: Deno.FsFile;
    try {
      lock = openRegularFile(lockOf(folder), { write: true }).file;
    } catch {
      removeStale(folder);
      return;
    }
    this.#waiting.add(lock);
    try {
      await lock.lock(true);
      if (!this.#closed) await this.#recover(folder);
    } catch (error) {
      if (!this.#closed) this.#deps.log.warning(`Cannot recover staged downloads of "${folder}": ${messageOf(error)}`);
    }
    if (this.#waiting.delete(lock)) lock.close();
  }

  async #recover(folder: string): Promise<void> {
    for (const file of namesIn(folder)) {
      if (!file.endsWith(".json")) continue;
      const old = `${folder}/${file.slice(0, -".json".length)}`;
      const name = file.slice(0, file.lastIndexOf("-"));
      const part = fileOrNull(`${old}.part`);
      if (
        !part || !fileOrNull(`${old}.json`) || this.#parked.has(name) ||
        Date.now() - (part.mtime?.getTime() ?? 0) > parkedForMs
      ) continue;
      const base = this.#newBase(name);
      Deno.renameSync(`${old}.part`, `${base}.part`);
      Deno.renameSync(`${old}.json`, `${base}.json`);
      this.#deps.space().recovered(part.size);
      this.#park(name, { base, sizeBytes: part.size });
    }
    // How many bytes cannot be resumed is not known.
    await this.#deps.removals.remove(folder, Infinity, () => removeQuietly(lockOf(folder)));
  }
}

function readRecord(path: string, selector: Selector): ResumeRecord | null {
  const record = readJson(path) as ResumeRecord | null;
  if (record === null || typeof record !== "object") return null;
  const usable = record.backend === selector.backend && record.key === selector.key &&
    sameHeaders(record.requestHeaders, selector.requestHeaders) && typeof record.sha256 === "string" &&
    (record.validator === null || typeof record.validator === "string") && Number.isSafeInteger(record.storedBytes) &&
    record.storedBytes > 0 &&
    Number.isSafeInteger(record.sizeBytes) && record.storedBytes < record.sizeBytes;
  return usable ? record : null;
}

function sameHeaders(a: HeaderList, b: HeaderList): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function lockOf(folder: string): string {
  return folder + lockSuffix;
}

/** Removes a folder without a lock, or a lock without a folder, after an hour: until then it may be half-made. */
function removeStale(path: string): void {
  const changed = statOrNull(path)?.mtime?.getTime() ?? 0;
  if (Date.now() - changed > 3600_000) removeQuietly(path);
}
