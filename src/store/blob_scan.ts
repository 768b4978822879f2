import { breathe, namesIn, pause, readableNamesIn } from "./files.ts";
import type { FsLayout } from "./fs_layout.ts";
import { fileOrNull } from "./regular_files.ts";

/** A scan pauses after this many files, so that requests are answered in between. */
const filesPerSlice = 256;

interface EachBlobOptions {
  readonly signal: AbortSignal;
  /** Names up to this one are skipped. */
  readonly after?: string;
  /**
   * True in a program that serves nobody meanwhile: it need not pause, and throws where a folder cannot be read. False
   * when absent.
   */
  readonly isAlone?: boolean;
}

/** Calls `visit` for every blob in the order of their names, with pauses. Stops early when `signal` is aborted. */
export async function eachBlob(
  layout: FsLayout,
  visit: (sha256: string, info: Deno.FileInfo) => void | Promise<void>,
  { signal, after = "", isAlone = false }: EachBlobOptions,
): Promise<void> {
  const list = isAlone ? readableNamesIn : namesIn;
  let files = 0;
  for (const shard of list(layout.blobs).sort()) {
    if (shard < after.slice(0, 2)) continue;
    for (const name of list(`${layout.blobs}/${shard}`).sort()) {
      if (name <= after) continue;
      if (files++ % filesPerSlice === 0) await (isAlone ? breathe() : pause());
      if (signal.aborted) return;
      const info = fileOrNull(layout.blob(name));
      if (info) await visit(name, info);
    }
  }
}

/** True for the name of a body's file, the hex of its SHA-256; others were put there by somebody else. */
export function isBodyName(name: string): boolean {
  return /^[0-9a-f]{64}$/.test(name);
}

/** Ranks a blob for eviction: lower ranks are removed first. Null for a blob that is never removed. */
export type RankOf = (sha256: string, info: Deno.FileInfo) => number | null;

/** The bytes of all blobs. */
export interface BlobTotals {
  readonly bytes: number;
  /** Without the blobs that are never removed. */
  readonly bytesByRank: ReadonlyMap<number, number>;
}

/** Counts all blobs once. Its totals are right if each change meanwhile was reported by `changes`. */
export class BlobCount {
  readonly #layout: FsLayout;
  readonly #sizeOf: (sha256: string) => number;
  readonly #changed = new Set<string>();
  /** The blob that was counted last. Names are hashes, and are visited in order. */
  #position = "";
  #bytes = 0;
  readonly #bytesByRank = new Map<number, number>();
  readonly #rankOf: RankOf;

  /** `sizeOf` gives the size of a blob that has changed; 0 where it is gone. */
  constructor(layout: FsLayout, sizeOf: (sha256: string) => number, rankOf: RankOf = byLastUse) {
    this.#layout = layout;
    this.#sizeOf = sizeOf;
    this.#rankOf = rankOf;
  }

  /** Reports that a blob of `bytesBefore` bytes (0 for none) is being added, replaced or removed. */
  changes(sha256: string, bytesBefore: number): void {
    if (this.#changed.has(sha256)) return;
    this.#changed.add(sha256);
    if (sha256 <= this.#position) this.#bytes -= bytesBefore;
  }

  /** Visits all blobs; false when aborted. */
  async run(signal: AbortSignal): Promise<boolean> {
    await eachBlob(this.#layout, (sha256, info) => {
      this.#position = sha256;
      if (this.#changed.has(sha256)) return;
      this.#bytes += info.size;
      const rank = this.#rankOf(sha256, info);
      if (rank !== null) this.#bytesByRank.set(rank, (this.#bytesByRank.get(rank) ?? 0) + info.size);
    }, { signal });
    return !signal.aborted;
  }

  /** The result, after `run`. */
  totals(): BlobTotals {
    const changed = [...this.#changed].reduce((sum, sha256) => sum + this.#sizeOf(sha256), 0);
    return { bytes: this.#bytes + changed, bytesByRank: this.#bytesByRank };
  }
}

const byLastUse: RankOf = (_, info) => lastUse(info);

/** The time of a blob's last use, in whole seconds since the epoch. */
export function lastUse(info: Deno.FileInfo): number {
  return Math.floor((info.atime ?? info.mtime ?? new Date(0)).getTime() / 1000);
}
