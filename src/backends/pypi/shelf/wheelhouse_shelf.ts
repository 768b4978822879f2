import { type JsonObject, parseJsonObject } from "../../../http/json.ts";
import type { Shelf, ShelfBackend, ShelfItem, ShelfTarget, SourceTree } from "../../../shelf.ts";
import { respondWithBytes, respondWithFile } from "../../shared/shelves/file_response.ts";
import { lacking } from "../../shared/shelves/lacking.ts";
import { lastSegment } from "../links.ts";
import { jsonType } from "../page_format.ts";
import { filesOf, isMade, type ListedFile, makePage } from "./made_page.ts";
import { Wheelhouse, type WheelhouseFile, type WheelhouseProject } from "./wheelhouse.ts";

/** The name that a wheelhouse has for the user who says which backend is meant. */
const ownName = "wheelhouse";

/** Opens a wheelhouse as an index of packages; null for any other source. */
export async function openWheelhouseShelf(tree: SourceTree): Promise<Shelf | null> {
  const wheelhouse = await Wheelhouse.open(tree);
  return wheelhouse && new WheelhouseShelf(wheelhouse);
}

/**
 * An index in front of the files of a wheelhouse. Where the cache has a project's page of an index, files are taken in
 * that it lists with their hashes; else a page is made of the files.
 */
class WheelhouseShelf implements Shelf {
  readonly description = "a wheelhouse, a folder of Python packages";
  readonly #wheelhouse: Wheelhouse;
  /** The project that is imported now: its page, unless the cache has one of an index, and its files. */
  #page: { readonly project: string; readonly bytes: Uint8Array<ArrayBuffer> } | null = null;
  #files: readonly WheelhouseFile[] = [];

  constructor(wheelhouse: Wheelhouse) {
    this.#wheelhouse = wheelhouse;
  }

  readonly fetch: Shelf["fetch"] = async (request) => {
    const { pathname } = new URL(request.url);
    const page = this.#page;
    if (page !== null && pathname.endsWith(`/${page.project}/`)) {
      return respondWithBytes(request, page.bytes, { "content-type": jsonType });
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
  }

  async *#project(
    { project, filenames }: WheelhouseProject,
    path: string,
    target: ShelfTarget,
  ): AsyncGenerator<ShelfItem> {
    const request = { path, headers: { accept: jsonType } };
    const cached = await readPage(target.askCached(request));
    const files: WheelhouseFile[] = [];
    for (const filename of filenames) files.push(await this.#wheelhouse.read(filename));
    this.#files = files;
    const isOfIndex = cached !== null && !isMade(cached);
    const bytes = makePage(project, files, cached === null ? [] : filesOf(cached));
    this.#page = isOfIndex ? null : { project, bytes };
    if (!isOfIndex) {
      yield { kind: "request", name: `the page of ${project}`, sizeBytes: bytes.byteLength, request, needs: project };
      yield { kind: "wait" };
    }
    const shown = isOfIndex || target.isDryRun ? cached : await readPage(target.ask(request));
    const listed = new Map(shown === null ? [] : filesOf(shown).map((file) => [file.filename, file]));
    for (const file of files) yield* itemsOf(file, listed.get(file.filename), { project, path, isOfIndex });
    yield { kind: "wait" };
    this.#page = null;
  }
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
