import type { Absences } from "./absences.ts";
import type { Entries } from "./entries.ts";
import { filesBelow } from "./files.ts";
import type { FsLayout } from "./fs_layout.ts";
import { parseEntry } from "./parse_entry.ts";
import { readJson } from "./regular_files.ts";

/** A backend whose files are in the cache. */
export interface KnownBackend {
  readonly name: string;
  /** Its upstream is never asked, so what it has cannot be fetched again. */
  readonly offline: boolean;
}

interface SparedDeps {
  readonly backends: readonly KnownBackend[];
  readonly entries: Entries;
  readonly absences: Absences;
}

/** Entries are looked at with a pause after this many, so that requests are answered in between. */
const filesPerSlice = 64;
/** More than any second since the epoch: what is removed last comes after all that is removed first. */
const afterAllOthers = 1e12;

/** Which blobs may not be removed to make room, and which only when nothing else is left. */
export class Spared {
  readonly #never = new BlobNames();
  readonly #last = new BlobNames();

  /**
   * Blobs of backends that are offline are never removed. Those that an upstream no longer has go last. Stops early when
   * `signal` is aborted.
   */
  static async collect(layout: FsLayout, deps: SparedDeps, signal: AbortSignal): Promise<Spared> {
    const spared = new Spared();
    for await (const sha256 of inSlices(ofOfflineBackends(layout, deps), signal)) spared.#never.add(sha256);
    for await (const sha256 of inSlices(goneUpstream(deps), signal)) spared.#last.add(sha256);
    return spared;
  }

  /** When a blob's turn to be removed comes: lower ranks go first. Null for never. */
  rankOf(sha256: string, lastUsedSecond: number): number | null {
    if (this.#never.has(sha256)) return null;
    return this.#last.has(sha256) ? lastUsedSecond + afterAllOthers : lastUsedSecond;
  }
}

/** Names of blobs by their first 30 bits. One in a thousand others is taken for one of a million names: it stays, too. */
class BlobNames {
  readonly #names = new Set<number>();

  add(sha256: string): void {
    this.#names.add(shortened(sha256));
  }

  has(sha256: string): boolean {
    return this.#names.size > 0 && this.#names.has(shortened(sha256));
  }
}

function shortened(sha256: string): number {
  return parseInt(sha256.slice(0, 8), 16) >>> 2;
}

/** The digests in all entries of backends that are offline; empty for files that are none. */
async function* ofOfflineBackends(layout: FsLayout, { backends }: SparedDeps): AsyncIterable<string> {
  for (const { name, offline } of backends) {
    if (!offline) continue;
    for await (const path of filesBelow(layout.entriesOf(name))) yield parseEntry(readJson(path))?.sha256 ?? "";
  }
}

/** The digests of what is held and was answered with 404 or 410 when its upstream was last asked. */
async function* goneUpstream({ backends, entries, absences }: SparedDeps): AsyncIterable<string> {
  for (const { name } of backends) {
    for (const key of absences.keys(name)) yield entries.newest(name, key)?.sha256 ?? "";
  }
}

async function* inSlices(names: AsyncIterable<string>, signal: AbortSignal): AsyncIterable<string> {
  let count = 0;
  for await (const name of names) {
    if (count++ % filesPerSlice === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    if (signal.aborted) return;
    if (name !== "") yield name;
  }
}
