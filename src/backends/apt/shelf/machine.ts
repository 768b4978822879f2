import { decodedPath } from "../../../http/path.ts";
import type { SourceFile, SourceTree } from "../../../shelf.ts";
import { digestOf } from "../../shared/shelves/digest_of.ts";
import type { ReleaseFile } from "../release_files.ts";
import { splitPath } from "../request.ts";
import { notListed, type RepositoriesSource, type RepositorySource, type Unlisted } from "./repository_source.ts";

/** Where apt has packages and lists, below a copy of `/`, of `/var`, or of anything. */
const places = [
  { archives: "var/cache/apt/archives", lists: "var/lib/apt/lists" },
  { archives: "cache/apt/archives", lists: "lib/apt/lists" },
  { archives: "archives", lists: "lists" },
];

/**
 * Opens what apt keeps on a machine: the packages that it has downloaded, and the lists that have them; null for any
 * other source.
 */
export async function openMachine(tree: SourceTree): Promise<RepositoriesSource | null> {
  for (const { archives, lists } of places) {
    const files = (await tree.list(lists)).filter(({ isFolder }) => !isFolder).map(({ name }) => name);
    const releases = files.filter((name) => /_(?:InRelease|Release)$/.test(name));
    if (releases.length === 0) continue;
    const packages = await digestsOf(tree, archives);
    const byPath = new Map(files.map((name) => [pathOfList(name), `${lists}/${name}`]));
    const roots = [...new Set(releases.map((name) => rootOf(pathOfList(name))))];
    return {
      description: "the packages and lists of apt",
      repositories: roots.map((root) => new MachineRepository(tree, { root, byPath, packages })),
      unlisted: () => unlistedOf(packages, files),
    };
  }
  return null;
}

interface Archived {
  readonly path: string;
  used: boolean;
}

function unlistedOf(packages: ReadonlyMap<string, Archived>, lists: readonly string[]): Unlisted[] {
  const unused = [...packages.values()].filter(({ used }) => !used);
  const packed = lists.filter((name) => name.endsWith(".lz4"));
  if (packed.length === 0) return unused.map(({ path }) => notListed(splitPath(path).name));
  const [one = ""] = packed;
  const name = packed.length === 1 ? one : `${one} and ${packed.length - 1} more`;
  const without = unused.length === 0 ? "" : `, and ${unused.length} packages that no other list has are left out`;
  return [{
    name,
    reason: `lists that are packed by lz4 are not read${without}; run apt-get -o Acquire::GzipIndexes=false update ` +
      "on the machine that they are from, and import again",
  }];
}

/** The name of a package's file. */
export const packageName = /\.[ud]?deb$/;

/** Reads all packages for their SHA-256, since their names are apt's own. */
async function digestsOf(tree: SourceTree, folder: string): Promise<Map<string, Archived>> {
  const found = new Map<string, Archived>();
  for (const { name, isFolder } of await tree.list(folder)) {
    const file = isFolder || !packageName.test(name) ? null : await tree.find(`${folder}/${name}`);
    if (file === null) continue;
    found.set(await digestOf(file), { path: file.path, used: false });
  }
  return found;
}

/** Returns the URL without its scheme that apt has made the name of a list of (apt-pkg, `URItoFileName`). */
function pathOfList(name: string): string {
  return decodedPath(name.replaceAll("_", "/")).replaceAll("/./", "/");
}

/** The repository of a release; a flat one has it in its root. */
function rootOf(releasePath: string): string {
  const dists = releasePath.indexOf("/dists/");
  return dists < 0 ? splitPath(releasePath).folder : releasePath.slice(0, dists);
}

interface MachineOptions {
  readonly root: string;
  /** The files of all lists by their URLs without the scheme. */
  readonly byPath: ReadonlyMap<string, string>;
  readonly packages: ReadonlyMap<string, Archived>;
}

class MachineRepository implements RepositorySource {
  readonly name: string;
  readonly location: string;
  readonly #tree: SourceTree;
  readonly #options: MachineOptions;

  constructor(tree: SourceTree, options: MachineOptions) {
    this.name = this.location = options.root;
    this.#tree = tree;
    this.#options = options;
  }

  releases(): Promise<readonly string[]> {
    const { root, byPath } = this.#options;
    const releases = [...byPath.keys()].filter((path) => /\/(?:In)?Release$/.test(path) && rootOf(path) === root);
    const below = releases.map((path) => path.slice(root.length + 1));
    return Promise.resolve(below.filter((path) => /(?:^|\/)InRelease$/.test(path) || !below.includes(inRelease(path))));
  }

  /** apt keeps no list without its release. */
  unreleased(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  async find(path: string): Promise<SourceFile | null> {
    const { root, byPath } = this.#options;
    const file = byPath.get(`${root}/${path}`);
    return file === undefined ? null : await this.#tree.find(file);
  }

  findListed(suite: string, { path }: ReleaseFile): Promise<SourceFile | null> {
    return this.find(suite === "" ? path : `${suite}/${path}`);
  }

  async findPackage(_: string, sha256: string): Promise<SourceFile | null> {
    const archived = this.#options.packages.get(sha256);
    if (archived === undefined) return null;
    archived.used = true;
    return await this.#tree.find(archived.path);
  }
}

function inRelease(path: string): string {
  return path.replace(/Release$/, "InRelease");
}
