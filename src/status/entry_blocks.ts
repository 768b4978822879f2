import { NumberColumn } from "../store/number_column.ts";
import type { ListedEntry } from "../inventory/listed_entry.ts";
import type { InventoryEntry } from "./inventory.ts";

/** Names are encoded so many at a time. */
const namesPerBlock = 256;

/** Entries in the order of their names, in about 30 bytes and the name for each, outside of the heap. */
export class EntryBlocks {
  readonly #blocks: Uint8Array[] = [];
  readonly #sizes = new NumberColumn();
  /** In seconds since the epoch. */
  readonly #stored = new NumberColumn();
  /** Seconds since the epoch doubled, and one more for a body that was not used again; 0 without a body. */
  readonly #used = new NumberColumn();
  /** The first 48 bits of the digest. */
  readonly #digests = new NumberColumn();
  #pending: string[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add({ name, sizeBytes, storedAt, usedAt, isUnused, sha256 }: ListedEntry): void {
    const index = this.#size++;
    this.#pending.push(name);
    if (this.#pending.length === namesPerBlock) this.#encode();
    this.#sizes.set(index, sizeBytes);
    this.#stored.set(index, Math.max(0, Math.floor(storedAt / 1000)));
    this.#used.set(index, usedAt === null ? 0 : Math.max(1, Math.floor(usedAt / 1000)) * 2 + Number(isUnused));
    this.#digests.set(index, prefixOf(sha256));
  }

  /** Is called once all have been added. */
  end(): void {
    if (this.#pending.length > 0) this.#encode();
  }

  at(index: number): InventoryEntry {
    return this.#entry(index, this.#names(Math.floor(index / namesPerBlock))[index % namesPerBlock]!);
  }

  sizeAt(index: number): number {
    return this.#sizes.get(index);
  }

  storedAt(index: number): number {
    return this.#stored.get(index) * 1000;
  }

  /** Null without a body. */
  usedAt(index: number): number | null {
    const used = this.#used.get(index);
    return used === 0 ? null : Math.floor(used / 2) * 1000;
  }

  isUnusedAt(index: number): boolean {
    return this.#used.get(index) % 2 === 1;
  }

  hasDigest(index: number, sha256: string): boolean {
    return this.#digests.get(index) === prefixOf(sha256);
  }

  /** The blocks of names from an index on: the index of each block's first name, and its names. */
  *blocks(from = 0): Generator<{ readonly start: number; readonly names: () => readonly string[]; text(): string }> {
    for (let block = Math.floor(from / namesPerBlock); block < this.#blocks.length; block++) {
      yield { start: block * namesPerBlock, names: () => this.#names(block), text: () => this.#text(block) };
    }
  }

  entryOf(index: number, name: string): InventoryEntry {
    return this.#entry(index, name);
  }

  #entry(index: number, name: string): InventoryEntry {
    const backend = name.slice(0, name.indexOf("/"));
    const usedAt = this.usedAt(index);
    const sizes = { sizeBytes: this.sizeAt(index), storedAt: this.storedAt(index) };
    return { name, backend, ...sizes, usedAt, isUnused: this.isUnusedAt(index) };
  }

  #names(block: number): readonly string[] {
    return this.#text(block).split("\n");
  }

  #text(block: number): string {
    return new TextDecoder().decode(this.#blocks[block]);
  }

  /** A name has no line end: keys are percent-encoded paths. One that has is shown without. */
  #encode(): void {
    this.#blocks.push(new TextEncoder().encode(this.#pending.map((name) => name.replaceAll("\n", " ")).join("\n")));
    this.#pending = [];
  }
}

function prefixOf(sha256: string): number {
  return Number.parseInt(sha256.slice(0, 12), 16);
}
