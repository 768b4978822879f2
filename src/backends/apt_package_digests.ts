import type { VaultReader } from "../artifact.ts";
import type { Digest } from "../digest.ts";
import type { AptArtifacts } from "./apt_artifacts.ts";
import { ifHad } from "./apt_if_had.ts";
import type { PackageReading, PackageReadings } from "./apt_package_reading.ts";
import type { Release } from "./apt_release.ts";
import { ancestorsOf, pathBelow, splitPath } from "./apt_request.ts";
import type { Generation } from "./apt_suites.ts";

/** Larger ones, packed or not, take long to read, and are those of distributions. */
const smallIndexBytes = 1024 * 1024;

interface PackageIndex extends Generation {
  /** As the release lists it. */
  readonly listed: string;
  readonly reading: PackageReading;
  /** As the index may list the package. */
  readonly names: readonly string[];
}

/** An index of packages that a release lists. */
interface Listing {
  /** Its path below the suite, which is `folder` and `name`. */
  readonly listed: string;
  readonly folder: string;
  readonly name: string;
  readonly sizeBytes: number;
  readonly reading: PackageReading;
}

interface Search {
  readonly generations: readonly Generation[];
  readonly vault: VaultReader;
  /** Larger indexes are not looked into. */
  readonly maxBytes: number;
}

/** Finds the digest of a package in the indexes that are held of suites' releases. */
export class PackageDigests {
  readonly #artifacts: AptArtifacts;
  readonly #readingOf: PackageReadings;
  readonly #listings = new WeakMap<Release, readonly Listing[]>();

  constructor(artifacts: AptArtifacts, readingOf: PackageReadings) {
    this.#artifacts = artifacts;
    this.#readingOf = readingOf;
  }

  /** Null where no index that is held lists it. */
  find(path: string, generations: readonly Generation[], vault: VaultReader): Promise<Digest | null> {
    return this.#find(path, { generations, vault, maxBytes: Infinity });
  }

  /** The same by small indexes alone: those of repositories that may replace a package under its name. */
  findInSmall(path: string, generations: readonly Generation[], vault: VaultReader): Promise<Digest | null> {
    return this.#find(path, { generations, vault, maxBytes: smallIndexBytes });
  }

  async #find(path: string, search: Search): Promise<Digest | null> {
    const { generations, vault } = search;
    const indexes = generations.flatMap((generation) => this.#heldIndexes(path, generation, search));
    // Those of the same component first: the others need not be read at all then. Where suites differ, the newest.
    const component = /\/pool\/([^/]+)\//.exec(path)?.[1];
    const isLikely = ({ listed }: PackageIndex) => listed.startsWith(`${component}/`);
    const timeOf = ({ release }: PackageIndex) => release.dateMs ?? 0;
    for (const index of indexes.toSorted((a, b) => +isLikely(b) - +isLikely(a) || timeOf(b) - timeOf(a))) {
      const { suite, release, listed, names, reading } = index;
      const table = (await ifHad(vault.read(this.#artifacts.index(suite, release, listed), reading)))?.value;
      const digests = names.map((name) => table?.find(name) ?? null);
      const digest = digests.find((found) => found !== null);
      if (digest !== undefined) return digest;
    }
    return null;
  }

  /** One for each folder is enough: they list the same in each compression. */
  #heldIndexes(path: string, generation: Generation, { vault, maxBytes }: Search): PackageIndex[] {
    const { suite, release } = generation;
    const names = rootsOf(suite).filter((root) => path.startsWith(`${root}/`)).map((root) => pathBelow(root, path));
    if (names.length === 0) return [];
    const found = new Map<string, PackageIndex>();
    for (const { listed, folder, name, sizeBytes, reading } of this.#listingsOf(release)) {
      if (sizeBytes > maxBytes || found.has(folder) || !mayList(path, folder, name)) continue;
      const isHeld = vault.holds(this.#artifacts.index(suite, release, listed));
      if (isHeld) found.set(folder, { ...generation, listed, reading, names });
    }
    return [...found.values()];
  }

  /** Looked up once for each release: it lists thousands of other files, and each hit asks. */
  #listingsOf(release: Release): readonly Listing[] {
    const known = this.#listings.get(release);
    if (known) return known;
    const listings = [...release.files.keys()].flatMap((listed) => {
      const reading = this.#readingOf(listed);
      return reading
        ? [{ listed, ...splitPath(listed), sizeBytes: release.files.get(listed)!.sizeBytes, reading }]
        : [];
    });
    this.#listings.set(release, listings);
    return listings;
  }
}

/** What the paths in a suite's indexes may begin at. For flat repositories only their clients know. */
function rootsOf(suite: string): string[] {
  const dists = suite.indexOf("/dists/");
  return dists < 0 ? [suite, ...ancestorsOf(suite)] : [suite.slice(0, dists)];
}

/** Whether an index in this folder is one of such packages, and not of another architecture. */
function mayList(path: string, folder: string, name: string): boolean {
  if (!name.startsWith(/\.[ud]?deb$/.test(path) ? "Packages" : "Sources")) return false;
  const [, architecture = "all"] = /_([^_/]+)\.[ud]?deb$/.exec(path) ?? [];
  const [, indexed] = /(?:^|\/)binary-([^/]+)$/.exec(folder) ?? [];
  return indexed === undefined || architecture === "all" || indexed === architecture;
}
