import type {
  Artifact,
  Backend,
  BackendRequest,
  Client,
  Reading,
  Rendition,
  Resolved,
  VaultReader,
} from "../artifact.ts";
import type { Digest } from "../digest.ts";
import { VaultError } from "../errors.ts";
import { AptArtifacts, type AptArtifactsOptions } from "./apt_artifacts.ts";
import { AptClients } from "./apt_clients.ts";
import { PackageDigests } from "./apt_package_digests.ts";
import { parsePdiffIndex } from "./apt_pdiff.ts";
import type { Release } from "./apt_release.ts";
import { type AptLog, AptReleases } from "./apt_releases.ts";
import { ancestorsOf, type AptRequest, parseAptRequest, pathBelow, splitPath } from "./apt_request.ts";

export interface AptBackendOptions extends AptArtifactsOptions {
  readonly prefix: string;
  readonly maxTransfers: number;
  /** Further URLs of the repository, which clients of the vault as a proxy may name. */
  readonly aliases: readonly string[];
  readonly log: AptLog;
}

/** A suite, and the release of it that counts for a client. */
interface Generation {
  /** The folder of the release. */
  readonly suite: string;
  readonly release: Release;
}

const maxPdiffIndexBytes = 16 * 1024 * 1024;

const pdiffReading: Reading<ReadonlyMap<string, Digest>> = {
  name: "apt pdiff index",
  maxBytes: maxPdiffIndexBytes,
  make: async (body) => parsePdiffIndex(await body.bytes()),
  weigh: ({ size }) => size * 200,
};

const releaseNames = ["InRelease", "Release"] as const;

/** A repository of Debian packages (DESIGN 7, APT). */
export function createAptBackend(options: AptBackendOptions): Backend {
  return new AptBackend(options);
}

class AptBackend implements Backend {
  readonly type = "apt";
  readonly name: string;
  readonly prefix: string;
  readonly maxTransfers: number;
  readonly standsFor: readonly string[];
  readonly #artifacts: AptArtifacts;
  readonly #releases: AptReleases;
  readonly #clients = new AptClients();
  readonly #digests: PackageDigests;
  /** The suites with a release, once they have been looked for. */
  #suites: Promise<Set<string>> | null = null;

  constructor(options: AptBackendOptions) {
    this.name = options.name;
    this.prefix = options.prefix;
    this.maxTransfers = options.maxTransfers;
    this.standsFor = [...options.mirrors, ...options.aliases];
    this.#artifacts = new AptArtifacts(options);
    this.#releases = new AptReleases({ ...options, artifacts: this.#artifacts });
    this.#digests = new PackageDigests(this.#artifacts);
  }

  async resolve({ path, query, client }: BackendRequest, vault: VaultReader): Promise<Resolved> {
    if (query !== "") throw new VaultError("bad_request", "The paths of a repository have no query");
    const asked = parseAptRequest(path);
    switch (asked.kind) {
      case "release":
        return await this.#listed(asked.path, client, vault) ?? await this.#release(asked, client, vault);
      case "by_hash":
        return await this.#byHash(asked, client, vault);
      case "patch":
        return this.#patch(asked, client, vault);
      case "package":
        return this.#package(asked.path, vault);
      case "other":
        return await this.#index(asked.path, client, vault);
    }
  }

