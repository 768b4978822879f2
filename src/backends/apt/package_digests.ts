import { LRUCache } from "lru-cache";
import type { VaultReader } from "../../reader.ts";
import type { Digest } from "../../digest.ts";
import type { Artifacts } from "./artifacts.ts";
import { nullIfUnavailable } from "../shared/or_null.ts";
import type { PackageParser, PackageParsers } from "./packages/parsers.ts";
import type { DigestTable } from "../shared/listings/digest_table.ts";
import { type CachedDocument, findCached } from "../shared/listings/find_listed.ts";
import type { Release } from "./release.ts";
import { ancestorsOf, pathBelow, splitPath } from "./request.ts";
import type { Generation } from "./suites.ts";

/** Memory for tables of packages, besides the vault's own: Debian's largest takes 3 MB. */
const maxTableBytes = 32 * 1024 * 1024;

interface PackageIndex extends Generation {
  /** Its path below the suite, as the release lists it. */
  readonly listed: string;
  readonly parser: PackageParser;
  /** Paths by which the index may list the package. */
  readonly names: readonly string[];
}

/** An index of packages that a release lists. */
interface ListedIndex {
  /** Its path below the suite, which is `folder` and `name`. */
  readonly listed: string;
  readonly folder: string;
  readonly name: string;
  readonly parser: PackageParser;
}

/** Finds the digest of a package in the cached indexes of suites' releases. */
export class PackageDigests {
  readonly #artifacts: Artifacts;
  readonly #parserOf: PackageParsers;
  readonly #listed = new WeakMap<Release, readonly ListedIndex[]>();
  readonly #tables = new LRUCache<string, { readonly table: DigestTable | null }>({
    maxSize: maxTableBytes,
    sizeCalculation: ({ table }) => (table?.sizeBytes ?? 0) + 200,
  });

  constructor(artifacts: Artifacts, parserOf: PackageParsers) {
    this.#artifacts = artifacts;
    this.#parserOf = parserOf;
  }

  /** Null where no cached index lists it. The first request for an index waits until it is parsed. */
  async find(path: string, generations: readonly Generation[], vault: VaultReader): Promise<Digest | null> {
    const indexes = generations.flatMap((generation) => this.#cachedIndexes(path, generation, vault));
    // Those of the same component first: the others need not be read at all then. Where suites differ, the newest.
    const component = /\/pool\/([^/]+)\//.exec(path)?.[1];
    const isLikely = ({ listed }: PackageIndex) => listed.startsWith(`${component}/`);
    const timeOf = ({ release }: PackageIndex) => release.dateMs ?? 0;
    const inOrder = indexes.toSorted((a, b) => +isLikely(b) - +isLikely(a) || timeOf(b) - timeOf(a));
    return await findCached(inOrder.map((index): CachedDocument<DigestTable, Digest> => ({
      readCached: () => this.#tableOf(index, vault),
      find: (table) => firstOf(index.names, table),
    })));
  }

  /**
   * An index is named by its digest, so its table stays the same. It is kept here, since each hit on a package needs
   * it.
   */
  async #tableOf({ suite, release, listed, parser }: PackageIndex, vault: VaultReader): Promise<DigestTable | null> {
    const artifact = this.#artifacts.index(suite, release, listed);
    const known = this.#tables.get(artifact.key);
    if (known) return known.table;
    const read = await nullIfUnavailable(vault.read(artifact, parser));
    if (read) this.#tables.set(artifact.key, { table: read.value });
    return read?.value ?? null;
  }

  /** One index for each folder is enough: they list the same in each compression. */
  #cachedIndexes(path: string, generation: Generation, vault: VaultReader): PackageIndex[] {
    const { suite, release } = generation;
    const names = rootsOf(suite).filter((root) => path.startsWith(`${root}/`)).map((root) => pathBelow(root, path));
    if (names.length === 0) return [];
    const found = new Map<string, PackageIndex>();
    for (const { listed, folder, name, parser } of this.#listedOf(release)) {
      if (found.has(folder) || !isOfItsKind(path, folder, name)) continue;
      const isHeld = vault.holds(this.#artifacts.index(suite, release, listed));
      if (isHeld) found.set(folder, { ...generation, listed, parser, names });
    }
    return [...found.values()];
  }

  /** Found once for each release: it lists thousands of other files, and each hit needs them. */
  #listedOf(release: Release): readonly ListedIndex[] {
    const known = this.#listed.get(release);
    if (known) return known;
    const indexes = [...release.files.keys()].flatMap((listed) => {
      const parser = this.#parserOf(listed);
      return parser ? [{ listed, ...splitPath(listed), parser }] : [];
    });
    this.#listed.set(release, indexes);
    return indexes;
  }
}

function firstOf(names: readonly string[], table: DigestTable): Digest | null {
  for (const name of names) {
    const digest = table.find(name);
    if (digest !== null) return digest;
  }
  return null;
}

/** True if a package at this path may belong to a suite's repository; a flat repository has its packages below it. */
export function mayList(suite: string, path: string): boolean {
  return rootsOf(suite).some((root) => (root !== "" || isAtRoot(suite)) && path.startsWith(`${root}/`));
}

function isAtRoot(suite: string): boolean {
  return suite === "" || suite.startsWith("/dists/");
}

/**
 * The folders that the paths in a suite's indexes may be relative to. For flat repositories only their clients know.
 */
function rootsOf(suite: string): string[] {
  const dists = suite.indexOf("/dists/");
  return dists < 0 ? [suite, ...ancestorsOf(suite)] : [suite.slice(0, dists)];
}

/** True if an index in this folder may list such a package, and is not of another architecture. */
function isOfItsKind(path: string, folder: string, name: string): boolean {
  if (!name.startsWith(/\.[ud]?deb$/.test(path) ? "Packages" : "Sources")) return false;
  const [, architecture = "all"] = /_([^_/]+)\.[ud]?deb$/.exec(path) ?? [];
  const [, indexed] = /(?:^|\/)binary-([^/]+)$/.exec(folder) ?? [];
  return indexed === undefined || architecture === "all" || indexed === architecture;
}
