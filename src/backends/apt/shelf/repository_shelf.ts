import { VaultError } from "../../../errors.ts";
import type {
  Shelf,
  ShelfBackend,
  ShelfItem,
  ShelfRequest,
  ShelfTarget,
  SourceFile,
  SourceTree,
} from "../../../shelf.ts";
import { respondWithFile } from "../../shared/shelves/file_response.ts";
import { lacking } from "../../shared/shelves/lacking.ts";
import { readWhole } from "../../shared/shelves/read_small.ts";
import { digestOf } from "../../shared/shelves/digest_of.ts";
import { decodedPath } from "../../../http/path.ts";
import { parseRelease, type Release, releaseOf } from "../release.ts";
import { byHashPath, encodePath, splitPath } from "../request.ts";
import {
  describeUnfitting,
  findIndexes,
  type FoundIndex,
  type FoundIndexes,
  hasNoList,
  whyUnlisted,
  whyUnreadable,
} from "./found_indexes.ts";
import { type ListedPackage, listNameOf, readList } from "./listed_packages.ts";
import { openMachine, packageName } from "./machine.ts";
import { openMirrorTree } from "./mirror_tree.ts";
import { backendFor } from "./repository_backend.ts";
import type { RepositoriesSource, RepositorySource } from "./repository_source.ts";

/** So many packages are requested before all have to be answered: each takes memory until then. */
const mostOffered = 256;
const maxReleaseBytes = 64 * 1024 * 1024;

const noRelease = "it has neither InRelease nor Release, which say what its lists have to be; bring the source up to " +
  "date, and import again";

