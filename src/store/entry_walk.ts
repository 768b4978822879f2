import { Buffer } from "node:buffer";
import { breathe, pause } from "./files.ts";
import { type FsLayout, isSegment, unescapeSegment, variantOf } from "./fs_layout.ts";
import { parseEntry } from "./parse_entry.ts";
import { readJson } from "./regular_files.ts";
import type { Entry } from "./store.ts";

/** After so many files a walk pauses, so that requests are answered in between. */
const filesPerSlice = 64;
/** The number of keys too long for a path that are sorted at once. */
const longKeysAtOnce = 10_000;
const entryName = /^(.*)~([0-9a-f]*)\.json$/;

interface WalkOptions {
  readonly backend: string;
  readonly prefix: string;
  /** Called for a file or folder that cannot be read or has no entry in it. */
  readonly unreadable: (path: string) => void;
  readonly longKeysAtOnce?: number;
  /**
   * True in a program that serves nobody meanwhile: it need not pause, and throws where it may not read a folder. False
   * when absent.
   */
  readonly isAlone?: boolean;
}

/** The files of one key, in one folder. */
interface KeyFiles {
  /** Without `~` and what follows. */
  readonly path: string;
  /** The names of its variants, sorted; none for most keys. */
  readonly variants: string[];
}

/** A folder or a key of one folder. `order` compares as the bytes of all keys in it do. */
type Item =
  | { readonly kind: "folder"; readonly order: string; readonly parent: string; readonly path: string }
  | { readonly kind: "key"; readonly order: string; readonly files: KeyFiles };

/**
 * Yields the entries of a backend whose keys begin with `prefix`, in the order of their keys' bytes. Holds one folder
 * of each level in memory, and some thousand of the keys that are too long for a path.
 */
export async function* walkEntries(layout: FsLayout, options: WalkOptions): AsyncGenerator<Entry> {
  const walk = new EntryWalk(layout, options);
  const long = walk.longEntries();
  let next = await long.next();
  for await (const entry of walk.entries()) {
    for (; !next.done && orderOf(next.value.key) < orderOf(entry.key); next = await long.next()) yield next.value;
    yield entry;
  }
  for (; !next.done; next = await long.next()) yield next.value;
}

class EntryWalk {
  readonly #layout: FsLayout;
  readonly #options: WalkOptions;
  #files = 0;

  constructor(layout: FsLayout, options: WalkOptions) {
    this.#layout = layout;
    this.#options = options;
  }

