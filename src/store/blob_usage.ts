import { BlobCount, type BlobTotals, type RankOf } from "./blob_scan.ts";
import { replaceFile } from "./files.ts";
import type { FsLayout } from "./fs_layout.ts";
import { fileOrNull, readJson } from "./regular_files.ts";
import type { Removals } from "./removals.ts";

/** A blob that is being added, removed or replaced. */
interface Change {
  /** Its size as it is counted now. */
  bytes: number;
  readonly done: Promise<void>;
}

interface BlobUsageDeps {
  readonly removals: Removals;
  /** A path for a small file that is about to be renamed into place. */
  readonly temporary: () => string;
  /** True where the count is written to disk for the next start. */
  readonly saves: boolean;
}

/** Counts the bytes of all blobs while blobs are added and removed. Each blob changes once at a time. */
export class BlobUsage {
  #bytes: number;
  /** False until `#bytes` has been counted, or read from the last start. */
  #known: boolean;
  /** The count under way; there is one at a time. */
  #count: BlobCount | null = null;
  #counting: Promise<unknown> = Promise.resolve();
  #turnover = 0;
  readonly #changing = new Map<string, Change>();
  #savedBytes = -1;
  #saving: Promise<void> = Promise.resolve();
  readonly #layout: FsLayout;
  readonly #deps: BlobUsageDeps;

  constructor(layout: FsLayout, deps: BlobUsageDeps) {
    this.#layout = layout;
    this.#deps = deps;
    const lastKnown = readLastKnown(layout.usage);
    this.#known = lastKnown !== null;
    this.#bytes = lastKnown ?? 0;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get known(): boolean {
    return this.#known;
  }

  /** The bytes that this process has added and removed since the last call, all of them together. */
  takeTurnover(): number {
    const turnover = this.#turnover;
    this.#turnover = 0;
    return turnover;
  }

  /** Corrects the count by looking at every blob, once a count under way has ended. Null when aborted. */
  count(signal: AbortSignal, rankOf?: RankOf): Promise<BlobTotals | null> {
    const counted = this.#counting.then(() => this.#countNow(signal, rankOf));
    this.#counting = counted.catch(() => {});
    return counted;
  }

  async #countNow(signal: AbortSignal, rankOf?: RankOf): Promise<BlobTotals | null> {
    const count = this.#count = new BlobCount(this.#layout, (sha256) => this.#sizeOf(sha256), rankOf);
    for (const [sha256, { bytes }] of this.#changing) count.changes(sha256, bytes);
    const ended = await count.run(signal).finally(() => this.#count = null);
    if (!ended) return null;
    const totals = count.totals();
    this.#bytes = totals.bytes;
    this.#known = true;
    await this.save();
    return totals;
  }

  /** Runs `place`, which moves a blob of `sizeBytes` into its place and calls `counted` once it is there. */
  async putBlob(sha256: string, sizeBytes: number, place: (counted: () => void) => Promise<void>): Promise<void> {
    for (let other; (other = this.#changing.get(sha256));) await other.done;
    await this.#change(sha256, this.#sizeOf(sha256), (count) => place(() => count(sizeBytes)));
  }

  /** Removes a blob of `sizeBytes`; false where it is being replaced or cannot be removed. Small ones go at once. */
  async remove(sha256: string, sizeBytes: number): Promise<boolean> {
    if (this.#changing.has(sha256)) return false;
    let removed = false;
    await this.#change(
      sha256,
      sizeBytes,
      (count) =>
        this.#deps.removals.remove(this.#layout.blob(sha256), sizeBytes, (gone) => {
          if (gone) count(0);
          removed = gone;
        }),
    );
    return removed;
  }

  /** Writes the count down for the next start. */
  save(): Promise<void> {
    this.#saving = this.#saving.then(() => this.#save());
    return this.#saving;
  }

  async #change(
    sha256: string,
    bytesBefore: number,
    act: (count: (bytesAfter: number) => void) => Promise<void>,
  ): Promise<void> {
    this.#count?.changes(sha256, bytesBefore);
    const { promise, resolve } = Promise.withResolvers<void>();
    const change: Change = { bytes: bytesBefore, done: promise };
    this.#changing.set(sha256, change);
    try {
      await act((bytesAfter) => {
        this.#bytes += bytesAfter - change.bytes;
        this.#turnover += Math.abs(bytesAfter - change.bytes);
        change.bytes = bytesAfter;
      });
    } finally {
      this.#changing.delete(sha256);
      resolve();
    }
  }

  #sizeOf(sha256: string): number {
    return this.#changing.get(sha256)?.bytes ?? fileOrNull(this.#layout.blob(sha256))?.size ?? 0;
  }

  async #save(): Promise<void> {
    const bytes = this.#bytes;
    if (!this.#deps.saves || !this.#known || this.#savedBytes === bytes) return;
    try {
      await replaceFile(this.#layout.usage, this.#deps.temporary(), `{"blobBytes":${bytes}}\n`);
      this.#savedBytes = bytes;
    } catch {
      // The next start counts instead.
    }
  }
}

function readLastKnown(path: string): number | null {
  const saved = readJson(path) as { blobBytes?: unknown } | null;
  const bytes = saved?.blobBytes;
  return typeof bytes === "number" && Number.isSafeInteger(bytes) && bytes >= 0 ? bytes : null;
}
