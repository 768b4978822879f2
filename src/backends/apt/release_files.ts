import { Buffer } from "node:buffer";
import type { Digest, DigestAlgorithm } from "../../digest.ts";
import { type Checksum, type ChecksumKind, relativePath } from "./checksums.ts";

/** A file that a release lists. */
export interface ReleaseFile {
  /** Below the folder of the release, without a leading slash; not percent-encoded. */
  readonly path: string;
  readonly sizeBytes: number;
  /** The digest by the strongest algorithm that the release has for it. */
  readonly digest: Digest;
  /** The digests by all algorithms that the release has for it, the strongest first. */
  readonly digests: readonly Digest[];
}

/** The checksums that one field of a release lists. */
export interface ChecksumList {
  readonly kind: ChecksumKind;
  readonly checksums: readonly Checksum[];
}

/** The digests of one algorithm, row after row; a row of zeros, which nothing hashes to, stands for none. */
interface DigestColumn {
  readonly algorithm: DigestAlgorithm;
  readonly digestBytes: number;
  readonly packed: Uint8Array<ArrayBuffer>;
}

/** The files of a release as plain values, which can be passed between threads. */
export interface FileColumns {
  /** The paths of all files, a line each. */
  readonly paths: string;
  readonly sizes: Float64Array<ArrayBuffer>;
  /** The strongest algorithm first. */
  readonly digests: readonly DigestColumn[];
}

interface Column extends Omit<DigestColumn, "packed"> {
  readonly packed: Buffer;
}

/** The memory of a path besides its characters, in the map and the list. */
const pathOverheadBytes = 90;

/** The files that a release lists, packed: distributions list thousands, and many releases are kept in memory. */
export class ReleaseFiles {
  /** About how many bytes of memory they take. */
  readonly weight: number;
  readonly #rows: ReadonlyMap<string, number>;
  readonly #paths: readonly string[];
  readonly #sizes: Float64Array;
  /** The strongest algorithm first. */
  readonly #columns: readonly Column[];

  constructor({ paths, sizes, digests }: FileColumns) {
    // The paths are slices of one text that has nothing else in it, and do not keep the whole release in memory.
    this.#paths = paths.split("\n");
    this.#rows = new Map(this.#paths.map((path, row) => [path, row]));
    this.#sizes = sizes;
    this.#columns = digests.map(({ packed, ...column }) => ({ ...column, packed: Buffer.from(packed.buffer) }));
    const charactersOfPaths = paths.length - this.#paths.length + 1;
    const bytesOfColumns = this.#columns.reduce((sum, { packed }) => sum + packed.byteLength, 0);
    this.weight = charactersOfPaths + this.size * (pathOverheadBytes + 8) + bytesOfColumns;
  }

  get size(): number {
    return this.#rows.size;
  }

  has(path: string): boolean {
    return this.#rows.has(path);
  }

  get(path: string): ReleaseFile | undefined {
    const row = this.#rows.get(path);
    if (row === undefined) return undefined;
    const digests = this.#columns.flatMap(({ algorithm, digestBytes, packed }) => {
      const digest = packed.subarray(row * digestBytes, (row + 1) * digestBytes);
      return isEmpty(digest) ? [] : [{ algorithm, hex: digest.toString("hex") }];
    });
    return { path, sizeBytes: this.#sizes[row]!, digest: digests[0]!, digests };
  }

  /** The paths of all files. */
  keys(): IterableIterator<string> {
    return this.#rows.keys();
  }

  /** The paths of the files that have this digest; several where the same bytes are listed at several places. */
  pathsOf(digest: Digest): readonly string[] {
    const column = this.#columns.find(({ algorithm }) => algorithm === digest.algorithm);
    if (column === undefined) return [];
    return findRows(column, Buffer.from(digest.hex, "hex")).map((row) => this.#paths[row]!);
  }
}

/** Packs the lists of a release. The first entry counts for a path that a list has twice, as for apt. */
export function packFiles(lists: readonly ChecksumList[]): FileColumns {
  const sizes = new Map<string, number>();
  for (const { checksums } of lists) {
    for (const { name, sizeBytes } of checksums) {
      const path = relativePath(name);
      if (!sizes.has(path)) sizes.set(path, sizeBytes);
    }
  }
  const paths = [...sizes.keys()];
  const rows = new Map(paths.map((path, row) => [path, row]));
  return {
    paths: paths.join("\n"),
    sizes: Float64Array.from(sizes.values()),
    digests: lists.map((list) => packColumn(list, rows)),
  };
}

function packColumn({ kind, checksums }: ChecksumList, rows: ReadonlyMap<string, number>): DigestColumn {
  const { algorithm, digestBytes } = kind;
  const bytes = new Uint8Array(rows.size * digestBytes);
  const packed = Buffer.from(bytes.buffer);
  for (const { name, hex } of checksums) {
    const offset = rows.get(relativePath(name))! * digestBytes;
    if (isEmpty(packed.subarray(offset, offset + digestBytes))) packed.write(hex, offset, "hex");
  }
  return { algorithm, digestBytes, packed: bytes };
}

/** Scans all digests, which is fast enough for thousands and saves the memory of an index. */
function findRows({ digestBytes, packed }: Column, digest: Buffer): number[] {
  const rows: number[] = [];
  if (isEmpty(digest)) return rows;
  for (let at = packed.indexOf(digest); at >= 0; at = packed.indexOf(digest, at + 1)) {
    if (at % digestBytes === 0) rows.push(at / digestBytes);
  }
  return rows;
}

function isEmpty(digest: Uint8Array): boolean {
  return digest.every((byte) => byte === 0);
}
