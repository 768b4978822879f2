import type { SourceFile, SourceItem, SourceTree } from "../../../shelf.ts";
import { readSmall } from "../../shared/shelves/read_small.ts";
import { walkFiles } from "../../shared/shelves/walk_files.ts";
import { checksumKinds } from "../checksums.ts";
import type { ReleaseFile } from "../release_files.ts";
import { splitPath } from "../request.ts";
import type { RepositoriesSource, RepositorySource } from "./repository_source.ts";

/** Repositories are looked for down to this depth: `mirror/HOST/some/path`. */
const deepest = 6;
/** Suites are so deep below `dists`: `stable/updates`. */
const deepestSuite = 3;
/** apt-mirror downloads lists there before it moves them to the mirror. */
const skipped = ["skel", "_xstore", "_import", "_actmp"];

/**
 * Opens a tree with mirrors of Debian repositories, as apt-mirror, debmirror and reprepro make them, or the cache of
 * apt-cacher-ng, which has some of their files; null for any other source.
 */
export async function openMirrorTree(tree: SourceTree): Promise<RepositoriesSource | null> {
  const roots = await Array.fromAsync(rootsBelow(tree, ""));
  if (roots.length === 0) return null;
  const repositories = await Promise.all(roots.map(async (root) => {
    const name = root.replace(/^mirror\//, "") || tree.name.split("/").findLast((segment) => segment !== "") ||
      "mirror";
    const releases = await releasesBelow(tree, root);
    return new MirroredRepository(tree, {
      root,
      name,
      releases,
      location: await locationOf(tree, { root, name, releases }),
    });
  }));
  return { description: "a mirror of Debian packages", repositories, unlisted: () => [] };
}

/** Opens the repositories of a tree that is all for one backend. */
export async function mirroredBelow(tree: SourceTree): Promise<RepositorySource[]> {
  const roots = await Array.fromAsync(rootsBelow(tree, ""));
  return await Promise.all(roots.map(async (root) => {
    const releases = await releasesBelow(tree, root);
    return new MirroredRepository(tree, { root, name: joined(tree.name, root), releases, location: null, below: root });
  }));
}

/** Yields the folders that have a folder `dists`, or a release beside a list of packages. */
async function* rootsBelow(tree: SourceTree, folder: string, depth = 0): AsyncGenerator<string> {
  const items = await tree.list(folder);
  const has = (pattern: RegExp, isFolder: boolean) =>
    items.some((item) => item.isFolder === isFolder && pattern.test(item.name));
  if (has(/^dists$/, true) || has(/^(?:In)?Release$/, false) && has(/^Packages(?:\.|$)/, false)) return yield folder;
  for (const { name, isFolder } of depth < deepest ? items : []) {
    if (isFolder && !skipped.includes(name)) yield* rootsBelow(tree, joined(folder, name), depth + 1);
  }
}

async function releasesBelow(tree: SourceTree, root: string): Promise<string[]> {
  const found: string[] = [];
  const visit = async (folder: string, depth: number) => {
    const items = await tree.list(joined(root, folder));
    const release = releaseAmong(items);
    if (release !== null) found.push(joined(folder, release));
    if (release !== null && folder === "" || depth === deepestSuite) return;
    // Below a suite there may be others, as in stable/updates, and parts with a Release of their own.
    const isPart = (name: string) => /^(?:by-hash|i18n|dep11|source|(?:binary|installer)-.*)$/.test(name);
    for (const { name, isFolder } of items) if (isFolder && !isPart(name)) await visit(joined(folder, name), depth + 1);
  };
  const hasDists = (await tree.list(root)).some(({ name }) => name === "dists");
  await visit(hasDists ? "dists" : "", hasDists ? 0 : deepestSuite);
  return found;
}

function releaseAmong(items: readonly SourceItem[]): string | null {
  return ["InRelease", "Release"].find((name) => items.some((item) => !item.isFolder && item.name === name)) ?? null;
}

interface Place {
  readonly root: string;
  readonly name: string;
  readonly releases: readonly string[];
}

/** Returns the URL of a repository without the scheme, by its folder's name or by apt-cacher-ng's notes beside files. */
async function locationOf(tree: SourceTree, { root, name, releases }: Place): Promise<string | null> {
  for (const release of releases) {
    const notes = await readSmall(tree, `${joined(root, release)}.head`);
    const [, url] =
      /^X-Original-Source: *\w+:\/\/(\S+)/im.exec(notes === null ? "" : new TextDecoder().decode(notes)) ?? [];
    if (url?.endsWith(`/${release}`)) return url.slice(0, -release.length - 1);
  }
  return /^[^/]*[.:]/.test(name) ? name : null;
}

class MirroredRepository implements RepositorySource {
  readonly name: string;
  readonly location: string | null;
  readonly below?: string;
  readonly #tree: SourceTree;
  readonly #root: string;
  readonly #releases: readonly string[];

  constructor(
    tree: SourceTree,
    place: Place & { readonly location: string | null; readonly below?: string },
  ) {
    this.name = place.name;
    this.location = place.location;
    if (place.below !== undefined) this.below = place.below;
    this.#tree = tree;
    this.#root = place.root;
    this.#releases = place.releases;
  }

  releases(): Promise<readonly string[]> {
    return Promise.resolve(this.#releases);
  }

  async unreleased(): Promise<readonly string[]> {
    const found: string[] = [];
    for (const { name, isFolder } of await this.#tree.list(joined(this.#root, "dists"))) {
      const folder = `dists/${name}`;
      if (!isFolder || this.#releases.some((release) => release.startsWith(`${folder}/`))) continue;
      if (!(await walkFiles(this.#tree, joined(this.#root, folder)).next()).done) found.push(folder);
    }
    return found;
  }

  find(path: string): Promise<SourceFile | null> {
    return this.#tree.find(joined(this.#root, path));
  }

  /** A file at a path by its digest is of no other generation. */
  async findListed(suite: string, { path, sizeBytes, digests }: ReleaseFile): Promise<SourceFile | null> {
    const { folder } = splitPath(joined(suite, path));
    const byHash = digests.map(({ algorithm, hex }) => {
      const { name } = checksumKinds.find((kind) => kind.algorithm === algorithm)!;
      return `${joined(folder, "by-hash")}/${name}/${hex}`;
    });
    let found: SourceFile | null = null;
    for (const candidate of [...byHash, joined(suite, path)]) {
      const file = await this.find(candidate);
      if (file?.sizeBytes === sizeBytes) return file;
      found ??= file;
    }
    return found;
  }

  findPackage(path: string): Promise<SourceFile | null> {
    return this.find(path);
  }
}

function joined(folder: string, name: string): string {
  return folder === "" || name === "" ? folder + name : `${folder}/${name}`;
}
