import type { Artifact, CachingPolicy } from "../../artifact.ts";
import type { BackendRequest, Resolved } from "../../backend.ts";
import type { Parser } from "../../document.ts";
import type { VaultReader } from "../../reader.ts";
import { VaultError } from "../../errors.ts";
import type { Deliverable } from "./deliverable.ts";
import type { IndexLane } from "./tasks.ts";
import { apiHeaders, type ApiMade, type ApiShown } from "./project_api_work.ts";
import type { IndexReader } from "./index_reader.ts";
import type { Index, Indexes } from "./indexes.ts";
import { limitOf, type PageParsers } from "./rendered_page.ts";
import { respondWithPage } from "./page_response.ts";
import { maxPageBytes } from "./index_document.ts";

export interface ProjectApiOptions {
  readonly backend: string;
  readonly policy: CachingPolicy;
  readonly indexes: Indexes;
  readonly reader: IndexReader;
  readonly pages: PageParsers;
  readonly lane: IndexLane;
  /** Files uploaded less than this ago are not shown; null where all are. */
  readonly minAgeMs: number | null;
  /** Finds the only files of a project that are shown; null where all are. */
  readonly deliverable: ((project: string, vault: VaultReader) => Promise<Deliverable>) | null;
}

/** A project, or one version of it. */
export interface AskedAbout {
  /** Normalised. */
  readonly project: string;
  readonly version: string | null;
}

/** The JSON API of PyPI and other indexes, which describes a project beyond its page. */
export class ProjectApi {
  readonly #options: ProjectApiOptions;

  constructor(options: ProjectApiOptions) {
    this.#options = options;
  }

  /**
   * The document about a project, from the index that its page comes from, and no other. Throws `not_found` where that
   * has no such document, and as reading the page.
   */
  async answer(asked: AskedAbout, request: BackendRequest, vault: VaultReader): Promise<Resolved> {
    const { backend, policy, indexes: { packagesBase }, reader, pages, minAgeMs, deliverable } = this.#options;
    const { project, version } = asked;
    const { index } = await reader.readPage(project, { parser: pages.files, vault });
    const uploadedUntil = minAgeMs === null ? null : limitOf(Date.now(), minAgeMs);
    const base = (request.origin ?? "") + request.base;
    const delivered = deliverable && await deliverable(project, vault);
    const addresses = delivered && delivered.addresses;
    const shown: ApiShown = { project, base, uploadedUntil, packagesBase, addresses };
    const parser = this.#parser(shown, delivered);
    const documentOf = (about: AskedAbout) => ({ ...this.#document(about, index), document: { check: parser } });
    const document = documentOf(asked);
    const read = await vault.read(document, parser);
    if (!index.vouchesFor(read.source)) throw missing(asked, index);
    const { page, isHidden, newest } = read.value;
    const key = `/json/${project}/${version ?? ""}`;
    const as = { backend, key, policy, headers: apiHeaders };
    if (!isHidden) return respondWithPage(page, read.source, as);
    if (newest === null) {
      if (delivered !== null) throw undeliverable(asked, backend);
      throw new VaultError("not_found", `All files of ${nameOf(asked)} are newer than "min_age" allows`);
    }
    const older = documentOf({ project, version: newest });
    try {
      const { value, source } = await vault.read(document, this.#parserWith(older, { shown, parser, vault }));
      return respondWithPage(value.page, source, as);
    } catch (error) {
      if (delivered === null || !(error instanceof VaultError) || error.code !== "offline") throw error;
      // Offline, the document of that version need not be cached: its files are.
      return respondWithPage(page, read.source, as);
    }
  }

  #document(asked: AskedAbout, index: Index): Artifact {
    const url = index.apiUrl(asked.project, asked.version);
    if (url === null) throw missing(asked, index);
    return this.#options.reader.document(`/json/${asked.project}/${asked.version ?? ""};${index.url}`, [
      index.documentCandidate(url),
    ]);
  }

  #parser(shown: ApiShown, delivered: Deliverable | null): Parser<ApiMade> {
    const { backend, lane } = this.#options;
    return {
      name: JSON.stringify(["pypi api", backend, { ...shown, addresses: delivered?.name ?? null }]),
      maxBytes: maxPageBytes,
      parse: (body) => lane.run({ name: "makeApi", bodies: [body], options: shown }),
      sizeOf: ({ page }) => page.bytes.byteLength,
    };
  }

  /** Returns a parser that puts the document of an older version in place of that of the newest, which is too new. */
  #parserWith(
    older: Artifact,
    { shown, parser, vault }: { shown: ApiShown; parser: Parser<ApiMade>; vault: VaultReader },
  ): Parser<ApiMade> {
    const name = `${parser.name} ${older.key}`;
    const { lane } = this.#options;
    return {
      ...parser,
      name,
      parse: async (body) => {
        const parse: Parser<ApiMade>["parse"] = (other) =>
          lane.run({ name: "makeApi", bodies: [body, other], options: shown });
        return (await vault.read(older, { ...parser, name: `${name} inner`, parse })).value;
      },
    };
  }
}

function missing(asked: AskedAbout, { url }: Index): VaultError {
  return new VaultError("not_found", `"${url}" has no document of the JSON API about ${nameOf(asked)}`);
}

function undeliverable(asked: AskedAbout, backend: string): VaultError {
  return new VaultError(
    "offline",
    `No file of ${nameOf(asked)} is in the cache, and the vault is offline for "${backend}": it asks no upstream`,
  );
}

function nameOf({ project, version }: AskedAbout): string {
  return version === null ? `"${project}"` : `version ${version} of "${project}"`;
}
