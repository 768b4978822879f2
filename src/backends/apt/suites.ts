import type { Artifact } from "../../artifact.ts";
import type { Client } from "../../backend.ts";
import type { VaultReader } from "../../reader.ts";
import type { Digest } from "../../digest.ts";
import { isMissing, VaultError } from "../../errors.ts";
import { adoptedPrefix, type Artifacts } from "./artifacts.ts";
import type { ServedReleases } from "./served_releases.ts";
import { nullIfUnavailable } from "../shared/or_null.ts";
import type { ReadAhead } from "../shared/generations/read_ahead.ts";
import type { RootRead } from "../shared/generations/generation.ts";
import type { Release } from "./release.ts";
import { releaseNames, type Releases } from "./releases.ts";
import { ancestorsOf, pathBelow, splitPath } from "./request.ts";

/** A suite by its folder, and a release of it, whose indexes belong together. */
export interface Generation {
  readonly suite: string;
  readonly release: Release;
}

export interface SuitesOptions {
  /** The name of the backend. */
  readonly name: string;
  readonly artifacts: Artifacts;
  readonly releases: Releases;
  readonly served: ServedReleases;
  readonly readAhead: ReadAhead;
}

/** Finds the index that a path means, in the releases of the suites above it. */
export class Suites {
  readonly #name: string;
  readonly #artifacts: Artifacts;
  readonly #releases: Releases;
  readonly #served: ServedReleases;
  readonly #readAhead: ReadAhead;
  /** The folders of suites that clients have requested since the start. */
  readonly #seen = new Set<string>();
  /** Resolves once the suites are found that clients requested before the start. */
  #found: Promise<void> | null = null;

  constructor({ name, artifacts, releases, served, readAhead }: SuitesOptions) {
    this.#name = name;
    this.#artifacts = artifacts;
    this.#releases = releases;
    this.#served = served;
    this.#readAhead = readAhead;
  }

  /** Records a suite that has a release. */
  saw(suite: string): void {
    this.#seen.add(suite);
  }

  /** The index at `path` in the release that the client has or would get; null where no suite above it lists it. */
  async index(path: string, client: Client, vault: VaultReader): Promise<Artifact | null> {
    for (const suite of foldersAround(path)) {
      const release = this.#given(suite, client) ?? await this.#current(suite, vault);
      const index = release && this.#listed({ suite, release }, path);
      if (index !== null) return index;
    }
    const discovered = await this.#discover(path, vault);
    return discovered && this.#listed(discovered, path);
  }

  /** The index in `folder` with this digest, of whichever algorithm; null where no release lists it. */
  async byDigest(
    { folder, digest }: { folder: string; digest: Digest },
    client: Client,
    vault: VaultReader,
  ): Promise<Artifact | null> {
    for (const suite of [folder, ...ancestorsOf(folder)]) {
      const given = this.#given(suite, client);
      const releases = [...given ? [given] : [], ...(await this.#adopted(suite, vault)).map(releaseOf)];
      for (const release of releases) {
        const paths = release.files.pathsOf(digest).filter((below) => splitPath(`${suite}/${below}`).folder === folder);
        for (const listed of paths) this.#readAhead.asked(`${suite}/${listed}`);
        if (paths[0] !== undefined) return this.#artifacts.index(suite, release, paths[0]);
      }
    }
    return null;
  }

  /** The adopted releases of all known suites. */
  async adopted(vault: VaultReader): Promise<Generation[]> {
    await (this.#found ??= this.#find(vault));
    const generations = await Promise.all([...this.#seen].map(async (suite) => {
      const release = newest(await this.#adopted(suite, vault));
      return release ? [{ suite, release }] : [];
    }));
    return generations.flat();
  }

  /** The adopted releases of a suite, without a request to upstream. */
  async #adopted(suite: string, vault: VaultReader): Promise<RootRead<Release>[]> {
    const reads = releaseNames.map((name) => this.#releases.adopted(`${suite}/${name}`, vault));
    return (await Promise.all(reads)).filter((read) => read !== null);
  }

  #listed({ suite, release }: Generation, path: string): Artifact | null {
    const below = pathBelow(suite, path);
    if (!release.files.has(below)) return null;
    this.#readAhead.asked(path);
    return this.#artifacts.index(suite, release, below);
  }

  /** The release that the client was served last, which its indexes have to be of. */
  #given(suite: string, client: Client): Release | null {
    const sha256 = this.#served.lastServed(client, suite);
    if (sha256 === null) return null;
    const known = releaseNames.map((name) => this.#releases.known(`${suite}/${name}`, sha256));
    return known.find((release) => release !== null) ?? null;
  }

  /** The release that the client would get now. */
  async #current(suite: string, vault: VaultReader): Promise<Release | null> {
    const paths = releaseNames.map((name) => `${suite}/${name}`).filter((path) => this.#releases.holds(path, vault));
    const reads = await Promise.all(paths.map((path) => nullIfUnavailable(this.#releases.current(path, vault))));
    return newest(reads.filter((read) => read !== null));
  }

  /** Finds a suite above a path where none is known: clients need not request its release first. */
  async #discover(path: string, vault: VaultReader): Promise<Generation | null> {
    for (const suite of possibleSuites(path)) {
      const paths = releaseNames.map((name) => `${suite}/${name}`);
      if (paths.some((path) => this.#releases.holds(path, vault))) return null;
      for (const path of paths) {
        try {
          const release = releaseOf(await this.#releases.current(path, vault));
          this.saw(suite);
          return { suite, release };
        } catch (error) {
          if (!(error instanceof VaultError)) throw error;
          if (!isMissing(error)) return null;
        }
      }
    }
    return null;
  }

  async #find(vault: VaultReader): Promise<void> {
    try {
      for await (const { key } of vault.entries(this.#name, adoptedPrefix)) {
        this.saw(splitPath(key.slice(adoptedPrefix.length - 1)).folder);
      }
    } catch (error) {
      this.#found = null;
      throw error;
    }
  }
}

function releaseOf({ value }: RootRead<Release>): Release {
  return value.root;
}

/** The newer release, where a suite has both an InRelease and a Release. */
function newest(reads: readonly RootRead<Release>[]): Release | null {
  return reads.map(releaseOf).toSorted((a, b) => (b.dateMs ?? 0) - (a.dateMs ?? 0))[0] ?? null;
}

/** The folders of suites that may list `path`. A suite does not list its own release, even where it lists its name. */
function foldersAround(path: string): string[] {
  const { folder, name } = splitPath(path);
  return ancestorsOf(releaseNames.some((release) => release === name) ? folder : path);
}

/**
 * `dists/jammy` and `dists/stable/updates` above a path below `dists`; elsewhere the folder of an index of packages.
 */
function possibleSuites(path: string): string[] {
  const below = foldersAround(path).filter((folder) => /\/dists(?:\/[^/]+){1,2}$/.test(folder)).reverse();
  if (below.length > 0) return below;
  const { folder, name } = splitPath(path);
  return /^(?:Packages|Sources)(?:\.|$)/.test(name) ? [folder] : [];
}
