import { FsLayout } from "../store/fs_layout.ts";
import type { Entry } from "../store/store.ts";
import { bodyFile } from "./body_table.ts";
import { cachedEntries } from "./cached_entries.ts";
import { entryName } from "./entry_name.ts";
import { anyOf, type EntryPattern } from "./pattern.ts";

/** An entry in a list for people. Times are in ms since the epoch. */
export interface ListedEntry {
  readonly name: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly storedAt: number;
  /** When its body was last used; null where the body is gone, or has not come yet. */
  readonly usedAt: number | null;
  /** True where nobody has asked for its body again since that arrived. */
  readonly isUnused: boolean;
}

/** Selects entries; an absent condition selects all. */
export interface EntryFilter {
  readonly backends?: readonly string[];
  /** Any of these. */
  readonly patterns?: readonly EntryPattern[];
  /** Stored for at least so long. */
  readonly olderThanMs?: number | undefined;
  /** Not used for at least so long. Entries without a body are left out. */
  readonly unusedForMs?: number | undefined;
}

interface SelectOptions extends EntryFilter {
  /** Called for a file that cannot be read or has no entry in it. */
  readonly unreadable?: (path: string) => void;
  /** As in `CachedEntriesOptions`. */
  readonly besideClients?: boolean;
}

/** Yields the entries that patterns choose, each once, backend by backend and in the order of their keys. */
export async function* chosenEntries(dir: string, options: SelectOptions): AsyncGenerator<Entry> {
  const { patterns = [], unreadable, backends, besideClients = false } = options;
  const { matches } = anyOf(patterns);
  const walk = { besideClients, ...backends && { backends }, ...unreadable && { unreadable } };
  for (const prefix of distinctPrefixes(patterns)) {
    for await (const entry of cachedEntries(dir, { ...walk, prefix })) {
      if (matches(entryName(entry))) yield entry;
    }
  }
}

/** Yields the selected entries as they are listed. */
export async function* listEntries(dir: string, filter: SelectOptions): AsyncGenerator<ListedEntry> {
  const { olderThanMs = -Infinity, unusedForMs } = filter;
  const layout = new FsLayout(dir);
  const now = Date.now();
  for await (const entry of chosenEntries(dir, filter)) {
    if (now - entry.storedAt < olderThanMs) continue;
    const body = bodyFile(layout, entry.sha256);
    const usedAt = body?.usedAt ?? null;
    if (unusedForMs !== undefined && (usedAt === null || now - usedAt < unusedForMs)) continue;
    const { sha256, sizeBytes, storedAt } = entry;
    yield { name: entryName(entry), sha256, sizeBytes, storedAt, usedAt, isUnused: body?.isUnused ?? false };
  }
}

/** Each prefix is a walk of its own, and costs more than a few entries of one that has them all. */
const mostWalks = 1000;

/** The prefixes of patterns, sorted, without those that begin with another one; all names begin with "". */
function distinctPrefixes(patterns: readonly EntryPattern[]): readonly string[] {
  const sorted = patterns.length === 0 ? [""] : [...new Set(patterns.map(({ prefix }) => prefix))].sort();
  const distinct: string[] = [];
  for (const prefix of sorted) if (!prefix.startsWith(distinct.at(-1) ?? "\0")) distinct.push(prefix);
  return distinct.length > mostWalks ? [""] : distinct;
}
