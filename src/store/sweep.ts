import { messageOf } from "../errors.ts";
import type { Log } from "../observe/log.ts";
import { shownCount } from "../observe/shown_count.ts";
import { pause } from "./files.ts";
import type { Entries } from "./entries.ts";
import { parseEntry } from "./parse_entry.ts";
import { readJson, statOrNull } from "./regular_files.ts";
import type { FsLayout } from "./fs_layout.ts";
import type { Entry } from "./store.ts";

/** A younger entry is left alone. A sweep begins at most this often. */
const restMs = 3_600_000;
/** A sweep pauses after so many files: nobody waits for it. */
const filesPerSlice = 64;
const pauseMs = 5;
const entryName = /^(.*)~([0-9a-f]*)\.json$/;

interface SweeperDeps {
  readonly entries: Entries;
  readonly log: Log;
}

/**
 * Removes entries whose bodies were evicted or were never stored, and the folders that this leaves empty, slowly and in
 * the background.
 */
export class Sweeper {
  readonly #layout: FsLayout;
  readonly #deps: SweeperDeps;
  readonly #abort = new AbortController();
  #sweeping: Promise<void> = Promise.resolve();
  #startedAt = -Infinity;
  #files = 0;
  #removed = 0;

  constructor(layout: FsLayout, deps: SweeperDeps) {
    this.#layout = layout;
    this.#deps = deps;
  }

  /** Starts a sweep and returns at once. Does nothing within an hour after the last start. */
  start(): void {
    const now = performance.now();
    if (this.#abort.signal.aborted || now - this.#startedAt < restMs) return;
    this.#startedAt = now;
    const { log } = this.#deps;
    const warn = (error: unknown) => log.warning(`Cannot sweep the entries of the cache: ${messageOf(error)}`);
    this.#sweeping = this.#sweeping.then(() => this.#sweep()).catch(warn);
  }

  /** Stops a sweep under way, and waits for it. */
  async close(): Promise<void> {
    this.#abort.abort();
    await this.#sweeping;
  }

  async #sweep(): Promise<void> {
    this.#files = this.#removed = 0;
    await this.#sweepFolder(this.#layout.entries);
    if (this.#removed > 0) {
      this.#deps.log.info(
        `Removed ${shownCount(this.#removed, "entry whose body is", "entries whose bodies are")} not there`,
      );
    }
  }

  /** True if nothing is left in the folder. */
  async #sweepFolder(folder: string): Promise<boolean> {
    let left = 0;
    /** Names of which a variant stays: it is found by the headers that the newest entry names. */
    const needed = new Set<string>();
    for (const item of await itemsIn(folder)) {
      if (this.#files++ % filesPerSlice === 0) await pause(pauseMs);
      if (this.#abort.signal.aborted) return false;
      const path = `${folder}/${item.name}`;
      const [, name = "", variant = ""] = entryName.exec(item.name) ?? [];
      const gone = item.isDirectory
        ? await this.#sweepFolder(path) && await removeEmpty(path)
        : item.isFile && !(variant === "" && needed.has(name)) && this.#removeOrphan(path, variant);
      if (gone) continue;
      left += 1;
      if (variant !== "") needed.add(name);
    }
    return left === 0;
  }

  /** False where the file stays: it is no entry, or a young one, or its body is stored. */
  #removeOrphan(path: string, variant: string): boolean {
    const entry = readOld(path);
    if (entry === null || this.#layout.entry(entry.backend, entry.key, variant) !== path) return false;
    const blob = this.#layout.blob(entry.sha256);
    if (!this.#deps.entries.remove(path, () => isMissing(blob) && isOld(statOrNull(path)))) return false;
    this.#removed += 1;
    return true;
  }
}

/** The items of a folder, variants before the newest entry of the same name; none where it is missing. */
async function itemsIn(folder: string): Promise<Deno.DirEntry[]> {
  try {
    const items = await Array.fromAsync(Deno.readDir(folder));
    return items.sort((a, b) => a.name < b.name ? 1 : -1);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return [];
  }
}

/** The entry in a file; null where it was written lately or has no entry in it. */
function readOld(path: string): Entry | null {
  return isOld(statOrNull(path)) ? parseEntry(readJson(path)) : null;
}

function isOld(info: Deno.FileInfo | null): boolean {
  const modified = info?.mtime?.getTime();
  return modified !== undefined && Date.now() - modified >= restMs;
}

/** False for a file whose state cannot be read: it may exist. */
function isMissing(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return false;
  } catch (error) {
    return error instanceof Deno.errors.NotFound;
  }
}

/** False where a writer was first, so that the folder is not empty. A later writer makes the folder again. */
async function removeEmpty(folder: string): Promise<boolean> {
  try {
    await Deno.remove(folder);
    return true;
  } catch {
    return false;
  }
}