  /** Yields all entries but those of long keys. */
  async *entries(): AsyncGenerator<Entry> {
    const { backend, prefix } = this.#options;
    const parent = prefix.slice(0, prefix.lastIndexOf("/") + 1);
    /** The next one is last. */
    const pending = await this.#itemsIn(this.#layout.entriesIn(backend, parent), parent);
    for (let item; (item = pending.pop()) !== undefined;) {
      if (item.kind === "key") yield* await this.#read(item.files);
      else for (const below of await this.#itemsIn(item.path, item.parent)) pending.push(below);
    }
  }

  /**
   * Yields the entries of long keys. Their files are named by hashes: all are read for each `longKeysAtOnce` of them.
   */
  async *longEntries(): AsyncGenerator<Entry> {
    const { backend, prefix, longKeysAtOnce: most = longKeysAtOnce } = this.#options;
    const { keys } = await this.#list(this.#layout.longEntries(backend));
    for (let after: string | null = null;;) {
      let batch: { order: string; files: KeyFiles }[] = [];
      for (const files of keys) {
        const entry = await this.#readFile(files.path, "");
        const order = entry?.key.startsWith(prefix) ? orderOf(entry.key) : null;
        if (order === null || after !== null && order <= after) continue;
        batch.push({ order, files });
        if (batch.length === 2 * most) batch = batch.sort(byOrder).slice(0, most);
      }
      batch = batch.sort(byOrder).slice(0, most);
      for (const { files } of batch) yield* await this.#read(files);
      if (batch.length < most) return;
      after = batch.at(-1)!.order;
    }
  }

  /** The folders and keys in a folder that can have entries of the prefix; the first one is last. */
  async #itemsIn(folder: string, parent: string): Promise<Item[]> {
    const { backend, prefix } = this.#options;
    const { folders, keys } = await this.#list(folder);
    const items: Item[] = [];
    for (const files of keys) {
      const segment = await this.#segmentOf(files, parent);
      if (segment !== null) items.push({ kind: "key", order: orderOf(segment), files });
    }
    for (const name of folders) {
      const segment = unescapeSegment(name) ?? await this.#segmentWithin(`${folder}/${name}`, parent);
      if (segment === null) continue;
      const path = `${folder}/${name}`;
      items.push({ kind: "folder", order: orderOf(`${segment}/`), parent: `${parent}${segment}/`, path });
    }
    // All keys that begin with a slash.
    if (parent === "") {
      items.push({ kind: "folder", order: "/", parent: "/", path: this.#layout.entriesIn(backend, "/") });
    }
    const wanted = orderOf(prefix.slice(parent.length));
    return items.filter(({ order }) => order.startsWith(wanted)).sort(byOrder).reverse();
  }

  async #segmentOf(files: KeyFiles, parent: string): Promise<string | null> {
    const segment = unescapeSegment(files.path.slice(files.path.lastIndexOf("/") + 1));
    if (segment !== null) return segment;
    const key = (await this.#readFile(files.path, ""))?.key;
    return key?.startsWith(parent) ? key.slice(parent.length) : null;
  }

  /** The segment that a folder's shortened name stands for, by the first entry in it; null where there is none. */
  async #segmentWithin(folder: string, parent: string): Promise<string | null> {
    const { folders, keys } = await this.#list(folder);
    for (const { path } of keys) {
      const key = (await this.#readFile(path, ""))?.key;
      if (key?.startsWith(parent)) return key.slice(parent.length).split("/", 1)[0]!;
    }
    for (const name of folders) {
      const segment = await this.#segmentWithin(`${folder}/${name}`, parent);
      if (segment !== null) return segment;
    }
    return null;
  }

  /** The entries of a key that requests can still find: variants by other headers than the newest one's are not. */
  async #read({ path, variants }: KeyFiles): Promise<Entry[]> {
    const newest = await this.#readFile(path, "");
    if (newest === null) return [];
    if (newest.selectedBy.length === 0) return [newest];
    const own = variantOf(newest.selectedBy);
    const names = namesOf(newest);
    const entries = [newest];
    for (const variant of variants) {
      const entry = variant === own ? null : await this.#readFile(path, variant);
      if (entry !== null && namesOf(entry) === names) entries.push(entry);
    }
    return entries;
  }

  /** Null for a file that is gone, that has no entry in it, or one that belongs elsewhere. */
  async #readFile(path: string, variant: string): Promise<Entry | null> {
    const { backend, unreadable, isAlone } = this.#options;
    if (this.#files++ % filesPerSlice === 0) await (isAlone ? breathe() : pause());
    const file = `${path}~${variant}.json`;
    const entry = parseEntry(readJson(file));
    if (entry === null) unreadable(file);
    return entry?.backend === backend && this.#layout.entry(backend, entry.key, variant) === file ? entry : null;
  }

  /** The folders and the keys in a folder; none where it is missing, or may not be read beside clients. */
  async #list(folder: string): Promise<{ folders: string[]; keys: KeyFiles[] }> {
    const folders: string[] = [];
    const keys: KeyFiles[] = [];
    const variants = new Map<string, string[]>();
    try {
      for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
        const [, key, variant] = isFile && entryName.exec(name) || [];
        if (isDirectory && isSegment(name)) folders.push(name);
        else if (key !== undefined && variant === "") keys.push({ path: `${folder}/${key}`, variants: [] });
        else if (key !== undefined) variants.set(key, [...variants.get(key) ?? [], variant!]);
      }
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw error;
      if (this.#options.isAlone && error instanceof Deno.errors.PermissionDenied) throw error;
      this.#options.unreadable(folder);
    }
    if (variants.size > 0) {
      for (const { path, variants: own } of keys) {
        own.push(...(variants.get(path.slice(folder.length + 1)) ?? []).sort());
      }
    }
    return { folders, keys };
  }
}

/** A text that compares as the UTF-8 bytes of `text` do. */
function orderOf(text: string): string {
  return /^[\0-\x7f]*$/.test(text) ? text : Buffer.from(text).toString("latin1");
}

function byOrder(a: { readonly order: string }, b: { readonly order: string }): number {
  return a.order < b.order ? -1 : a.order > b.order ? 1 : 0;
}

function namesOf({ selectedBy }: Entry): string {
  return JSON.stringify(selectedBy.map(([name]) => name));
}
