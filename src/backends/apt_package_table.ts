import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { Digest } from "../digest.ts";

/** A table packed for its way between threads, sorted by key: `digests` has 32 bytes for each of `keys`. */
export interface PackageColumns {
  readonly keys: Float64Array<ArrayBuffer>;
  readonly digests: Uint8Array<ArrayBuffer>;
}

const digestBytes = 32;

/**
 * Which digests an index gives the files it lists: 40 bytes each. Paths are known by 48 bits of a hash; two that have
 * them in common are told apart by nothing, but all that comes of it is a file without a digest, or one that is refused.
 */
export class PackageTable {
  readonly #keys: Float64Array;
  readonly #digests: Buffer;

  constructor({ keys, digests }: PackageColumns) {
    this.#keys = keys;
    this.#digests = Buffer.from(digests.buffer, digests.byteOffset, digests.byteLength);
  }

  /** How many files it knows. */
  get size(): number {
    return this.#keys.length;
  }

  /** The memory it takes. */
  get sizeBytes(): number {
    return this.#keys.byteLength + this.#digests.byteLength;
  }

  /**
   * The digest of a file by its path below the root of its repository, percent-decoded, with a leading slash or not;
   * null for one that is not listed, or listed with several digests.
   */
  find(path: string): Digest | null {
    const key = keyOf(path.startsWith("/") ? path.slice(1) : path);
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#keys[middle]! < key) low = middle + 1;
      else high = middle;
    }
    if (this.#keys[low] !== key) return null;
    return { algorithm: "sha256", hex: this.#digests.toString("hex", low * digestBytes, (low + 1) * digestBytes) };
  }
}

/** Collects what an index lists. */
export class PackageTableBuilder {
  #count = 0;
  #keys = new Float64Array(1024);
  #digests = Buffer.alloc(1024 * digestBytes);

  /** `path` has no leading slash and no `./`; `sha256` is in hex. */
  add(path: string, sha256: string): void {
    if (this.#count === this.#keys.length) this.#grow();
    this.#keys[this.#count] = keyOf(path);
    this.#digests.write(sha256, this.#count * digestBytes, "hex");
    this.#count++;
  }

  /** All that was added, sorted; a path with several digests is left out, since each may be the file's. */
  build(): PackageColumns {
    const rows = this.#unambiguousRows();
    const keys = Float64Array.from(rows, (row) => this.#keys[row]!);
    const digests = new Uint8Array(rows.length * digestBytes);
    rows.forEach((row, at) => digests.set(this.#digestAt(row), at * digestBytes));
    return { keys, digests };
  }

  /** One row for each key, in the order of the keys. */
  #unambiguousRows(): number[] {
    const keys = this.#keys;
    const order = Uint32Array.from({ length: this.#count }, (_, row) => row).sort((a, b) => keys[a]! - keys[b]!);
    const rows: number[] = [];
    let at = 0;
    while (at < order.length) {
      const row = order[at]!;
      let agreed = true;
      for (at++; at < order.length && keys[order[at]!] === keys[row]; at++) {
        agreed &&= this.#digestAt(order[at]!).equals(this.#digestAt(row));
      }
      if (agreed) rows.push(row);
    }
    return rows;
  }

  #digestAt(row: number): Buffer {
    return this.#digests.subarray(row * digestBytes, (row + 1) * digestBytes);
  }

  #grow(): void {
    const keys = new Float64Array(this.#keys.length * 2);
    keys.set(this.#keys);
    this.#keys = keys;
    this.#digests = Buffer.concat([this.#digests, Buffer.alloc(this.#digests.byteLength)]);
  }
}

/** Whole numbers below 2^48, which a double holds exactly and sorts fast. */
function keyOf(path: string): number {
  return createHash("sha256").update(path).digest().readUIntBE(0, 6);
}
