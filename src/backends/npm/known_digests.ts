import { LRUCache } from "lru-cache";
import type { Digest } from "../../digest.ts";
import type { FileTable } from "../shared/listings/file_table.ts";

const mostBytes = 8 * 1024 * 1024;

/**
 * The digests of tarballs by the documents that were read last. They are for telling whether a cached tarball was
 * published anew: no document is read for that, since a `npm ci` asks for a thousand tarballs and no document.
 */
export class KnownDigests {
  readonly #tables = new LRUCache<string, FileTable>({
    maxSize: mostBytes,
    sizeCalculation: ({ sizeBytes }) => sizeBytes + 100,
  });

  /** From now on this is the table of the package. */
  set(name: string, files: FileTable): void {
    this.#tables.set(name, files);
  }

  /** Null where the document has not been read lately, or names none. */
  find(name: string, file: string): Digest | null {
    return this.#tables.get(name)?.find(file)?.digest ?? null;
  }
}
