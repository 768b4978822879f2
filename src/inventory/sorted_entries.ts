import type { ListedEntry } from "./listed_entry.ts";
import { NumberColumn } from "../store/number_column.ts";

/** An order of entries: largest first, oldest first, or longest unused first. */
export type EntryOrder = "size" | "age" | "used";

const rankOf: Readonly<Record<EntryOrder, (entry: ListedEntry) => number>> = {
  size: ({ sizeBytes }) => -sizeBytes,
  age: ({ storedAt }) => storedAt,
  used: ({ usedAt }) => usedAt ?? Infinity,
};

/** The first `limit` entries in an order; equal ones in the order in which they came. */
export async function firstEntries(
  entries: AsyncIterable<ListedEntry>,
  { order, limit }: { readonly order: EntryOrder; readonly limit: number },
): Promise<ListedEntry[]> {
  const rank = rankOf[order];
  const byRank = (a: ListedEntry, b: ListedEntry) => rank(a) - rank(b);
  let first: ListedEntry[] = [];
  for await (const entry of entries) {
    first.push(entry);
    // Sorting now and then costs less than keeping a heap, and holds at most twice as many.
    if (first.length >= 2 * limit + 1000) first = first.sort(byRank).slice(0, limit);
  }
  return first.sort(byRank).slice(0, limit);
}

/** Yields all entries in an order, out of records of about 70 bytes and the name for each. */
export async function* sortedEntries(
  entries: AsyncIterable<ListedEntry>,
  order: EntryOrder,
): AsyncGenerator<ListedEntry> {
  const records = new EntryRecords();
  const ranks = new NumberColumn();
  for await (const entry of entries) ranks.set(records.add(entry), rankOf[order](entry));
  const sorted = Uint32Array.from({ length: records.size }, (_, index) => index);
  sorted.sort((a, b) => ranks.get(a) - ranks.get(b) || a - b);
  for (const index of sorted) yield records.at(index);
}

const pieceBytes = 1024 * 1024;
const headBytes = 8 * 3 + 32 + 4 + 1;

/** Entries as bytes, since as many objects would take five times the memory. */
class EntryRecords {
  readonly #pieces: Uint8Array<ArrayBuffer>[] = [];
  readonly #starts = new NumberColumn();
  #used = pieceBytes;
  size = 0;

  add({ name, sha256, sizeBytes, storedAt, usedAt, isUnused }: ListedEntry): number {
    const text = new TextEncoder().encode(name);
    const bytes = headBytes + text.byteLength;
    if (this.#used + bytes > pieceBytes) {
      this.#pieces.push(new Uint8Array(Math.max(pieceBytes, bytes)));
      this.#used = 0;
    }
    const piece = this.#pieces.at(-1)!;
    const head = new DataView(piece.buffer, this.#used);
    [sizeBytes, storedAt, usedAt ?? NaN].forEach((value, at) => head.setFloat64(at * 8, value));
    piece.set(Uint8Array.fromHex(sha256), this.#used + 24);
    head.setUint32(56, text.byteLength);
    head.setUint8(60, Number(isUnused));
    piece.set(text, this.#used + headBytes);
    this.#starts.set(this.size, (this.#pieces.length - 1) * pieceBytes + this.#used);
    this.#used += bytes;
    return this.size++;
  }

  at(index: number): ListedEntry {
    const start = this.#starts.get(index);
    const piece = this.#pieces[Math.floor(start / pieceBytes)]!;
    const at = start % pieceBytes;
    const head = new DataView(piece.buffer, at);
    const usedAt = head.getFloat64(16);
    return {
      name: new TextDecoder().decode(piece.subarray(at + headBytes, at + headBytes + head.getUint32(56))),
      sha256: piece.subarray(at + 24, at + 56).toHex(),
      sizeBytes: head.getFloat64(0),
      storedAt: head.getFloat64(8),
      usedAt: Number.isNaN(usedAt) ? null : usedAt,
      isUnused: head.getUint8(60) === 1,
    };
  }
}
