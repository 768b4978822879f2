import type { Reading, VaultReader } from "../artifact.ts";
import type { Digest } from "../digest.ts";
import { VaultError } from "../errors.ts";
import type { AptArtifacts } from "./apt_artifacts.ts";
import { ifHad } from "./apt_if_had.ts";
import type { PackageTable } from "./apt_package_table.ts";
import { readPackages } from "./apt_packages.ts";
import type { Compression } from "./apt_packages_worker.ts";
import { ancestorsOf, pathBelow } from "./apt_request.ts";
import type { Generation } from "./apt_suites.ts";

/** An index of packages, in a form that is looked into. */
const packageIndex = /^(.*\/)?(Packages|Sources)(\.gz|\.xz)?$/;
const compressions = { ".gz": "gz", ".xz": "xz", "": "none" } as const;
const maxIndexBytes = 512 * 1024 * 1024;
/** Larger ones, packed or not, take long to read, and are those of distributions. */
const smallIndexBytes = 1024 * 1024;

interface PackageIndex extends Generation {
  /** As the release lists it. */
  readonly listed: string;
  readonly folder: string;
  readonly compression: Compression;
  /** As the index may list the package. */
  readonly names: readonly string[];
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
  readonly #warn: (message: string) => void;

  /** `warn` is told of indexes that cannot be read. */
  constructor(artifacts: AptArtifacts, warn: (message: string) => void) {
    this.#artifacts = artifacts;
    this.#warn = warn;
  }

  /** Null where no index that is held lists it. */
  find(path: string, generations: readonly Generation[], vault: VaultReader): Promise<Digest | null> {
    return this.#find(path, { generations, vault, maxBytes: maxIndexBytes });
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
      const { suite, release, listed, names, compression } = index;
      const artifact = this.#artifacts.index(suite, release, listed);
      const table = (await ifHad(vault.read(artifact, this.#reading(compression))))?.value;
      const digests = names.map((name) => table?.find(name) ?? null);
      const digest = digests.find((found) => found !== null);
      if (digest !== undefined) return digest;
    }
    return null;
  }

  /** One that cannot be read is remembered as nothing: to try takes as long each time. */
  #reading(compression: Compression): Reading<PackageTable | null> {
    return {
      name: `apt packages ${compression}`,
      maxBytes: maxIndexBytes,
      make: async (body) => {
        try {
          return await readPackages(body.stream(), compression);
        } catch (error) {
          if (!(error instanceof VaultError) || error.code !== "upstream_failed") throw error;
          this.#warn(`Packages are not checked against "${body.url}": ${error.message}`);
          return null;
        }
      },
      weigh: (table) => table?.sizeBytes ?? 0,
    };
  }

  /** One for each folder is enough: they list the same in each compression. */
  #heldIndexes(path: string, generation: Generation, { vault, maxBytes }: Search): PackageIndex[] {
    const { suite, release } = generation;
    const names = rootsOf(suite).filter((root) => path.startsWith(`${root}/`)).map((root) => pathBelow(root, path));
    if (names.length === 0) return [];
    const found = new Map<string, PackageIndex>();
    for (const listed of release.files.keys()) {
      const index = indexFor(path, listed);
      if (index === null || found.has(index.folder) || release.files.get(listed)!.sizeBytes > maxBytes) continue;
      const isHeld = vault.holds(this.#artifacts.index(suite, release, listed));
      if (isHeld) found.set(index.folder, { ...generation, ...index, listed, names });
    }
    return [...found.values()];
  }
}

/** What the paths in a suite's indexes may begin at. For flat repositories only their clients know. */
function rootsOf(suite: string): string[] {
  const dists = suite.indexOf("/dists/");
  return dists < 0 ? [suite, ...ancestorsOf(suite)] : [suite.slice(0, dists)];
}

/** Null for what is no index of such packages, or one of another architecture. */
function indexFor(path: string, listed: string): Pick<PackageIndex, "folder" | "compression"> | null {
  const [, folder = "", name, suffix = ""] = packageIndex.exec(listed) ?? [];
  const isBuilt = /\.[ud]?deb$/.test(path);
  if (name !== (isBuilt ? "Packages" : "Sources")) return null;
  const [, architecture = "all"] = /_([^_/]+)\.[ud]?deb$/.exec(path) ?? [];
  const [, indexed] = /(?:^|\/)binary-([^/]+)\/$/.exec(folder) ?? [];
  if (indexed !== undefined && architecture !== "all" && indexed !== architecture) return null;
  return { folder, compression: compressions[suffix as keyof typeof compressions] };
}
