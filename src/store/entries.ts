import { LRUCache } from "lru-cache";
import { atMost } from "../lru_limit.ts";
import { isSelectedBy, selectionOf } from "../http/selection.ts";
import { walkEntries } from "./entry_walk.ts";
import { fileMode, removeQuietly, replaceFile, withFolder } from "./files.ts";
import { type FsLayout, variantOf } from "./fs_layout.ts";
import { parseEntry } from "./parse_entry.ts";
import { fileOrNull, readJson } from "./regular_files.ts";
import type { Entry, Selector } from "./store.ts";

/** An entry in memory is used for so long before its file is checked for changes by other processes and people. */
const believedForMs = 1000;
const entriesInMemory = 20_000;
/** In a program that asks for each once. */
const fewEntries = 1000;

interface Remembered {
  readonly entry: Entry;
  readonly version: string;
  checkedAt: number;
}

interface EntriesOptions {
  /** Returns a path for a file that is about to be renamed into place. */
  readonly temporary: () => string;
  /** Called for a file that exists and cannot be read or has no entry in it. */
  readonly unreadable: (path: string) => void;
  /** True where each entry is asked for once or so: few are kept in memory. False when absent. */
  readonly isBrief?: boolean;
}

/** Reads and writes entries, one small JSON file for each key and each variant, with a bounded cache in memory. */
export class Entries {
  readonly #layout: FsLayout;
  readonly #temporary: () => string;
  readonly #unreadable: (path: string) => void;
  readonly #memory: LRUCache<string, Remembered>;
  readonly #writing = new Set<{ readonly path: string }>();
  /** What was checked before is not believed any more. */
  #doubtedAt = -Infinity;

  constructor(layout: FsLayout, { temporary, unreadable, isBrief = false }: EntriesOptions) {
    this.#memory = new LRUCache(atMost(isBrief ? fewEntries : entriesInMemory));
    this.#unreadable = unreadable;
    this.#layout = layout;
    this.#temporary = temporary;
  }

  /** The entry that was written last for this key, of whichever variant; null where there is none. */
  newest(backend: string, key: string): Entry | null {
    return this.#read(backend, key, "");
  }

  find(selector: Selector): Entry | null {
    const newest = this.newest(selector.backend, selector.key);
    if (newest === null || newest.selectedBy.length === 0 || isSelectedBy(newest.selectedBy, selector)) {
      return newest;
    }
    const wanted = selectionOf(newest.selectedBy.map(([name]) => name), selector);
    return this.#read(selector.backend, selector.key, variantOf(wanted));
  }

  /** Has each entry in memory compared with its file before it is used the next time. */
  doubt(): void {
    this.#doubtedAt = performance.now();
  }

  /** As `Store.entries`. */
  below(backend: string, prefix: string): AsyncIterable<Entry> {
    return walkEntries(this.#layout, { backend, prefix, unreadable: this.#unreadable });
  }

  /**
   * Writes an entry that varies twice: as its variant, and as the newest, which names the headers that it varies by. With
   * `isNewest` false, it is a variant beside a newer one.
   */
  async write(entry: Entry, { isNewest = true }: { readonly isNewest?: boolean } = {}): Promise<void> {
    if (entry.selectedBy.length > 0) await this.#write(entry, variantOf(entry.selectedBy));
    if (isNewest) await this.#write(entry, "");
  }

  /** Removes the entry's file at `path` if it is `useless` and not being replaced; false where it stays. */
  remove(path: string, useless: () => boolean): boolean {
    return !this.#isBeingWritten(path) && useless() && removeQuietly(path);
  }

  /**
   * Writes into an entry in which file its body was verified, unless the entry is replaced meanwhile. Throws where
   * nothing can be written.
   */
  async noteVerified(entry: Entry, verifiedFile: string): Promise<void> {
    const variants = entry.selectedBy.length > 0 ? [variantOf(entry.selectedBy), ""] : [""];
    for (const variant of variants) await this.#noteVerified(entry, variant, verifiedFile);
  }

  async #noteVerified({ backend, key, sha256 }: Entry, variant: string, verifiedFile: string): Promise<void> {
    const path = this.#layout.entry(backend, key, variant);
    const version = versionOf(path);
    const current = parseEntry(readJson(path));
    if (current?.sha256 !== sha256 || current.backend !== backend || current.key !== key) return;
    const temporary = this.#temporary();
    const text = JSON.stringify({ ...current, verifiedFile });
    try {
      await withFolder(temporary, () => Deno.writeTextFile(temporary, text, { mode: fileMode }));
      if (versionOf(path) === version && !this.#isBeingWritten(path)) Deno.renameSync(temporary, path);
    } finally {
      removeQuietly(temporary);
      this.#memory.delete(nameOf(backend, key, variant));
    }
  }

  #isBeingWritten(path: string): boolean {
    return [...this.#writing].some((write) => write.path === path);
  }

  async #write(entry: Entry, variant: string): Promise<void> {
    const write = { path: this.#layout.entry(entry.backend, entry.key, variant) };
    this.#writing.add(write);
    try {
      await replaceFile(write.path, this.#temporary(), JSON.stringify(entry));
    } finally {
      this.#writing.delete(write);
    }
    this.#memory.delete(nameOf(entry.backend, entry.key, variant));
  }

  #read(backend: string, key: string, variant: string): Entry | null {
    const name = nameOf(backend, key, variant);
    const now = performance.now();
    const known = this.#memory.get(name);
    const isBelieved = known && now - known.checkedAt < believedForMs && known.checkedAt > this.#doubtedAt;
    if (isBelieved) return known.entry;
    const path = this.#layout.entry(backend, key, variant);
    const version = versionOf(path);
    if (known && version === known.version) {
      known.checkedAt = now;
      return known.entry;
    }
    const found = version === null ? null : parseEntry(readJson(path));
    if (version !== null && found === null) this.#unreadable(path);
    // On a file system that ignores case it may be another key's.
    const entry = found?.backend === backend && found.key === key ? found : null;
    if (entry && version) this.#memory.set(name, { entry, version, checkedAt: now });
    else this.#memory.delete(name);
    return entry;
  }
}

function nameOf(backend: string, key: string, variant: string): string {
  return `${backend}\0${key}\0${variant}`;
}

/** Identifies the file at `path` among all that are ever renamed to it; null where there is none. */
function versionOf(path: string): string | null {
  const info = fileOrNull(path);
  return info && `${info.ino} ${info.mtime?.getTime()} ${info.size}`;
}