/** Opens mirrors, or what apt keeps on a machine, as repositories; null for any other source. */
export async function openRepositoryShelf(tree: SourceTree): Promise<Shelf | null> {
  for (const open of [openMachine, openMirrorTree]) {
    const source = await open(tree);
    if (source !== null) return new RepositoryShelf(source);
  }
  if (await hasPackagesAlone(tree)) {
    const [, parent = "the folder that has both of them"] = /^(.*)\/cache\/apt\/archives\/*$/.exec(tree.name) ?? [];
    throw new VaultError(
      "bad_request",
      `Cannot import "${tree.name}": it has packages without the lists that name them, which apt keeps beside them in ` +
        `lib/apt/lists; import ${parent === "" ? "/" : parent}`,
    );
  }
  return null;
}

async function hasPackagesAlone(tree: SourceTree): Promise<boolean> {
  return (await tree.list("")).some(({ name, isFolder }) => !isFolder && packageName.test(name));
}

/** A suite of a source, and where the vault serves it. */
interface Suite {
  readonly repository: RepositorySource;
  readonly backend: ShelfBackend;
  /** The path of its release. */
  readonly path: string;
  readonly folder: string;
  readonly file: SourceFile;
  readonly bytes: Uint8Array;
  readonly release: Release;
  readonly found: FoundIndexes;
}

/** A mirror with the files of a foreign source. */
export class RepositoryShelf implements Shelf {
  readonly description: string;
  readonly #source: RepositoriesSource;
  /** The files that are requested now, by path below the repository; null for one that is not there. */
  readonly #offered = new Map<string, SourceFile | null>();
  /** The paths of those that have been requested. */
  readonly #requested = new Set<string>();

  constructor(source: RepositoriesSource) {
    this.description = source.description;
    this.#source = source;
  }

  readonly fetch: Shelf["fetch"] = (request) => {
    const found = this.#offeredAt(decodedPath(new URL(request.url).pathname));
    if (found === null) return Promise.reject(lacking(request));
    this.#requested.add(found.path);
    if (found.file === null) return Promise.resolve(new Response(null, { status: 404 }));
    const lastModified = new Date(found.file.modifiedAt).toUTCString();
    return Promise.resolve(respondWithFile(request, found.file, { "last-modified": lastModified }));
  };

  /** Finds what is offered by the path of its URL, of which the end is the path below the repository. */
  #offeredAt(pathname: string): { readonly path: string; readonly file: SourceFile | null } | null {
    for (let slash = pathname.indexOf("/"); slash >= 0; slash = pathname.indexOf("/", slash + 1)) {
      const path = pathname.slice(slash + 1);
      const file = this.#offered.get(path);
      if (file !== undefined) return { path, file };
    }
    return null;
  }

  async *names(): AsyncGenerator<string> {
    for (const { name } of this.#source.repositories) yield name;
  }

  async *items(target: ShelfTarget): AsyncGenerator<ShelfItem> {
    const alone = this.#source.repositories.length === 1;
    for (const repository of this.#source.repositories) {
      const backend = repository.below === undefined
        ? backendFor(repository, target, alone)
        : backendBelow(repository.below, target);
      if (typeof backend === "string") {
        yield { kind: "left_out", name: repository.name, reason: backend };
        continue;
      }
      for (const path of await repository.releases()) yield* this.#suite({ repository, backend, path }, target);
      for (const folder of await repository.unreleased()) {
        yield { kind: "left_out", name: `${repository.name}/${folder}`, reason: noRelease };
      }
    }
    for (const unlisted of this.#source.unlisted()) yield { kind: "left_out", ...unlisted };
  }

  async *#suite(place: Pick<Suite, "repository" | "backend" | "path">, target: ShelfTarget): AsyncGenerator<ShelfItem> {
    const { repository, path } = place;
    const name = `${repository.name}/${path}`;
    const file = await repository.find(path);
    if (file === null) return yield { kind: "left_out", name, reason: "the file is gone" };
    const bytes = await readWhole(file, maxReleaseBytes);
    let release: Release;
    try {
      release = releaseOf(parseRelease(bytes));
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      return yield { kind: "left_out", name, reason: error.message };
    }
    const { folder } = splitPath(path);
    const found = await findIndexes(repository, folder, release);
    const suite: Suite = { ...place, folder, file, bytes, release, found };
    for (const [index, forms] of found.unfitting) {
      yield { kind: "left_out", name: joined(folder, index), reason: await describeUnfitting(repository, forms) };
    }
    if (hasNoList(found)) {
      return yield { kind: "left_out", name, reason: "the source has none of its lists of packages as it says" };
    }
    const newer = await newerCached(suite, target);
    if (newer !== null) yield { kind: "kept", name, reason: newer };
    else yield* this.#indexes(suite, name);
    // What is served now, whether the new release could be adopted or not; nothing where it was not even requested.
    const wasRequested = newer === null && this.#requested.has(path);
    const served = wasRequested ? await readAnswer(target.ask(requestOf(suite))) : null;
    const isServed = served !== null && sameBytes(served, bytes);
    this.#offered.clear();
    if (wasRequested && !isServed) {
      const reason = "the cached release stays: the source does not have all indexes that clients have asked for";
      yield { kind: "kept", name, reason };
    }
    // A dry run only names them.
    yield* this.#packages(suite, isServed || target.isDryRun);
  }

  /** The indexes by their digests, and then the release that lists them. */
  async *#indexes(suite: Suite, name: string): AsyncGenerator<ShelfItem> {
    const { repository, folder, found, path, file } = suite;
    for (const { listed, entry, file: index } of found.fitting) {
      const byHash = byHashPath(splitPath(joined(folder, listed)).folder, entry.digest).replace(/^\//, "");
      yield this.#offer(suite, byHash, { name: joined(folder, listed), file: index, needs: name });
    }
    yield* this.#answered();
    const signature = /(?:^|\/)Release$/.test(path) ? [`${path}.gpg`] : [];
    const beside = await Promise.all(signature.map(async (path) => [path, await repository.find(path)] as const));
    for (const [path, file] of beside) this.#offered.set(path, file);
    this.#requested.delete(path);
    yield this.#offer(suite, path, { name, file, needs: name, mayChange: true });
    yield { kind: "wait" };
    for (const [path, file] of beside) {
      if (file !== null) yield this.#offer(suite, path, { name: `${name}.gpg`, file, mayChange: true });
    }
    yield { kind: "wait" };
  }

  /** The vault checks packages against the lists of the release that it serves; those of others are checked here. */
  async *#packages(suite: Suite, areChecked: boolean): AsyncGenerator<ShelfItem> {
    const lists = Map.groupBy(suite.found.fitting, ({ listed }) => listNameOf(listed));
    lists.delete(null);
    for (const forms of lists.values()) yield* this.#list(suite, forms, areChecked);
    yield* this.#answered();
  }

  /** The packages of a list, of which one form is enough. */
  async *#list(suite: Suite, forms: readonly FoundIndex[], areChecked: boolean): AsyncGenerator<ShelfItem> {
    const leftOut: ShelfItem[] = [];
    for (const form of forms) {
      const { file, listed } = form;
      let reason = await whyUnlisted(suite.repository, form);
      if (reason === null) {
        try {
          return yield* this.#listed(suite, readList(file, listed), areChecked);
        } catch (error) {
          reason = whyUnreadable(error);
        }
      }
      leftOut.push({ kind: "left_out", name: `the packages of ${joined(suite.folder, listed)}`, reason });
    }
    yield* leftOut;
  }

  async *#listed(
    suite: Suite,
    packages: AsyncIterable<ListedPackage>,
    areChecked: boolean,
  ): AsyncGenerator<ShelfItem> {
    for await (const { path, sha256 } of packages) {
      const found = await suite.repository.findPackage(path, sha256);
      if (found === null) continue;
      if (areChecked || await digestOf(found) === sha256) yield this.#offer(suite, path, { name: path, file: found });
      else {
        const reason = "it does not have the digest that the list of the source says";
        yield { kind: "left_out", name: path, reason };
      }
      if (this.#offered.size >= mostOffered) yield* this.#answered();
    }
  }

  #offer(suite: Suite, path: string, requested: Requested): ShelfItem {
    this.#offered.set(path, requested.file);
    return requestFor(suite, path, requested);
  }

  /** Waits until nothing that is offered is requested any more. */
  *#answered(): Generator<ShelfItem> {
    yield { kind: "wait" };
    this.#offered.clear();
  }
}

