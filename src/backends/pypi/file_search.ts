import type { Freshness } from "../../artifact.ts";
import type { Parsed, Parser } from "../../document.ts";
import type { VaultReader } from "../../reader.ts";
import { isMissing, VaultError } from "../../errors.ts";
import type { FileTable, FileToFetch } from "../shared/listings/file_table.ts";
import type { IndexReader } from "./index_reader.ts";
import { fileKeyOf, type Index, type Indexes } from "./indexes.ts";

export interface FileSearchOptions {
  readonly indexes: Indexes;
  readonly reader: IndexReader;
  /** The parser of a page for its files. */
  readonly reading: Parser<FileTable>;
}

/** A file, and the index whose page lists it. */
export interface ListedFile {
  readonly file: FileToFetch;
  readonly index: Index;
}

/** A page that does not list a file that is asked for is looked at again, but not more often than this. */
const lookAgainAfterMs = 10_000;

const held: Freshness = { kind: "immutable" };

/** Any page that is held comes before a fresh one. */
const ways: readonly Freshness[] = [held, { kind: "ttl", ttlMs: lookAgainAfterMs }];

/** Looks files up on the pages of projects: what no page lists is never fetched. */
export class FileSearch {
  readonly #indexes: Indexes;
  readonly #reader: IndexReader;
  readonly #reading: Parser<FileTable>;

  constructor({ indexes, reader, reading }: FileSearchOptions) {
    this.#indexes = indexes;
    this.#reader = reader;
    this.#reading = reading;
  }

  /**
   * The file of this URL, on the page of the first of these projects that lists it. Throws `not_found` where none does,
   * and what reading a page throws.
   */
  async find(url: string, projects: readonly string[], vault: VaultReader): Promise<ListedFile> {
    const [first] = projects;
    const permitted = projects.filter((project) => this.#indexes.permit(project));
    if (first !== undefined && permitted.length === 0) this.#indexes.of(first);
    for (const project of permitted) {
      const listed = await this.#findOn(project, fileKeyOf(url), vault);
      if (listed) return listed;
    }
    const pages = projects.length === 0
      ? "its name is not one of a package"
      : `the pages of ${permitted.map((project) => `"${project}"`).join(", ")} do not list it`;
    throw new VaultError("not_found", `"${url}" is not fetched: ${pages}`);
  }

  /** Returns the file of this URL as a cached page lists it; null where none does. Asks no index. */
  async findHeld(url: string, projects: readonly string[], vault: VaultReader): Promise<FileToFetch | null> {
    for (const project of projects.filter((project) => this.#indexes.permit(project))) {
      const page = await this.#reader.readHeldPage(project, { reading: this.#reading, vault });
      const file = page?.value.find(fileKeyOf(url));
      if (file) return file;
    }
    return null;
  }

  async #findOn(project: string, key: string, vault: VaultReader): Promise<ListedFile | null> {
    for (const freshness of ways) {
      const reads = this.#reader.readPage(project, { reading: this.#reading, vault, freshness });
      const page = await reads.catch((error) => {
        if (isMissing(error)) return null;
        throw error;
      });
      const file = page?.value.find(key);
      if (file && !(freshness === held && isSigned(file))) return { file, index: page!.index };
      if (page && isOutdated(page)) throw unlisted(project, page);
    }
    return null;
  }
}

/** Says whether the index could not be asked for a newer page: an outage is never reported as an absence. */
function isOutdated({ source: { cacheStatus: { detail, fwdStatus } } }: Parsed<unknown>): boolean {
  return detail === "stale-if-error" && fwdStatus !== 404 && fwdStatus !== 410;
}

/** Says whether its link has a query: that may be a signature, which is good for a while only. */
function isSigned({ url }: FileToFetch): boolean {
  return url.includes("?");
}

function unlisted(project: string, { source }: Parsed<unknown>): VaultError {
  const { upstream, cacheStatus: { fwdStatus } } = source;
  return new VaultError(
    "upstream_failed",
    `The page of "${project}" in the cache does not list the file, and "${upstream}" does not give a newer one`,
    fwdStatus === undefined ? {} : { upstreamStatus: fwdStatus },
  );
}
