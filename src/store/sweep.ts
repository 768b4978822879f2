import { messageOf } from "../errors.ts";
import type { Log } from "../observe/log.ts";
import { pause } from "./files.ts";
import type { Entries } from "./entries.ts";
import { parseEntry } from "./parse_entry.ts";
import { readJson, statOrNull } from "./regular_files.ts";
import type { FsLayout } from "./fs_layout.ts";
import type { Entry } from "./store.ts";

/** An entry that was written less than this ago is left alone. As often, at most, a sweep begins. */
const restMs = 3_600_000;
/** After so many files a sweep pauses: nobody waits for it. */
const filesPerSlice = 64;
const pauseMs = 5;
const entryName = /^(.*)~([0-9a-f]*)\.json$/;

interface SweeperDeps {
  readonly entries: Entries;
  readonly log: Log;
}

/**
 * Removes entries whose bodies were evicted or never came, and the folders that this leaves empty, slowly and in the
 * background.
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

  /** Begins a sweep and returns at once. Does nothing within an hour after the last one began. */
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
    if (this.#removed > 0) this.#deps.log.info(`Removed ${this.#removed} entries whose bodies are not there`);
  }

  /** Tells whether nothing is left in it. */
  async #sweepFolder(folder: string): Promise<boolean> {
    let left = 0;
    /** Names of which a selection stays: it is found by what their newest entry says. */
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

  /** False where the file stays: it is no entry, or a young one, or its body is there. */
  #removeOrphan(path: string, variant: string): boolean {
    const entry = readOld(path);
    if (entry === null || this.#layout.entry(entry.backend, entry.key, variant) !== path) return false;
    const blob = this.#layout.blob(entry.sha256);
    if (!this.#deps.entries.remove(path, () => isMissing(blob) && isOld(statOrNull(path)))) return false;
    this.#removed += 1;
    return true;
  }
}

/** What is in a folder, selections before the newest entry of the same name; empty where it is missing. */
async function itemsIn(folder: string): Promise<Deno.DirEntry[]> {
  try {
    const items = await Array.fromAsync(Deno.readDir(folder));
    return items.sort((a, b) => a.name < b.name ? 1 : -1);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return [];
  }
}

/** The entry in a file that was not written lately, or null. */
function readOld(path: string): Entry | null {
  return isOld(statOrNull(path)) ? parseEntry(readJson(path)) : null;
}

function isOld(info: Deno.FileInfo | null): boolean {
  const modified = info?.mtime?.getTime();
  return modified !== undefined && Date.now() - modified >= restMs;
}

/** A file that cannot be looked at is not missing. */
function isMissing(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return false;
  } catch (error) {
    return error instanceof Deno.errors.NotFound;
  }
}

/** A writer may be first, and keeps the folder; or it comes later, and makes it again. */
async function removeEmpty(folder: string): Promise<boolean> {
  try {
    await Deno.remove(folder);
    return true;
  } catch {
    return false;
  }
}
