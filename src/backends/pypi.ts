import type {
  Artifact,
  Backend,
  BackendRequest,
  CachingPolicy,
  DirectAnswer,
  Rendition,
  Resolved,
  VaultReader,
} from "../artifact.ts";
import { VaultError } from "../errors.ts";
import { htmlType, jsonType, negotiate } from "./pypi_accept.ts";
import { fileTable, type FileToFetch } from "./pypi_files.ts";
import { type AskedIndex, canonicalUrl, type PypiIndex, PypiIndexes } from "./pypi_indexes.ts";
import { projectsOf } from "./pypi_name.ts";
import { listReading, pageReading, rendered } from "./pypi_pages.ts";
import { mergeProjectLists, renderProjectList } from "./pypi_project_list.ts";
import { parsePypiRequest } from "./pypi_request.ts";

export interface PypiBackendOptions {
  readonly name: string;
  readonly prefix: string;
  readonly maxTransfers: number;
  readonly policy: CachingPolicy;
  /** How long pages are fresh. */
  readonly ttlMs: number;
  /** Files uploaded less than this ago are left out of the pages; null for none. */
  readonly minAgeMs: number | null;
  /** In the order they are asked: a project comes from the first that has it, and from no other. */
  readonly indexes: readonly PypiIndex[];
  readonly warn: (message: string) => void;
}

/** What is asked of indexes: JSON, for all that only it can say, and else HTML. */
const acceptFromIndex = `${jsonType}, ${htmlType};q=0.2, text/html;q=0.1`;

/** A page that does not list a file that is asked for is looked at again, but not more often than this. */
const lookAgainAfterMs = 10_000;

/** Indexes of Python packages (PEP 503, 691; DESIGN 7, PyPI). */
export function createPypiBackend(options: PypiBackendOptions): Backend {
  return new PypiBackend(options);
}

class PypiBackend implements Backend {
  readonly type = "pypi";
  readonly name: string;
  readonly prefix: string;
  readonly maxTransfers: number;
  readonly #options: PypiBackendOptions;
  readonly #indexes: PypiIndexes;
  readonly #withoutAges = new Set<string>();

  constructor(options: PypiBackendOptions) {
    this.name = options.name;
    this.prefix = options.prefix;
    this.maxTransfers = options.maxTransfers;
    this.#options = options;
    this.#indexes = new PypiIndexes(options.indexes);
  }

