import { messageOf } from "../errors.ts";
import type { Log } from "../observe/log.ts";
import type { Entries } from "./entries.ts";
import { isMissing, statOrNull } from "./files.ts";
import type { FsLayout } from "./fs_layout.ts";

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

/** Removes entries whose bodies were evicted, and the folders that this leaves empty, slowly and in the background. */
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
    const now = Date.now();
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
    if (this.#removed > 0) this.#deps.log.info(`Removed ${this.#removed} entries of bodies that were evicted`);
  }

  /** Tells whether nothing seems to be left. */
  async #sweepFolder(folder: string): Promise<boolean> {
    let left = 0;
    /** Names of which a selection stays: their newest entry tells what selects it. */
    const needed = new Set<string>();
    for (const item of await itemsIn(folder)) {
      if (this.#files++ % filesPerSlice === 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      if (this.#abort.signal.aborted) return false;
      const path = `${folder}/${item.name}`;
      if (item.isDirectory && await this.#sweepFolder(path) && await removeEmpty(path)) continue;
      const [, name = "", variant = ""] = item.isFile && entryName.exec(item.name) || [];
      if (item.isFile && !(variant === "" && needed.has(name)) && await this.#removeOrphan(path, variant)) continue;
      if (variant !== "") needed.add(name);
      left += 1;
    }
    return left === 0;
  }

  /** False where the file stays, since it is no entry, or a young one, or its body is there. */
  async #removeOrphan(path: string, variant: string): Promise<boolean> {
    if (!isOld(path)) return false;
    const sha256 = this.#bodyOf(path, await readOrEmpty(path), variant);
    if (sha256 === null) return false;
    const useless = () => isOld(path) && isMissing(this.#layout.blob(sha256));
    if (!useless() || !this.#deps.entries.remove(path, useless)) return false;
    this.#removed += 1;
    return true;
  }

  /** The body an entry names; null where the file at `path` is no entry, or not that of this path. */
  #bodyOf(path: string, text: string, variant: string): string | null {
    
  }
}