interface Requested {
  readonly name: string;
  readonly file: SourceFile;
  readonly needs?: string;
  readonly mayChange?: boolean;
}

function requestFor({ backend }: Pick<Suite, "backend">, path: string, requested: Requested): ShelfItem {
  const { file, ...rest } = requested;
  return {
    kind: "request",
    ...rest,
    sizeBytes: file.sizeBytes,
    file: file.path,
    request: { path: pathAt(backend, path) },
  };
}

/** Returns the only backend, as if it had the repository itself. */
function backendBelow(below: string, { backends }: ShelfTarget): ShelfBackend {
  const [backend] = backends;
  return { ...backend!, prefix: below === "" ? backend!.prefix : pathAt(backend!, below) };
}

function pathAt({ prefix }: ShelfBackend, path: string): string {
  return `${prefix === "/" ? "" : prefix}/${encodePath(path)}`;
}

/** Says that the cached release of a suite is newer, by their dates; null where it is not. */
async function newerCached(suite: Suite, target: ShelfTarget): Promise<string | null> {
  const bytes = await readAnswer(target.askCached(requestOf(suite)));
  const { dateMs: now } = suite.release;
  const before = bytes && parseRelease(bytes).dateMs;
  if (before === null || now === null || before <= now) return null;
  const [cachedDate, ownDate] = [before, now].map((time) => new Date(time).toISOString().slice(0, 16));
  return `the cached release is of ${cachedDate}Z, this one of ${ownDate}Z`;
}

function requestOf({ backend, path }: Suite): ShelfRequest {
  return { path: pathAt(backend, path) };
}

async function readAnswer(answer: Promise<Response>): Promise<Uint8Array | null> {
  const response = await answer;
  if (response.ok) return new Uint8Array(await response.arrayBuffer());
  await response.body?.cancel();
  return null;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, at) => byte === b[at]);
}

function joined(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}
