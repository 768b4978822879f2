import { VaultError } from "../errors.ts";
import { entriesNamed } from "../inventory/entry_details.ts";
import { listEntries } from "../inventory/listed_entry.ts";
import { parseEntryName } from "../inventory/entry_name.ts";
import type { Log } from "../observe/log.ts";
import { messageOf } from "../errors.ts";
import { pause } from "../store/files.ts";
import { EntryBlocks } from "./entry_blocks.ts";
import type { HitCounts } from "./hit_counts.ts";
import { sortedByRank } from "./sliced_sort.ts";
import type {
  Inventory,
  InventoryBackend,
  InventoryEntry,
  InventoryOrder,
  InventoryPage,
  InventoryQuery,
  InventorySummary,
} from "./inventory.ts";

export interface InventoryIndexOptions {
  readonly dir: string;
  readonly hits: HitCounts;
  readonly log: Log;
  /** Ms since the epoch, for tests. */
  readonly now?: () => number;
}

/** The directory is not read again sooner, when somebody asks … */
const leastPauseMs = 60_000;
/** … and takes at most this share of the time. */
const readingShare = 0.05;
const mostShown = 20;
export const mostInPage = 500;
const mostSameBytes = 100;
/** A search lets requests be answered in between, after so many entries. */
const entriesPerSlice = 16_384;

interface Reading {
  readonly at: number;
  readonly blocks: EntryBlocks;
  readonly backends: readonly InventoryBackend[];
  readonly largest: readonly InventoryEntry[];
  readonly newest: readonly InventoryEntry[];
  readonly neverUsed: readonly InventoryEntry[];
  /** The indexes of entries in an order other than that of names, once somebody has asked for it. */
  readonly orders: Map<InventoryOrder, Promise<Uint32Array>>;
}

/** The inventory of a cache directory in memory, read anew where somebody asks for it and it is old. */
export class InventoryIndex implements Inventory {
  readonly #options: InventoryIndexOptions;
  readonly #now: () => number;
  readonly #closing = new AbortController();
  #reading: Reading | null = null;
  #underWay: Promise<void> | null = null;
  #entriesRead = 0;
  #nextAt = -Infinity;

