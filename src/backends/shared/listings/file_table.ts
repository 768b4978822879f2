import { type Digest, formatDigest, parseDigest } from "../../../digest.ts";
import { lowerBound, pathHash } from "./path_hash.ts";

/** A file by its URL and digest, as a document lists it. */
export interface FileToFetch {
  /** With its query. */
  readonly url: string;
  /** Null where the document names none that is known here. */
  readonly digest: Digest | null;
}

/** A file, and the key it is looked up by. Neither key nor URL contains a tab or a character beyond ASCII. */
export interface FileRow extends FileToFetch {
  readonly key: string;
}

/** A table in the form that goes between threads: rows of text in the order of their keys' hashes. */
export interface FileColumns {
  readonly hashes: Float64Array<ArrayBuffer>;
  /** The offset of each row in `text`, and behind the last one the length of the text. */
  readonly starts: Uint32Array<ArrayBuffer>;
  /** Each row is key, URL and digest with tabs between them. */
  readonly text: Uint8Array<ArrayBuffer>;
}

/** The URLs and digests of listed files by their keys. */
export class FileTable {
  readonly #columns: FileColumns;

  constructor(columns: FileColumns) {
    this.#columns = columns;
  }

  /** The number of files. */
  get size(): number {
    return this.#columns.hashes.length;
  }

  /** The memory it takes. */
  get sizeBytes(): number {
    const { hashes, starts, text } = this.#columns;
    return hashes.byteLength + starts.byteLength + text.byteLength;
  }

  /** The file of this key, as it is listed last; null where none is listed. */
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

/** Packs the table of these files. */
export function packFiles(files: readonly FileRow[]): FileColumns {
  const rows = files.map(({ key, url, digest }) => {
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
