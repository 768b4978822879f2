import type { Artifact, CachingPolicy, Freshness, Listing } from "../../artifact.ts";
import type { Backend, BackendRequest, DirectAnswer, KeyRequest, OfflineMiss, Resolved } from "../../backend.ts";
import type { Provenance } from "../../document.ts";
import type { VaultReader } from "../../reader.ts";
import { VaultError } from "../../errors.ts";
import { CachedProjects } from "./cached_projects.ts";
import { type Deliverable, DeliverableFiles } from "./deliverable.ts";
import { TaskLane } from "../shared/tasks/lane.ts";
import { htmlType, jsonType, negotiate } from "./page_format.ts";
import { ProjectApi } from "./project_api.ts";
import { lastSegment } from "./links.ts";
import { FileSearch } from "./file_search.ts";
import type { FileToFetch } from "../shared/listings/file_table.ts";
import { IndexReader } from "./index_reader.ts";
import { fileKeyOf, Indexes, type IndexOptions } from "./indexes.ts";
import { respondWithLists } from "./list_response.ts";
import { offlineMiss } from "./offline_miss.ts";
import { projectsOf } from "./names.ts";
import { headersOf } from "./page_work.ts";
import { PageParsers } from "./rendered_page.ts";
import { fileTargets, parseRequest } from "./request.ts";
import { respondWithPage } from "./page_response.ts";
import { tasks } from "./tasks.ts";
import { UploadTimes } from "./upload_times.ts";

export interface BackendOptions {
  readonly name: string;
  readonly prefix: string;
  readonly maxTransfers: number;
  readonly policy: CachingPolicy;
  /** The time for which pages are fresh. */
  readonly ttlMs: number;
  /** Files uploaded less than this ago are left out of the pages; null for none. */
  readonly minAgeMs: number | null;
  /** True where lists for `warm` mean this backend when they name none. */
  readonly isDefault: boolean;
  /** True where pages show only what the cache can deliver, since no index is asked. False when absent. */
  readonly hidesUncached?: boolean;
  /** The indexes in the order they are asked: a project comes from the first that has it, and from no other. */
  readonly indexes: readonly IndexOptions[];
  readonly warn: (message: string) => void;
}

interface PageAges {
  readonly source: Provenance;
  readonly tooNew: readonly string[];
}

const ofAnyAge: Freshness = { kind: "immutable" };

/** Indexes of Python packages (PEP 503, 691). */
export function createBackend(options: BackendOptions): Backend {
  return new PypiBackend(options);
}

class PypiBackend implements Backend {
  readonly type = "pypi";
  readonly name: string;
  readonly prefix: string;
  readonly maxTransfers: number;
  readonly #options: BackendOptions;
  readonly #indexes: Indexes;
  readonly #reader: IndexReader;
  readonly #lane = new TaskLane(tasks);
  readonly #pages: PageParsers;
  readonly #search: FileSearch;
  readonly #api: ProjectApi;
  readonly #uploadTimes: UploadTimes;
  /** Null where all files are shown. */
  readonly #deliverable: DeliverableFiles | null;
  /** Null where the list of projects is that of the indexes. */
  readonly #cachedProjects: CachedProjects | null;
  readonly #withoutAges = new Set<string>();

  constructor(options: BackendOptions) {
    this.name = options.name;
    this.prefix = options.prefix;
    this.maxTransfers = options.maxTransfers;
    this.#options = options;
    const { name: backend, policy, ttlMs, minAgeMs } = options;
    const lane = this.#lane;
    const indexes = this.#indexes = new Indexes(options.indexes);
    const reader = this.#reader = new IndexReader({ backend, policy, ttlMs, indexes, lane });
    const pages = this.#pages = new PageParsers({ backend, indexes, lane, minAgeMs });
    this.#search = new FileSearch({ indexes, reader, files: pages.files });
    this.#uploadTimes = new UploadTimes({ backend, policy });
    this.#deliverable = options.hidesUncached ? new DeliverableFiles({ backend, policy }) : null;
    this.#cachedProjects = options.hidesUncached ? new CachedProjects(backend, indexes) : null;
    const files = this.#deliverable;
    const deliverable = files &&
      ((project: string, vault: VaultReader) => this.#findDeliverable(files, project, vault));
    this.#api = new ProjectApi({ backend, policy, indexes, reader, pages, lane, minAgeMs, deliverable });
  }

  requestsOf(key: string): KeyRequest[] {
    // The lists of indexes have the index behind their path.
    return [...fileTargets(key), key.replace(/;.*$/, "")].map((target) => ({ target }));
  }

  offlineMiss({ path }: BackendRequest): OfflineMiss {
    return offlineMiss(path, this.#options.isDefault ? null : this.name);
  }

  resolve(request: BackendRequest, vault: VaultReader): Resolved | Promise<Resolved> {
    const asked = parseRequest(request.path);
    switch (asked.kind) {
      case "moved":
        return { kind: "answer", answer: moved(locationOf(asked.path, request) + request.query) };
      case "list":
        return this.#list(request, vault);
      case "page":
        return this.#page(asked, request, vault);
      case "api":
        return this.#api.answer(asked, request, vault);
      case "package": {
        const url = this.#indexes.packageUrl(asked.rest);
        return this.#file(url, projectsOf(lastSegment(new URL(url).pathname)), vault);
      }
      case "file":
        return this.#file(asked.url, [asked.project], vault);
      case "unknown":
        throw new VaultError(
          "unknown_route",
          `"${request.base}${request.path}" means nothing to this index: it has /simple/, /simple/<project>/ and files`,
        );
    }
  }

  async #page(
    { project, toRoot }: { project: string; toRoot: string },
    { headers }: BackendRequest,
    vault: VaultReader,
  ): Promise<Resolved> {
    const form = negotiate(headers.get("accept"));
    if (form === null) return { kind: "answer", answer: notAcceptable };
    const now = Date.now();
    const aged = await this.#readAges(project, now, vault);
    const deliverable = this.#deliverable && await this.#findDeliverable(this.#deliverable, project, vault);
    const parser = this.#pages.shown({ project, form, toRoot, now, hidden: aged?.tooNew ?? [], deliverable });
    const read = await this.#reader.readPage(project, { parser, vault, ...aged && { freshness: ofAnyAge } });
    const { value } = read;
    const { source } = aged ?? read;
    const { policy } = this.#options;
    return respondWithPage(value, source, {
      backend: this.name,
      key: `/simple/${project}/`,
      policy,
      headers: headersOf(form),
    });
  }

  async #findDeliverable(files: DeliverableFiles, project: string, vault: VaultReader): Promise<Deliverable> {
    const page = await this.#reader.readPage(project, { parser: this.#pages.addresses, vault, freshness: ofAnyAge });
    return await files.of(project, page, vault);
  }

