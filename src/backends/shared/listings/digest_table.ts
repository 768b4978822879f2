import { Buffer } from "node:buffer";
import type { Digest } from "../../../digest.ts";
import { lowerBound, pathHash } from "./path_hash.ts";

/** A table in the form that goes between threads, sorted by key: `digests` has 32 bytes for each of `keys`. */
export interface DigestColumns {
  readonly keys: Float64Array<ArrayBuffer>;
  readonly digests: Uint8Array<ArrayBuffer>;
}

const digestBytes = 32;

/**
 * The SHA-256 digests of listed files by their paths. A file takes 40 bytes, since of its path only a hash of 53 bits
 * is kept. Where two paths share one, a file goes without its digest or is refused, and never passes with wrong bytes;
 * and whoever makes a listing collide with another's path on purpose could have listed that very path in it.
 */
export class DigestTable {
  readonly #keys: Float64Array;
  readonly #digests: Buffer;

  constructor({ keys, digests }: DigestColumns) {
    this.#keys = keys;
    this.#digests = Buffer.from(digests.buffer, digests.byteOffset, digests.byteLength);
  }

  /** The number of files. */
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
    const key = pathHash(path.startsWith("/") ? path.slice(1) : path);
    const row = lowerBound(this.#keys, key);
    if (this.#keys[row] !== key) return null;
    return { algorithm: "sha256", hex: this.#digests.toString("hex", row * digestBytes, (row + 1) * digestBytes) };
  }
}

/** Collects the files of a listing. */
export class DigestTableBuilder {
  #count = 0;
  #keys = new Float64Array(1024);
  #digests = Buffer.alloc(1024 * digestBytes);

  /** `path` has no leading slash and no `./`; `sha256` is in hex. */
  add(path: string, sha256: string): void {
    if (this.#count === this.#keys.length) this.#grow();
    this.#keys[this.#count] = pathHash(path);
    this.#digests.write(sha256, this.#count * digestBytes, "hex");
    this.#count++;
  }

  /** All that was added, sorted; a path with several digests is left out, since each may be the file's. */
  build(): DigestColumns {
    const rows = this.#unambiguousRows();
    const keys = Float64Array.from(rows, (row) => this.#keys[row]!);
    const digests = new Uint8Array(rows.length * digestBytes);
    for (const [at, row] of rows.entries()) {
      for (let byte = 0; byte < digestBytes; byte++) {
        digests[at * digestBytes + byte] = this.#digests[row * digestBytes + byte]!;
      }
    }
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
