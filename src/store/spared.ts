import type { Absences } from "./absences.ts";
import type { Entries } from "./entries.ts";
import { filesBelow, pause } from "./files.ts";
import type { FsLayout } from "./fs_layout.ts";
import { DigestSet } from "./digest_set.ts";
import { parseEntry } from "./parse_entry.ts";
import { readJson } from "./regular_files.ts";

/** A backend whose files are in the cache. */
export interface KnownBackend {
  readonly name: string;
  /** True where its upstream is never asked, so that its files cannot be fetched again. */
  readonly offline: boolean;
}

interface SparedDeps {
  readonly backends: readonly KnownBackend[];
  readonly entries: Entries;
  readonly absences: Absences;
  /** Yields the digests of the bodies that people have pinned. Where it throws, nothing may be removed. */
  readonly pinned: () => AsyncIterable<string>;
}

/** Reading entries pauses after this many, so that requests are answered in between. */
const filesPerSlice = 64;
/** More than any second since the epoch: it ranks a blob after all others. */
const afterAllOthers = 1e12;

/** The blobs that are never removed to make room, and those that are removed only when nothing else is left. */
export class Spared {
  readonly #never = new DigestSet({ isBrief: true });
  readonly #last = new DigestSet({ isBrief: true });

  /**
   * Pinned blobs and those of backends that are offline are never removed, those that an upstream no longer has are
   * removed last. Stops early when `signal` is aborted.
   */
  static async collect(layout: FsLayout, deps: SparedDeps, signal: AbortSignal): Promise<Spared> {
    const spared = new Spared();
    for await (const sha256 of inSlices(ofOfflineBackends(layout, deps), signal)) spared.#never.add(sha256);
    for await (const sha256 of inSlices(deps.pinned(), signal)) spared.#never.add(sha256);
    for await (const sha256 of inSlices(goneUpstream(deps), signal)) spared.#last.add(sha256);
    return spared;
  }

  /** True for a blob that is not removed unless something else needs the room. */
  isSpared(sha256: string): boolean {
    return this.#never.has(sha256) || this.#last.has(sha256);
  }

  /** The rank of a blob: lower ranks are removed first. Null for never. */
  rankOf(sha256: string, lastUsedSecond: number): number | null {
    if (this.#never.has(sha256)) return null;
    return this.#last.has(sha256) ? lastUsedSecond + afterAllOthers : lastUsedSecond;
  }
}

/** Yields the digests in all entries of backends that are offline; "" for files that are no entries. */
async function* ofOfflineBackends(layout: FsLayout, { backends }: SparedDeps): AsyncIterable<string> {
  for (const { name, offline } of backends) {
    if (!offline) continue;
    for await (const path of filesBelow(layout.entriesOf(name))) yield parseEntry(readJson(path))?.sha256 ?? "";
  }
}

/** Yields the digests of stored artifacts that upstream last answered with 404 or 410. */
async function* goneUpstream({ backends, entries, absences }: SparedDeps): AsyncIterable<string> {
  for (const { name } of backends) {
    for (const key of absences.keys(name)) yield entries.newest(name, key)?.sha256 ?? "";
  }
}

async function* inSlices(names: AsyncIterable<string>, signal: AbortSignal): AsyncIterable<string> {
  let count = 0;
  for await (const name of names) {
    if (count++ % filesPerSlice === 0) await pause();
    if (signal.aborted) return;
    if (name !== "") yield name;
  }
}
