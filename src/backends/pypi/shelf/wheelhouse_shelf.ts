import { type JsonObject, parseJsonObject } from "../../../http/json.ts";
import type { Shelf, ShelfBackend, ShelfItem, ShelfTarget, SourceTree } from "../../../shelf.ts";
import { respondWithBytes, respondWithFile } from "../../shared/shelves/file_response.ts";
import { lacking } from "../../shared/shelves/lacking.ts";
import { lastSegment } from "../links.ts";
import { htmlType, jsonType } from "../page_format.ts";
import { filesOf, isMade, type ListedFile, makePage } from "./made_page.ts";
import {
  type PackageFolder,
  readPackage,
  Wheelhouse,
  type WheelhouseFile,
  type WheelhouseProject,
} from "./wheelhouse.ts";

/** The name that a wheelhouse has for the user who says which backend is meant. */
const ownName = "wheelhouse";

/** Opens a wheelhouse as an index of packages; null for any other source. */
export async function openWheelhouseShelf(tree: SourceTree): Promise<Shelf | null> {
  const wheelhouse = await Wheelhouse.open(tree);
  return wheelhouse && new WheelhouseShelf(wheelhouse);
}

/**
 * An index in front of the files of a wheelhouse. Where the cache or the source has a project's page of an index, files
 * are taken in that it lists with their hashes; else a page is made of the files.
 */
export class WheelhouseShelf implements Shelf {
  readonly description: string;
  readonly #wheelhouse: PackageFolder;
  /** The project that is imported now: its page, unless the cache has one of an index, and its files. */
  #page: ShownPage | null = null;
  #files: readonly WheelhouseFile[] = [];

  constructor(wheelhouse: PackageFolder) {
    this.description = wheelhouse.description;
    this.#wheelhouse = wheelhouse;
  }

  readonly fetch: Shelf["fetch"] = async (request) => {
    const { pathname } = new URL(request.url);
    const page = this.#page;
    if (page !== null && pathname.endsWith(`/${page.project}/`)) {
      return respondWithBytes(request, page.bytes, { "content-type": page.contentType });
    }
    const filename = lastSegment(pathname);
    const beside = this.#files.find((one) => filename === `${one.filename}.metadata`)?.metadata;
    if (beside) return respondWithBytes(request, beside.bytes, { "content-type": "application/octet-stream" });
    const file = await this.#wheelhouse.find(filename);
    if (file === null) throw lacking(request);
    return respondWithFile(request, file, { "content-type": "application/octet-stream" });
  };

  async *items(target: ShelfTarget): AsyncGenerator<ShelfItem> {
    const backend = backendFor(target);
    if (typeof backend === "string") return yield { kind: "left_out", name: ownName, reason: backend };
    const { prefix } = backend;
    for (const one of this.#wheelhouse.projects) {
      const path = `${prefix === "/" ? "" : prefix}/simple/${one.project}/`;
      yield* this.#project(one, path, target);
    }
    for (const name of this.#wheelhouse.others) {
      yield { kind: "left_out", name, reason: "it is neither a package nor the page of a project" };
    }
  }

  /** Returns the page that the vault has to get; null where it has one of an index. */
  async #pageFor(project: string, cached: JsonObject | null): Promise<ShownPage | null> {
    if (cached !== null && !isMade(cached)) return null;
    const own = cached === null ? await this.#wheelhouse.pageOf(project) : null;
    if (own !== null) return { project, bytes: own, contentType: htmlType, isUnverified: true };
    const bytes = makePage(project, this.#files, cached === null ? [] : filesOf(cached));
    return { project, bytes, contentType: jsonType, isUnverified: false };
  }

  async *#project(
    { project, filenames }: WheelhouseProject,
    path: string,
    target: ShelfTarget,
  ): AsyncGenerator<ShelfItem> {
    const request = { path, headers: { accept: jsonType } };
    const cached = await readPage(target.askCached(request));
    const files: WheelhouseFile[] = [];
    for (const filename of filenames) files.push(await readPackage(this.#wheelhouse, filename));
    this.#files = files;
    const page = await this.#pageFor(project, cached);
    this.#page = page;
    if (page !== null) {
      const { bytes: { byteLength: sizeBytes }, isUnverified } = page;
      yield { kind: "request", name: `the page of ${project}`, sizeBytes, request, needs: project, isUnverified };
      yield { kind: "wait" };
    }
    const shown = page === null || target.isDryRun ? cached : await readPage(target.ask(request));
    const listed = new Map(shown === null ? [] : filesOf(shown).map((file) => [file.filename, file]));
    const isOfIndex = page === null || page.isUnverified && shown !== null;
    for (const file of files) yield* itemsOf(file, listed.get(file.filename), { project, path, isOfIndex });
    yield { kind: "wait" };
    this.#page = null;
  }
}

interface ShownPage {
  readonly project: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
  /** True for a page of an index, whose digest nobody knows; false for one that was made here. */
  readonly isUnverified: boolean;
}

interface Shown {
  readonly project: string;
  readonly path: string;
  readonly isOfIndex: boolean;
}

/** A file and its metadata, at the links of the page. */
function* itemsOf(
  { filename, file, sha256, metadata }: WheelhouseFile,
  listed: ListedFile | undefined,
  { project, path, isOfIndex }: Shown,
): Generator<ShelfItem> {
  if (isOfIndex && listed?.sha256 !== sha256) {
    const says = listed === undefined ? "does not list it" : "lists it with another hash";
    const reason = `the cached page of ${project} ${says}; purge the page to have one made of the files`;
    return yield { kind: "left_out", name: filename, reason };
  }
  const link = new URL(listed?.url ?? path, `http://vault${path}`).pathname;
  yield { kind: "request", name: filename, sizeBytes: file.sizeBytes, request: { path: link }, needs: project };
  if (metadata === null || isOfIndex && listed?.metadataSha256 !== metadata.sha256) return;
  const request = { path: `${link}.metadata` };
  yield {
    kind: "request",
    name: `${filename}.metadata`,
    sizeBytes: metadata.bytes.byteLength,
    request,
    needs: project,
  };
}

/** Returns the backend that is meant, or why there is none. */
function backendFor({ backends, renamed }: ShelfTarget): ShelfBackend | string {
  const name = renamed.get(ownName);
  const backend = name === undefined ? backends[0] : backends.find((one) => one.name === name);
  if (backend !== undefined) return backend;
  if (name !== undefined) return `no backend for Python packages is called "${name}"`;
  return "no backend serves Python packages. This would serve them:\n  backends:\n  - type: pypi\n    name: pypi";
}

/** Reads a page in JSON; null where the vault has none. */
async function readPage(answer: Promise<Response>): Promise<JsonObject | null> {
  const response = await answer;
  const text = await response.text();
  return response.ok ? parseJsonObject(text) : null;
}