  constructor(options: InventoryIndexOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** The number of entries as of the last reading; null before there is one. Has nothing read. */
  get knownEntries(): number | null {
    return this.#reading?.blocks.size ?? null;
  }

  summary(): InventorySummary {
    this.#refresh();
    return this.known();
  }

  known(): InventorySummary {
    const { at = null, blocks, backends = [], largest = [], newest = [], neverUsed = [] } = this.#reading ?? {};
    const mostUsed = this.#options.hits.most(mostShown);
    const isReading = this.#underWay !== null;
    const counts = { entriesRead: isReading ? this.#entriesRead : 0, entries: blocks?.size ?? 0 };
    return { at, isReading, ...counts, backends, largest, newest, neverUsed, mostUsed };
  }

  async page({ search = "", backend, sort = "name", cursor, limit }: InventoryQuery): Promise<InventoryPage> {
    const reading = await this.#read();
    const from = parseCursor(cursor, reading);
    const order = sort === "name" ? null : await orderOf(reading, sort);
    const matches = matcherOf(search, backend);
    const found: InventoryEntry[] = [];
    const wanted = Math.min(limit, mostInPage);
    const entries = order === null
      ? inNameOrder(reading.blocks, from, matches)
      : inOrder(reading.blocks, order, from, matches);
    for await (const { at, entry } of entries) {
      if (found.length === wanted) return { entries: found, next: formatCursor(at, reading) };
      found.push(entry);
    }
    return { entries: found, next: null };
  }

  async sameBytes(name: string, sha256: string): Promise<readonly string[]> {
    const { blocks } = await this.#read();
    const names = new Set<string>();
    for (let index = 0; index < blocks.size && names.size < mostSameBytes; index++) {
      if (index % entriesPerSlice === entriesPerSlice - 1) await pause();
      if (!blocks.hasDigest(index, sha256)) continue;
      const other = blocks.at(index).name;
      if (other !== name && await this.#has(other, sha256)) names.add(other);
    }
    return [...names];
  }

  /** Has the directory read anew for the next who asks: somebody has changed it. */
  changed(): void {
    this.#nextAt = -Infinity;
  }

  /** Stops reading. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#underWay;
  }

  /** The beginnings of two digests may be alike, and an entry may have changed since. */
  async #has(name: string, sha256: string): Promise<boolean> {
    if (parseEntryName(name).length === 0) return false;
    return (await entriesNamed(this.#options.dir, name)).some((entry) => entry.sha256 === sha256);
  }

  async #read(): Promise<Reading> {
    this.#refresh();
    if (this.#reading === null) await this.#underWay;
    if (this.#reading === null) {
      throw new VaultError("storage_failed", "The cache directory cannot be read; the log has more");
    }
    return this.#reading;
  }

  #refresh(): void {
    if (this.#underWay !== null || this.#closing.signal.aborted || this.#now() < this.#nextAt) return;
    const startedAt = this.#now();
    this.#underWay = this.#readAll().catch((error) => {
      this.#options.log.warning(`Cannot list what is in the cache: ${messageOf(error)}`);
    }).finally(() => {
      const tookMs = this.#now() - startedAt;
      this.#nextAt = this.#now() + Math.max(leastPauseMs, tookMs / readingShare);
      this.#underWay = null;
    });
  }

  async #readAll(): Promise<void> {
    const { dir } = this.#options;
    const at = this.#now();
    this.#entriesRead = 0;
    const blocks = new EntryBlocks();
    const backends = new Map<string, { entries: number; entryBytes: number; unusedEntries: number }>();
    for await (const entry of listEntries(dir, { besideClients: true })) {
      if (this.#closing.signal.aborted) return;
      blocks.add(entry);
      this.#entriesRead += 1;
      const name = entry.name.slice(0, entry.name.indexOf("/"));
      const counts = backends.get(name) ?? { entries: 0, entryBytes: 0, unusedEntries: 0 };
      backends.set(name, counts);
      counts.entries += 1;
      if (entry.usedAt !== null) counts.entryBytes += entry.sizeBytes;
      if (entry.isUnused) counts.unusedEntries += 1;
    }
    blocks.end();
    const all = {
      at,
      blocks,
      backends: [...backends].map(([name, counts]) => ({ name, ...counts })),
      orders: new Map(),
    };
    const first = (rank: (index: number) => number) => firstOf(blocks, rank);
    this.#reading = {
      ...all,
      largest: await first((index) => blocks.usedAt(index) === null ? Infinity : -blocks.sizeAt(index)),
      newest: await first((index) => -blocks.storedAt(index)),
      neverUsed: await first((index) => blocks.isUnusedAt(index) ? blocks.storedAt(index) : Infinity),
    };
  }
}

type Matches = (name: string) => boolean;

function matcherOf(search: string, backend: string | undefined): { readonly name: Matches; readonly text: Matches } {
  const part = search.toLowerCase();
  const start = backend === undefined ? "" : `${backend}/`;
  return {
    name: (name) => name.startsWith(start) && (part === "" || name.toLowerCase().includes(part)),
    text: (text) => text.includes(start) && (part === "" || text.toLowerCase().includes(part)),
  };
}

interface Found {
  readonly at: number;
  readonly entry: InventoryEntry;
}

async function* inNameOrder(
  blocks: EntryBlocks,
  from: number,
  matches: ReturnType<typeof matcherOf>,
): AsyncGenerator<Found> {
  let looked = 0;
  for (const { start, names, text } of blocks.blocks(from)) {
    if ((looked += 256) % entriesPerSlice === 0) await pause();
    if (!matches.text(text())) continue;
    for (const [index, name] of names().entries()) {
      const at = start + index;
      if (at >= from && matches.name(name)) yield { at, entry: blocks.entryOf(at, name) };
    }
  }
}

/** In another order than that of names: those that match are found first, block by block. */
async function* inOrder(
  blocks: EntryBlocks,
  order: Uint32Array,
  from: number,
  matches: ReturnType<typeof matcherOf>,
): AsyncGenerator<Found> {
  const chosen = await matching(blocks, matches);
  for (let at = from; at < order.length; at++) {
    if (at % entriesPerSlice === entriesPerSlice - 1) await pause();
    if (chosen === null || chosen[order[at]!] === 1) yield { at, entry: blocks.at(order[at]!) };
  }
}

/** Says of each entry whether it matches; null where all do. */
async function matching(blocks: EntryBlocks, matches: ReturnType<typeof matcherOf>): Promise<Uint8Array | null> {
  if (matches.name("")) return null;
  const chosen = new Uint8Array(blocks.size);
  for await (const { at } of inNameOrder(blocks, 0, matches)) chosen[at] = 1;
  return chosen;
}

/** The indexes of all entries in an order. It is made once for each reading. */
function orderOf({ blocks, orders }: Reading, sort: InventoryOrder): Promise<Uint32Array> {
  const known = orders.get(sort);
  if (known !== undefined) return known;
  const order = ranksOf(blocks, sort).then(sortedByRank);
  orders.set(sort, order);
  return order;
}

async function ranksOf(blocks: EntryBlocks, sort: InventoryOrder): Promise<Float64Array> {
  const ranks = new Float64Array(blocks.size);
  for (let index = 0; index < ranks.length; index++) {
    if (index % entriesPerSlice === entriesPerSlice - 1) await pause();
    ranks[index] = rankOf(blocks, index, sort);
  }
  return ranks;
}

function rankOf(blocks: EntryBlocks, index: number, sort: InventoryOrder): number {
  switch (sort) {
    case "name":
      return index;
    case "size":
      return -blocks.sizeAt(index);
    case "newest":
      return -blocks.storedAt(index);
    case "oldest":
      return blocks.storedAt(index);
    case "used":
      return -(blocks.usedAt(index) ?? 0);
    case "unused":
      return blocks.usedAt(index) ?? Number.MAX_VALUE;
  }
}

/** The entries with the least ranks, of those whose rank is finite. */
async function firstOf(blocks: EntryBlocks, rank: (index: number) => number): Promise<readonly InventoryEntry[]> {
  let first: { readonly index: number; readonly rank: number }[] = [];
  let worst = Infinity;
  const cut = () => {
    first = first.sort((a, b) => a.rank - b.rank || a.index - b.index).slice(0, mostShown);
    if (first.length === mostShown) worst = first.at(-1)!.rank;
  };
  for (let index = 0; index < blocks.size; index++) {
    if (index % entriesPerSlice === entriesPerSlice - 1) await pause();
    const one = { index, rank: rank(index) };
    if (one.rank >= worst) continue;
    first.push(one);
    if (first.length === 10 * mostShown) cut();
  }
  cut();
  return first.map(({ index }) => blocks.at(index));
}

/** A cursor is a place in one reading: after the next one, the same place is close to it. */
function formatCursor(at: number, { at: readAt }: Reading): string {
  return `${readAt.toString(36)}-${at.toString(36)}`;
}

function parseCursor(cursor: string | undefined, { blocks }: Reading): number {
  if (cursor === undefined) return 0;
  const [, place] = /^[0-9a-z]+-([0-9a-z]{1,7})$/.exec(cursor) ?? [];
  if (place === undefined) {
    throw new VaultError("bad_request", `"${cursor.slice(0, 40)}" is no cursor: take it from the page before`);
  }
  return Math.min(blocks.size, Number.parseInt(place, 36));
}
