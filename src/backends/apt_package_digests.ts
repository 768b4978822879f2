import type { Reading, VaultReader } from "../artifact.ts";
import type { Digest } from "../digest.ts";
import { VaultError } from "../errors.ts";
import type { AptArtifacts } from "./apt_artifacts.ts";
import type { PackageTable } from "./apt_package_table.ts";
import { readPackages } from "./apt_packages.ts";
import type { Release } from "./apt_release.ts";

/** An index of packages, in a form that is looked into. */
const packageIndex = /^(.*\/)?(Packages|Sources)(\.gz|\.xz)?$/;
const compressions = { ".gz": "gz", ".xz": "xz", "": "none" } as const;
const maxIndexBytes = 512 * 1024 * 1024;

interface PackageIndex {
  /** As the release lists it. */
  readonly listed: string;
  readonly folder: string;
  readonly reading: Reading<PackageTable>;
}

/** Finds the digest of a package in the indexes that are held of a release. */
export class PackageDigests {
  readonly #artifacts: AptArtifacts;

  constructor(artifacts: AptArtifacts) {
    this.#artifacts = artifacts;
  }

  /** `path` is below the root of the repository, with a leading slash; null where no index that is held lists it. */
  async find(path: string, suites: Iterable<readonly [string, Release]>, vault: VaultReader): Promise<Digest | null> {
    for (const [suite, release] of suites) {
      for (const { listed, reading } of this.#heldIndexes(path, suite, release, vault)) {
        const digest = await vault.read(this.#artifacts.index(suite, release, listed), reading)
          .then(({ value }) => value.find(path.slice(1)), (error) => {
            if (error instanceof VaultError) return null;
            throw error;
          });
        if (digest !== null) return digest;
      }
    }
    return null;
  }

  /** One for each folder is enough: they list the same in each compression. */
  #heldIndexes(path: string, suite: string, release: Release, vault: VaultReader): PackageIndex[] {
    const found = new Map<string, PackageIndex>();
    for (const listed of release.files.keys()) {
      const index = indexFor(path, listed);
      if (index === null || found.has(index.folder)) continue;
      if (vault.holds(this.#artifacts.index(suite, release, listed))) found.set(index.folder, index);
    }
    return [...found.values()];
  }
}

/** Null for what is no index of such packages, or one of another architecture. */
function indexFor(path: string, listed: string): PackageIndex | null {
  const [, folder = "", name, suffix = ""] = packageIndex.exec(listed) ?? [];
  const isBuilt = /\.[ud]?deb$/.test(path);
  if (name !== (isBuilt ? "Packages" : "Sources")) return null;
  const [, architecture = "all"] = /_([^_/]+)\.[ud]?deb$/.exec(path) ?? [];
  const [, indexed] = /(?:^|\/)binary-([^/]+)\/$/.exec(folder) ?? [];
  if (indexed !== undefined && architecture !== "all" && indexed !== architecture) return null;
  const compression = compressions[suffix as keyof typeof compressions];
  const reading: Reading<PackageTable> = {
    name: `apt packages ${compression}`,
    maxBytes: maxIndexBytes,
    make: (body) => readPackages(body.stream(), compression),
    weigh: (table) => table.sizeBytes,
  };
  return { listed, folder, reading };
}
