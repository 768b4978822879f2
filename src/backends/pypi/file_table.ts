import { type Digest, formatDigest, parseDigest } from "../../digest.ts";
import { lowerBound, pathHash } from "../shared/path_hash.ts";
import { digestOf } from "./hashes.ts";
import { addressOf, fileKeyOf } from "./indexes.ts";
import type { PageFile } from "./page.ts";

/** What has to be known of a file to fetch it. */
export interface FileToFetch {
  /** With its query. */
  readonly url: string;
  /** Null where the index gives none that we know. */
  readonly digest: Digest | null;
}

/** A table packed for its way between threads: rows of text in the order of their keys' hashes. */
export interface FileColumns {
  readonly hashes: Float64Array<ArrayBuffer>;
  /** Where each row begins in `text`, and behind the last where the text ends. */
  readonly starts: Uint32Array<ArrayBuffer>;
  /** Each row is key, URL and digest with tabs between them, which none of them has in it. */
  readonly text: Uint8Array<ArrayBuffer>;
}

/** The files of a project's page, by their keys, with what is beside them: `.metadata` and `.asc`. */
export class FileTable {
  readonly #columns: FileColumns;

  constructor(columns: FileColumns) {
    this.#columns = columns;
  }

  /** How many files it knows. */
  get size(): number {
    return this.#columns.hashes.length;
  }

  /** The memory it takes. */
  get sizeBytes(): number {
    const { hashes, starts, text } = this.#columns;
    return hashes.byteLength + starts.byteLength + text.byteLength;
  }

  /** The file of this key (`fileKeyOf`), as the page lists it last; null where it lists none. */
  find(key: string): FileToFetch | null {
    const { hashes } = this.#columns;
    const hash = pathHash(key);
    let found: FileToFetch | null = null;
    for (let row = lowerBound(hashes, hash); hashes[row] === hash; row++) {
      const [rowKey, url, digest] = this.#row(row);
      if (rowKey === key) found = { url: url!, digest: digest === "" ? null : parseDigest(digest!) };
    }
    return found;
  }

  #row(row: number): string[] {
    const { starts, text } = this.#columns;
    return new TextDecoder().decode(text.subarray(starts[row], starts[row + 1])).split("\t");
  }
}

/** The table of a page's files. */
export function packFiles(files: readonly PageFile[]): FileColumns {
  const rows = files.flatMap(rowsOf).map(([key, url, digest]) => {
    return { hash: pathHash(key), text: `${key}\t${url}\t${digest === null ? "" : formatDigest(digest)}` };
  });
  // Sorting is stable: of one key the last row stays the last.
  rows.sort((a, b) => a.hash - b.hash);
  const starts = new Uint32Array(rows.length + 1);
  // URLs are ASCII, and so are digests.
  for (const [row, { text }] of rows.entries()) starts[row + 1] = starts[row]! + text.length;
  return {
    hashes: Float64Array.from(rows, ({ hash }) => hash),
    starts,
    text: new TextEncoder().encode(rows.map(({ text }) => text).join("")),
  };
}

function rowsOf(file: PageFile): [key: string, url: string, digest: Digest | null][] {
  const { url, hashes, coreMetadata, gpgSig } = file;
  const address = addressOf(file);
  const beside = (suffix: string, digest: Digest | null): [string, string, Digest | null] => {
    const target = new URL(url);
    target.pathname += suffix;
    return [keyOrUrl(address + suffix), target.href, digest];
  };
  return [
    [keyOrUrl(address), url, digestOf(hashes)],
    ...coreMetadata === null ? [] : [beside(".metadata", digestOf(coreMetadata))],
    ...gpgSig === true ? [beside(".asc", null)] : [],
  ];
}

/** A URL that no client can ask for stands for itself. */
function keyOrUrl(url: string): string {
  try {
    return fileKeyOf(url);
  } catch {
    return url;
  }
}