  async #release(
    { path, suite, name }: Extract<AptRequest, { kind: "release" }>,
    client: Client,
    vault: VaultReader,
  ): Promise<Artifact | Rendition> {
    if (name === "Release.gpg") return await this.#signature(suite, client, vault);
    const { value: { bytes }, sha256, headers, source } = await this.#releases.current(path, vault);
    this.#clients.gave(client, suite, sha256);
    (await this.#knownSuites(vault)).add(suite);
    return { headers, bytes, source };
  }

  /** The signature of the Release that the client has. */
  async #signature(suite: string, client: Client, vault: VaultReader): Promise<Artifact> {
    const path = `${suite}/Release`;
    const given = this.#clients.last(client, suite);
    const { sha256 } = await this.#releases.adopted(path, vault) ?? await this.#releases.current(path, vault);
    const own = given === null ? null : this.#artifacts.signature(`${path}.gpg`, given);
    return own && vault.holds(own) ? own : this.#artifacts.signature(`${path}.gpg`, sha256);
  }

  async #byHash(
    { folder, digest }: Extract<AptRequest, { kind: "by_hash" }>,
    client: Client,
    vault: VaultReader,
  ): Promise<Artifact> {
    for (const suite of [folder, ...ancestorsOf(folder)]) {
      const generation = await this.#generation(suite, client, vault);
      const listed = generation?.release.files.pathsOf(digest).find((path) =>
        splitPath(`${suite}/${path}`).folder === folder
      );
      if (listed !== undefined) return this.#artifacts.index(suite, generation!.release, listed);
    }
    return this.#artifacts.byHash(folder, digest);
  }

  /** The digests of patches are in an index of their own. */
  #patch({ path, index, name }: Extract<AptRequest, { kind: "patch" }>, client: Client, vault: VaultReader): Artifact {
    return {
      ...this.#artifacts.lasting(path),
      complete: async () => {
        const document = await this.#index(index, client, vault);
        const patches = await vault.read(document, pdiffReading).catch(() => null);
        return this.#artifacts.lasting(path, patches?.value.get(name));
      },
    };
  }

  #package(path: string, vault: VaultReader): Artifact {
    return {
      ...this.#artifacts.lasting(path),
      complete: async () => {
        const digest = await this.#digests.find(path, await this.#adoptedReleases(vault), vault);
        return this.#artifacts.lasting(path, digest);
      },
    };
  }

  /** What a release lists comes by its digest there; else it is fetched as it is. */
  async #index(path: string, client: Client, vault: VaultReader): Promise<Artifact> {
    const listed = await this.#listed(path, client, vault);
    if (listed !== null) return listed;
    if (await this.#isNewSuite(path, client, vault)) {
      return await this.#listed(path, client, vault) ?? this.#artifacts.changing(path);
    }
    return this.#artifacts.changing(path);
  }

  /** The index at this path in the release that counts for the client; null where none that is held lists it. */
  async #listed(path: string, client: Client, vault: VaultReader): Promise<Artifact | null> {
    for (const suite of ancestorsOf(path)) {
      const generation = await this.#generation(suite, client, vault);
      const below = pathBelow(suite, path);
      if (generation?.release.files.has(below)) return this.#artifacts.index(suite, generation.release, below);
    }
    return null;
  }

  /** Whether there is a release for a path below `dists` where none was held. */
  async #isNewSuite(path: string, client: Client, vault: VaultReader): Promise<boolean> {
    const folders = ancestorsOf(path).filter((folder) => /\/dists\/[^/]+(\/[^/]+)?$/.test(folder)).reverse();
    for (const suite of folders) {
      if (await this.#generation(suite, client, vault) !== null) return false;
      for (const name of releaseNames) {
        try {
          await this.#releases.current(`${suite}/${name}`, vault);
          return true;
        } catch (error) {
          if (!(error instanceof VaultError)) throw error;
        }
      }
    }
    return false;
  }

  async #generation(suite: string, client: Client, vault: VaultReader): Promise<Generation | null> {
    const given = this.#clients.last(client, suite);
    const release = given === null ? null : this.#releases.known(given);
    if (release !== null) return { suite, release };
    return await this.#adopted(suite, vault);
  }

  /** The newer one, where a suite has both an InRelease and a Release. */
  async #adopted(suite: string, vault: VaultReader): Promise<Generation | null> {
    const reads = await Promise.all(releaseNames.map((name) => this.#releases.adopted(`${suite}/${name}`, vault)));
    const releases = reads.flatMap((read) => read ? [read.value.release] : []);
    const [release] = releases.toSorted((a, b) => (b.dateMs ?? 0) - (a.dateMs ?? 0));
    return release ? { suite, release } : null;
  }

  async #adoptedReleases(vault: VaultReader): Promise<[string, Release][]> {
    const suites = [...await this.#knownSuites(vault)];
    const generations = await Promise.all(suites.map((suite) => this.#adopted(suite, vault)));
    return generations.flatMap((generation) => generation ? [[generation.suite, generation.release]] : []);
  }

  #knownSuites(vault: VaultReader): Promise<Set<string>> {
    return this.#suites ??= Array.fromAsync(vault.keys(this.name, releaseNames)).then(
      (keys) => new Set(keys.map((key) => splitPath(key).folder)),
    );
  }
}