  /** Returns the list of projects of all indexes together; an index without a list is left out. */
  async #list({ headers }: BackendRequest, vault: VaultReader): Promise<Resolved> {
    const form = negotiate(headers.get("accept"));
    if (form === null) return { kind: "answer", answer: notAcceptable };
    if (this.#cachedProjects !== null) {
      return { kind: "document", document: await this.#cachedProjects.document(form, vault) };
    }
    const { policy } = this.#options;
    const lists = await this.#reader.findLists(vault);
    return respondWithLists(lists, { backend: this.name, form, policy, lane: this.#lane, vault });
  }

  /**
   * A file, which is fetched only if the page of one of these projects lists it. A file without a hash on the page may
   * change while the page stays the same, and is fresh for as long as a page.
   */
  async #file(url: string, projects: readonly string[], vault: VaultReader): Promise<Resolved> {
    const { policy, ttlMs } = this.#options;
    const listed = await this.#search.findCached(url, projects, vault).catch((error) => {
      if (error instanceof VaultError) return null;
      throw error;
    });
    const freshnessOf = (file: FileToFetch | null): Freshness =>
      file?.digest === null ? { kind: "ttl", ttlMs } : { kind: "immutable" };
    const [first] = this.#indexes.all;
    const listing: Listing = {
      cachedDigest: () => Promise.resolve(listed?.digest ?? null),
      find: async () => {
        try {
          const { file, index } = await this.#search.find(url, projects, vault);
          return { digest: file.digest, candidates: [index.candidate(file.url)], freshness: freshnessOf(file) };
        } catch (error) {
          // A copy that only has to be revalidated is served as well where its page is not available.
          if (listed?.digest !== null || !(error instanceof VaultError)) throw error;
          return { digest: null, candidates: [first!.candidate(listed.url)] };
        }
      },
    };
    const artifact: Artifact = {
      backend: this.name,
      key: fileKeyOf(url),
      candidates: [first!.candidate(url)],
      requestHeaders: [],
      freshness: freshnessOf(listed),
      policy,
      failover: "any_failure",
      identity: { kind: "listed", listing },
    };
    return { kind: "artifact", artifact };
  }

  /**
   * Finds the files of a project that are too new to be shown, where its page does not say how old they are. Null where
   * all files are shown.
   */
  async #readAges(project: string, now: number, vault: VaultReader): Promise<PageAges | null> {
    const uploadedUntil = this.#pages.uploadedUntil(now);
    if (uploadedUntil === null) return null;
    const { value: urls, index, source } = await this.#reader.readPage(project, {
      parser: this.#pages.untimed,
      vault,
    });
    const times = await this.#uploadTimes.of(urls, index, vault);
    if (urls.length > 0 && times.values().every((time) => time === null)) this.#warnOfAges(`${index.url}/`);
    return { source, tooNew: urls.filter((url) => (times.get(url) ?? 0) > uploadedUntil) };
  }

  #warnOfAges(index: string): void {
    if (this.#withoutAges.has(index)) return;
    this.#withoutAges.add(index);
    this.#options.warn(
      `min_age of backend "${this.name}" hides nothing of ${index}: neither it nor Last-Modified says when files came`,
    );
  }
}

const notAcceptable: DirectAnswer = {
  status: 406,
  contentType: "text/plain; charset=utf-8",
  headers: [["vary", "Accept"]],
  body: `There is ${jsonType}, ${htmlType} and text/html\n`,
};

/**
 * Returns the location of a path below the prefix, relative to the requested one: a reverse proxy may have the vault
 * below a path of its own.
 */
function locationOf(target: string, { base, path, isBarePrefix }: BackendRequest): string {
  if (isBarePrefix) return `./${base.slice(base.lastIndexOf("/") + 1)}${target}`;
  const up = path.split("/").length - 2;
  return (up === 0 ? "./" : "../".repeat(up)) + target.slice(1);
}

function moved(location: string): DirectAnswer {
  const contentType = "text/plain; charset=utf-8";
  return { status: 301, contentType, headers: [["location", location]], body: `It is at ${location}\n` };
}