  resolve(request: BackendRequest, vault: VaultReader): Resolved | Promise<Resolved> {
    const asked = parsePypiRequest(request.path);
    switch (asked.kind) {
      case "moved":
        return moved(request.base + asked.path + request.query);
      case "list":
        return this.#list(request, vault);
      case "page":
        return this.#page(asked, request, vault);
      case "package": {
        const url = this.#indexes.packageUrl(asked.rest);
        return this.#file(url, projectsOf(fileNameOf(url)), vault);
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
  ): Promise<Rendition | DirectAnswer> {
    const form = negotiate(headers.get("accept"));
    if (form === null) return notAcceptable;
    const { minAgeMs } = this.#options;
    const reading = pageReading({ project, form, toRoot, now: Date.now() }, {
      indexes: this.#indexes,
      minAgeMs,
      ageUnknown: (index) => this.#warnOfAges(index),
    });
    const { value, source } = await vault.read(this.#pageArtifact(project), reading);
    return { ...value, source };
  }

  /** Of all indexes together; one that has no list is left out. */
  async #list({ headers }: BackendRequest, vault: VaultReader): Promise<Rendition | DirectAnswer> {
    const form = negotiate(headers.get("accept"));
    if (form === null) return notAcceptable;
    const { all } = this.#indexes;
    const reads = await Promise.allSettled(all.map((index) => vault.read(this.#listArtifact(index), listReading)));
    const parts = reads.flatMap((read, at) => {
      if (read.status === "fulfilled") return [{ read: read.value, index: all[at]! }];
      if (isMissing(read.reason) && all.length > 1) return [];
      throw read.reason;
    });
    const [first] = parts;
    if (first === undefined) throw new VaultError("not_found", "No index of this backend has a list of its projects");
    const merged = mergeProjectLists(parts.map(({ read, index }) => ({ list: read.value, permits: index.permits })));
    return { ...rendered(renderProjectList(merged, form.form), form), source: first.read.source };
  }

  #pageArtifact(project: string): Artifact {
    const candidates = this.#indexes.of(project).map((index) => index.candidate(`${index.url}/${project}/`));
    return this.#document(`/simple/${project}/`, candidates);
  }

  #listArtifact(index: AskedIndex): Artifact {
    return this.#document(`/simple/;${index.url}`, [index.candidate(`${index.url}/`)]);
  }

  #document(key: string, candidates: Artifact["candidates"]): Artifact {
    return {
      backend: this.name,
      key,
      candidates,
      requestHeaders: [["accept", acceptFromIndex]],
      freshness: { kind: "ttl", ttlMs: this.#options.ttlMs },
      policy: this.#options.policy,
      // An index that is down or refuses may have the project: who asks the next one then gets a stranger's.
      movesOnAfter: "absence",
    };
  }

  /** A file, which the page of one of these projects has to list before it is fetched. */
  #file(url: string, projects: readonly string[], vault: VaultReader): Artifact {
    const { host, protocol } = new URL(url);
    const canonical = canonicalUrl(url);
    const artifact: Artifact = {
      backend: this.name,
      key: `/files/${protocol.slice(0, -1)}/${host}${canonical.slice(new URL(url).origin.length)}`,
      candidates: [this.#indexes.all[0]!.candidate(url)],
      requestHeaders: [],
      freshness: { kind: "immutable" },
      policy: this.#options.policy,
      movesOnAfter: "any_failure",
    };
    return {
      ...artifact,
      complete: async () => {
        const { file, index } = await this.#lookUp(canonical, projects, vault);
        return { ...artifact, candidates: [index.candidate(file.url)], ...file.digest && { digest: file.digest } };
      },
    };
  }

  /** Throws `not_found` where no page lists the file, and what reading a page throws. */
  async #lookUp(
    url: string,
    projects: readonly string[],
    vault: VaultReader,
  ): Promise<{ file: FileToFetch; index: AskedIndex }> {
    for (const project of projects) {
      for (const freshness of [anyCopy, lookedAtLately]) {
        const page = { ...this.#pageArtifact(project), freshness };
        const read = await vault.read(page, fileTable).catch((error) => {
          if (isMissing(error)) return null;
          throw error;
        });
        const file = read?.value.get(url);
        if (file) return { file, index: this.#indexes.at(read!.source.upstream) };
      }
    }
    const pages = projects.length === 0
      ? "its name is not one of a package"
      : `the pages of ${projects.map((project) => `"${project}"`).join(", ")} do not list it`;
    throw new VaultError("not_found", `"${url}" is not fetched: ${pages}`);
  }

  #warnOfAges(index: string): void {
    if (this.#withoutAges.has(index)) return;
    this.#withoutAges.add(index);
    this.#options.warn(`min_age of backend "${this.name}" hides nothing of ${index}: it does not say when files came`);
  }
}

const anyCopy: Artifact["freshness"] = { kind: "immutable" };
const lookedAtLately: Artifact["freshness"] = { kind: "ttl", ttlMs: lookAgainAfterMs };

const notAcceptable: DirectAnswer = {
  status: 406,
  contentType: "text/plain; charset=utf-8",
  headers: [["vary", "Accept"]],
  body: `There is ${jsonType}, ${htmlType} and text/html\n`,
};

function moved(location: string): DirectAnswer {
  const contentType = "text/plain; charset=utf-8";
  return { status: 301, contentType, headers: [["location", location]], body: `It is at ${location}\n` };
}

function isMissing(error: unknown): boolean {
  return error instanceof VaultError && (error.code === "not_found" || error.code === "gone");
}

function fileNameOf(url: string): string {
  return decodeURIComponent(new URL(url).pathname.split("/").at(-1)!);
}
