import { filesBelow } from "../store/files.ts";
import { FsLayout } from "../store/fs_layout.ts";
import { cachedBackends } from "./cached_entries.ts";

/** How many keys a backend has entries of. */
export interface EntryCount {
  readonly backend: string;
  readonly entries: number;
}

/** Counts the entries in a cache directory by the names of files alone, variants of a key once. Stops at `signal`. */
export async function countEntries(dir: string, signal: AbortSignal): Promise<readonly EntryCount[]> {
  const layout = new FsLayout(dir);
  const counts: EntryCount[] = [];
  for (const backend of await cachedBackends(dir)) {
    let entries = 0;
    for await (const path of filesBelow(layout.entriesOf(backend))) {
      if (signal.aborted) return counts;
      if (path.endsWith("~.json")) entries++;
    }
    counts.push({ backend, entries });
  }
  return counts;
}
