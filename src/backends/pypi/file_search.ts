import type { Parser } from "../../document.ts";
import type { VaultReader } from "../../reader.ts";
import { VaultError } from "../../errors.ts";
import type { FileTable, FileToFetch } from "../shared/listings/file_table.ts";
import { findCached, findListed, type ListingDocument } from "../shared/listings/find_listed.ts";
import type { IndexRead, IndexReader } from "./index_reader.ts";
import { fileKeyOf, type Index, type Indexes } from "./indexes.ts";

export interface FileSearchOptions {
  readonly indexes: Indexes;
  readonly reader: IndexReader;
  /** Parses the table of a page's files. */
  readonly files: Parser<FileTable>;
}

/** A file, and the index whose page lists it. */
export interface FoundFile {
  readonly file: FileToFetch;
  readonly index: Index;
}

/** Looks files up on the pages of projects: a file that no page lists is never fetched. */
export class FileSearch {
  readonly #indexes: Indexes;
  readonly #reader: IndexReader;
  readonly #files: Parser<FileTable>;

  constructor({ indexes, reader, files }: FileSearchOptions) {
    this.#indexes = indexes;
    this.#reader = reader;
    this.#files = files;
  }

  /**
   * Finds the file of this URL on the page of the first of these projects that lists it. Throws `not_found` where none
   * does, and as reading a page.
   */
  async find(url: string, projects: readonly string[], vault: VaultReader): Promise<FoundFile> {
    const [first] = projects;
    const permitted = projects.filter((project) => this.#indexes.permit(project));
    if (first !== undefined && permitted.length === 0) this.#indexes.of(first);
    const found = await findListed(permitted.map((project) => this.#page(project, url, vault)), isSigned);
    if (found !== null) return found;
    const pages = projects.length === 0
      ? "its name is not one of a package"
      : `the pages of ${permitted.map((project) => `"${project}"`).join(", ")} do not list it`;
    throw new VaultError("not_found", `"${url}" is not fetched: ${pages}`);
  }

  /** Finds the file of this URL on a cached page, without a request to an index; null where none lists it. */
  async findCached(url: string, projects: readonly string[], vault: VaultReader): Promise<FileToFetch | null> {
    const permitted = projects.filter((project) => this.#indexes.permit(project));
    const found = await findCached(permitted.map((project) => this.#page(project, url, vault)));
    return found?.file ?? null;
  }

  #page(project: string, url: string, vault: VaultReader): ListingDocument<IndexRead<FileTable>, FoundFile> {
    const key = fileKeyOf(url);
    const parser = this.#files;
    return {
      name: `page of "${project}"`,
      readCached: () => this.#reader.readCachedPage(project, { parser, vault }),
      read: (freshness) => this.#reader.readPage(project, { parser, vault, freshness }),
      find({ value, index }) {
        const file = value.find(key);
        return file && { file, index };
      },
    };
  }
}

/** True for a link with a query, which may be a signature that is valid for a while only. */
function isSigned({ file: { url } }: FoundFile): boolean {
  return url.includes("?");
}
