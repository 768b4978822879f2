import { FsLayout } from "../store/fs_layout.ts";
import { failIfDenied } from "../store/regular_files.ts";
import type { Absence, Entry } from "../store/store.ts";
import { type BodyFile, bodyFile } from "./body_table.ts";
import { cachedEntries } from "./cached_entries.ts";
import { entryName } from "./entry_name.ts";
import { pinPatterns, pinsOf } from "./pins.ts";
import { eachAbsence, eachParkedTransfer } from "./remembered.ts";

/** Everything that a cache directory tells about one entry. */
export interface EntryDetails {
  readonly entry: Entry;
  readonly bodyPath: string;
  /** Null where the body is gone, or has not come yet. */
  readonly body: BodyFile | null;
  /** The patterns by which it is pinned. */
  readonly pins: readonly string[];
  /** The names of other entries with the same bytes. */
  readonly sameBytes: readonly string[];
  readonly remembered: Remembered;
}

/** What is remembered of a name besides its entries. */
export interface Remembered {
  /** Upstream's last answer, where it did not have it; null otherwise. */
  readonly absence: Absence | null;
  /** The bytes that interrupted transfers of it have left. */
  readonly parkedBytes: number;
}

interface DetailsOptions {
  /** Called after each entry of the cache that was compared with it. */
  readonly visited?: () => void;
}

/** The entries of a name, one for each variant; none where it is not cached. */
export async function entriesNamed(dir: string, name: string): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of cachedEntries(dir, { prefix: name, unreadable: failIfDenied })) {
    if (entryName(entry) === name) entries.push(entry);
    // Those that begin alike come later.
    else if (entries.length > 0) break;
  }
  return entries;
}

/** Reads everything about some entries. Looks at all entries of the cache once. Throws as `readPins`. */
export async function readDetails(
  dir: string,
  entries: readonly Entry[],
  { visited = () => {} }: DetailsOptions = {},
): Promise<readonly EntryDetails[]> {
  const layout = new FsLayout(dir);
  const pins = pinPatterns(dir);
  const sameBytes = new Map(entries.map(({ sha256 }) => [sha256, new Set<string>()]));
  for await (const other of cachedEntries(dir)) {
    sameBytes.get(other.sha256)?.add(entryName(other));
    visited();
  }
  const remembered = new Map<string, Remembered>();
  for (const name of new Set(entries.map(entryName))) remembered.set(name, await readRemembered(dir, name));
  return entries.map((entry) => ({
    entry,
    bodyPath: layout.blob(entry.sha256),
    body: bodyFile(layout, entry.sha256),
    pins: pinsOf(entry, pins),
    sameBytes: [...sameBytes.get(entry.sha256)!].filter((name) => name !== entryName(entry)),
    remembered: remembered.get(entryName(entry))!,
  }));
}

/** Reads what is remembered of a name, which need not be cached. */
export async function readRemembered(dir: string, name: string): Promise<Remembered> {
  const layout = new FsLayout(dir);
  const absence = eachAbsence(layout).find((absent) => entryName(absent) === name)?.absence ?? null;
  let parkedBytes = 0;
  for await (const parked of eachParkedTransfer(layout)) {
    if (entryName(parked) === name) parkedBytes += parked.storedBytes;
  }
  return { absence, parkedBytes };
}
