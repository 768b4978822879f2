import { type JsonObject, parseJsonObject } from "../../../http/json.ts";
import type { Shelf, ShelfBackend, ShelfItem, ShelfTarget, SourceTree } from "../../../shelf.ts";
import { respondWithBytes, respondWithFile } from "../../shared/shelves/file_response.ts";
import { lacking } from "../../shared/shelves/lacking.ts";
import { lastSegment } from "../links.ts";
import { htmlType, jsonType } from "../page_format.ts";
import { findDamage } from "./check_package.ts";
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

  async *names(): AsyncGenerator<string> {
    yield ownName;
  }

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

  /** Returns what the page will be that files are taken in by. */
  async #pageKind(project: string, cached: JsonObject | null): Promise<PageKind> {
    if (cached !== null) return isMade(cached) ? { kind: "made", earlier: filesOf(cached) } : { kind: "cached" };
    const own = await this.#wheelhouse.pageOf(project);
    return own === null ? { kind: "made", earlier: [] } : { kind: "own", bytes: own };
  }

  async *#project(
    { project, filenames }: WheelhouseProject,
    path: string,
    target: ShelfTarget,
  ): AsyncGenerator<ShelfItem> {
    const request = { path, headers: { accept: jsonType } };
    const cached = await readPage(target.askCached(request));
    const kind = await this.#pageKind(project, cached);
    const files: WheelhouseFile[] = [];
    for (const filename of filenames) {
      const file = await readPackage(this.#wheelhouse, filename);
      const reason = kind.kind === "made" ? await whyNotListed(file, kind.earlier, project) : null;
      if (reason === null) files.push(file);
      else yield { kind: "left_out", name: filename, reason };
    }
    if (files.length === 0 && kind.kind === "made") return;
    this.#files = files;
    this.#page = shownPage(project, kind, files);
    if (this.#page !== null) {
      const { bytes: { byteLength: sizeBytes }, isUnverified } = this.#page;
      yield {
        kind: "request",
        name: `the page of ${project}`,
        sizeBytes,
        request,
        needs: project,
        mayChange: true,
        isUnverified,
      };
      yield { kind: "wait" };
    }
    const shown = this.#page === null || target.isDryRun ? cached : await readPage(target.ask(request));
    const listed = new Map(shown === null ? [] : filesOf(shown).map((file) => [file.filename, file]));
    const isOfIndex = kind.kind === "cached" || kind.kind === "own" && shown !== null;
    for (const file of files) yield* itemsOf(file, listed.get(file.filename), { project, path, isOfIndex });
    yield { kind: "wait" };
    this.#page = null;
  }
}

type PageKind =
  /** The cache has one of an index, which stays. */
  | { readonly kind: "cached" }
  /** The source has one of an index. */
  | { readonly kind: "own"; readonly bytes: Uint8Array<ArrayBuffer> }
  /** It is made of the files, and of those that an earlier page like it lists. */
  | { readonly kind: "made"; readonly earlier: readonly ListedFile[] };

/** Returns the page that the vault has to get; null where it has one of an index. */
function shownPage(project: string, page: PageKind, files: readonly WheelhouseFile[]): ShownPage | null {
  if (page.kind === "cached") return null;
  if (page.kind === "own") return { project, bytes: page.bytes, contentType: htmlType, isUnverified: true };
  const bytes = makePage(project, files, page.earlier);
  return { project, bytes, contentType: jsonType, isUnverified: false };
}

/** Says why a page that is made does not list a file: such a page vouches for its hash. Null where it does. */
async function whyNotListed(
  { filename, file, sha256 }: WheelhouseFile,
  earlier: readonly ListedFile[],
  project: string,
): Promise<string | null> {
  const before = earlier.find((one) => one.filename === filename);
  if (before?.sha256 === sha256) return null;
  const damage = await findDamage(filename, file);
  if (damage !== null || before === undefined) return damage;
  return `the page of ${project} that was made of files lists it with another hash, and keeps that; where this one is ` +
    "meant, purge the page, and import all that belongs on it again";
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
  yield {
    kind: "request",
    name: filename,
    sizeBytes: file.sizeBytes,
    file: file.path,
    request: { path: link },
    needs: project,
  };
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
