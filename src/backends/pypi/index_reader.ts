import type { Artifact, CachingPolicy, Candidate, Freshness } from "../../artifact.ts";
import type { Parsed, Parser } from "../../document.ts";
import type { VaultReader } from "../../reader.ts";
import { isMissing, VaultError } from "../../errors.ts";
import { headerOf } from "../../http/headers.ts";
import { htmlType, jsonType } from "./page_format.ts";
import type { IndexLane } from "./tasks.ts";
import { isJson, maxPageBytes } from "./index_document.ts";
import { candidateFromLinks } from "./find_links.ts";
import type { Index, Indexes } from "./indexes.ts";

export interface IndexReaderOptions {
  readonly backend: string;
  readonly policy: CachingPolicy;
  /** The time for which pages are fresh. */
  readonly ttlMs: number;
  readonly indexes: Indexes;
  readonly lane: IndexLane;
}

/** A parsed document of an index. */
export interface IndexRead<T> extends Parsed<T> {
  readonly index: Index;
}

/** The way to read a page. */
export interface PageRead<T> {
  readonly parser: Parser<T>;
  readonly vault: VaultReader;
  /** The freshness; that of the backend where absent. */
  readonly freshness?: Freshness;
}

interface DocumentAsked {
  readonly project: string | null;
  readonly url: string;
  readonly vault: VaultReader;
  readonly freshness?: Freshness | undefined;
}

/** The list of an index; `value` is true if it is JSON and not packed. */
export interface FoundList extends IndexRead<boolean> {
  readonly artifact: Artifact;
}

/** The `Accept` for indexes: JSON, for all that only it has, and else HTML. */
const acceptFromIndex = `${jsonType}, ${htmlType};q=0.2, text/html;q=0.1`;

/** Decides by the headers alone. */
const plainJson: Parser<boolean> = {
  name: "pypi plain JSON",
  maxBytes: maxPageBytes,
  parse({ headers }) {
    const contentType = headerOf(headers, "content-type");
    return isJson({ contentType }) && headerOf(headers, "content-encoding") === undefined;
  },
  sizeOf: () => 0,
};

const never: Freshness = { kind: "ttl", ttlMs: 0 };

/** Reads the pages and lists of indexes, each stored once as it was sent, whatever format clients ask for. */
export class IndexReader {
  readonly #options: IndexReaderOptions;
  readonly #listCheck: Parser<null>;

  constructor(options: IndexReaderOptions) {
    this.#options = options;
    this.#listCheck = createListCheck(options.lane);
  }

  /**
   * Reads the page of a project, of the first index that has it. A cached page of an index which, as things are
   * configured now, is not asked for the project does not count, not even where the others are down. Throws `not_found`
   * where no index may have it, and the errors of the vault.
   */
  async readPage<T>(project: string, { parser, vault, freshness }: PageRead<T>): Promise<IndexRead<T>> {
    const permitted = this.#options.indexes.of(project);
    const candidates = await Promise.all(permitted.map((index) => {
      return this.#candidate(index, { project, url: index.pageUrl(project), vault, freshness });
    }));
    const page = { ...this.#page(project, parser), candidates };
    const attempts = [{ ...page, ...freshness && { freshness } }, anew(page)];
    for (const artifact of attempts) {
      const read = await vault.read(artifact, parser);
      const index = this.#indexOf(read, project);
      if (index) return { ...read, index };
    }
    throw new VaultError(
      "offline",
      `The page of "${project}" in the cache is of an index that may not have it any more; offline, there is no other`,
    );
  }

  /** The cached page of a project, however old, without a request to an index; null where none may be used. */
  async readCachedPage<T>(project: string, { parser, vault }: PageRead<T>): Promise<IndexRead<T> | null> {
    const page = this.#page(project, parser);
    if (!vault.holds(page)) return null;
    const read = await vault.read({ ...page, freshness: { kind: "immutable" } }, parser);
    const index = this.#indexOf(read, project);
    return index && { ...read, index };
  }

  /** Reads the lists of all indexes that have one. Throws as the vault does, `not_found` only where none has one. */
  async findLists(vault: VaultReader): Promise<FoundList[]> {
    const { all } = this.#options.indexes;
    const reads = await Promise.allSettled(all.map(async (index) => {
      const candidate = await this.#candidate(index, { project: null, url: `${index.url}/`, vault });
      const document = this.document(`/simple/;${index.url}`, [candidate]);
      const artifact = { ...document, document: { check: this.#listCheck } };
      const read = await vault.read(artifact, plainJson);
      if (!index.vouchesFor(read.source)) throw new VaultError("not_found", `"${index.url}/" is no list of its own`);
      return { ...read, artifact, index };
    }));
    const found = reads.flatMap((read) => read.status === "fulfilled" ? [read.value] : []);
    const failures = reads.flatMap((read) => read.status === "rejected" ? [read.reason] : []);
    const worst = failures.find((error) => !isMissing(error)) ?? (found.length === 0 ? failures[0] : undefined);
    if (worst !== undefined) throw worst;
    return found;
  }

  /** Returns the candidate for the page of a project, or for the list of projects. */
  async #candidate(index: Index, asked: DocumentAsked): Promise<Candidate> {
    const { linksUrl } = index;
    const { project, url, vault, freshness } = asked;
    if (linksUrl === null) return index.documentCandidate(url);
    const page = this.document(`/find-links/;${index.url}`, [index.documentCandidate(linksUrl)]);
    const links = { ...page, ...freshness && { freshness } };
    return await candidateFromLinks({ links, project, url, lane: this.#options.lane, vault });
  }

  /** The index that a page came from; null where that may not have the project. */
  #indexOf({ source }: Parsed<unknown>, project: string): Index | null {
    const index = this.#options.indexes.at(source.upstream, project);
    return index?.vouchesFor(source) ? index : null;
  }

  /**
   * Returns the page of a project as an artifact. A body that is no page is no answer: an index that sends a login page
   * is down.
   */
  #page(project: string, check: Parser<unknown>): Artifact {
    const candidates = this.#options.indexes.of(project).map((index) =>
      index.documentCandidate(index.pageUrl(project))
    );
    return { ...this.document(`/simple/${project}/`, candidates), document: { check } };
  }

  /** A document of indexes, which is fresh for as long as a page. */
  document(key: string, candidates: Artifact["candidates"]): Artifact {
    const { backend, policy, ttlMs } = this.#options;
    return {
      backend,
      key,
      candidates,
      requestHeaders: [["accept", acceptFromIndex]],
      freshness: { kind: "ttl", ttlMs },
      policy,
      // An index that is down or refuses may have the project: the next one may have a stranger's of that name.
      failover: "absence",
      identity: { kind: "unknown" },
    };
  }
}

/** Returns the page as it is upstream, never a cached one, not even in place of an error. */
function anew(page: Artifact): Artifact {
  return { ...page, freshness: never, policy: { ...page.policy, staleIfErrorMs: 0, serveDeleted: false } };
}

function createListCheck(lane: IndexLane): Parser<null> {
  return {
    name: "pypi projects as they came",
    maxBytes: maxPageBytes,
    parse: (body) => lane.run({ name: "checkList", bodies: [body], options: null }),
    sizeOf: () => 0,
  };
}
