import { filesBelow } from "../store/files.ts";
import { FsLayout } from "../store/fs_layout.ts";
import { fileOrNull } from "../store/regular_files.ts";
import type { Entry } from "../store/store.ts";
import { BodyTable, type TabledBody } from "./body_table.ts";
import { cachedBackends, cachedEntries } from "./cached_entries.ts";
import { NumberColumn } from "../store/number_column.ts";

/** A number of bodies, and their bytes together. */
export interface Amount {
  bodies: number;
  bytes: number;
}

/** What one backend has in the cache. A body counts once, however many of its entries name it. */
export interface BackendStats extends Amount {
  readonly name: string;
  entries: number;
  /** Entries whose bodies are gone, or have not come yet. */
  withoutBody: number;
  /** When its oldest and its newest entry were stored, and a body was last used; ms since the epoch, null for never. */
  oldest: number | null;
  newest: number | null;
  usedAt: number | null;
  /** The bodies that nobody has asked for again since they arrived. */
  readonly unused: Amount;
}

export interface CacheStats extends Amount {
  readonly backends: readonly BackendStats[];
  readonly entries: number;
  /** Of `bytes`: the bodies that several backends have. */
  readonly shared: Amount;
  /** Of `bytes`: the bodies that no entry names. */
  readonly unnamed: Amount;
  /** Besides `bytes`: bodies that are arriving, or whose transfer was interrupted. */
  readonly staged: Amount;
  /** Files in the place of entries that cannot be read. */
  readonly unreadable: number;
}

interface MeasureOptions {
  /** Called after each body and each entry. */
  readonly visited?: () => void;
  /** As in `CachedEntriesOptions`. */
  readonly besideClients?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Counts what is in a cache directory: each body and each entry once, also while servers write there. Throws when
 * aborted.
 */
export async function measureCache(dir: string, options: MeasureOptions = {}): Promise<CacheStats> {
  const { visited = () => {}, besideClients = false, signal } = options;
  const bodies = await BodyTable.read(dir, { visited, signal });
  const count = new Count(bodies);
  for (const name of await cachedBackends(dir)) {
    const backend = count.begin(name);
    const entries = cachedEntries(dir, { backends: [name], besideClients, unreadable: () => count.unreadable += 1 });
    for await (const entry of entries) {
      signal?.throwIfAborted();
      count.add(backend, entry);
      visited();
    }
  }
  const { backends, unreadable } = count;
  const entries = backends.reduce((sum, backend) => sum + backend.entries, 0);
  const { size, bytes } = bodies;
  return { bodies: size, bytes, entries, backends, unreadable, ...count.byUse(), staged: await stagedIn(dir) };
}

class Count {
  readonly backends: BackendStats[] = [];
  unreadable = 0;
  readonly #bodies: BodyTable;
  /** By body: three times the number of the last backend that has it, and the number of backends, 2 for several. */
  readonly #uses = new NumberColumn();

  constructor(bodies: BodyTable) {
    this.#bodies = bodies;
  }

  begin(name: string): BackendStats {
    const unused = { bodies: 0, bytes: 0 };
    const times = { oldest: null, newest: null, usedAt: null };
    const backend = { name, entries: 0, bodies: 0, bytes: 0, withoutBody: 0, ...times, unused };
    this.backends.push(backend);
    return backend;
  }

  add(backend: BackendStats, { sha256, storedAt }: Entry): void {
    backend.entries += 1;
    backend.oldest = Math.min(backend.oldest ?? Infinity, storedAt);
    backend.newest = Math.max(backend.newest ?? 0, storedAt);
    const body = this.#bodies.find(sha256);
    if (body === null) backend.withoutBody += 1;
    else this.#addBody(backend, body);
  }

  #addBody(backend: BackendStats, body: TabledBody): void {
    const number = this.backends.length;
    const before = this.#uses.get(body.index);
    if (Math.floor(before / 3) === number) return;
    this.#uses.set(body.index, number * 3 + Math.min(2, before % 3 + 1));
    addTo(backend, body.sizeBytes);
    backend.usedAt = Math.max(backend.usedAt ?? 0, body.usedAt);
    if (body.isUnused) addTo(backend.unused, body.sizeBytes);
  }

  byUse(): Pick<CacheStats, "shared" | "unnamed"> {
    const shared = { bodies: 0, bytes: 0 };
    const unnamed = { bodies: 0, bytes: 0 };
    for (let index = 0; index < this.#bodies.size; index++) {
      const uses = this.#uses.get(index) % 3;
      if (uses > 1) addTo(shared, this.#bodies.at(index).sizeBytes);
      if (uses === 0) addTo(unnamed, this.#bodies.at(index).sizeBytes);
    }
    return { shared, unnamed };
  }
}

async function stagedIn(dir: string): Promise<Amount> {
  const staged = { bodies: 0, bytes: 0 };
  for await (const path of filesBelow(new FsLayout(dir).staging)) {
    const info = path.endsWith(".part") ? fileOrNull(path) : null;
    if (info !== null) addTo(staged, info.size);
  }
  return staged;
}

function addTo(amount: Amount, bytes: number): void {
  amount.bodies += 1;
  amount.bytes += bytes;
}
