import { LRUCache } from "lru-cache";
import type { Artifact, CachingPolicy } from "../../artifact.ts";
import type { VaultReader } from "../../reader.ts";
import { VaultError } from "../../errors.ts";
import { cacheResult, type CacheStatus } from "../../http/cache_status.ts";
import { headerOf } from "../../http/headers.ts";
import { Adoptions, type AdoptionsOptions } from "./adoptions.ts";
import type { AptArtifacts } from "./artifacts.ts";
import { ifHad } from "../shared/or_null.ts";
import type { Release } from "./release.ts";
import { type ReadRelease, readRelease } from "./release_document.ts";

/** Releases whose clients may still come for indexes. */
const bytesOfKnown = 64 * 1024 * 1024;

const servedStale: CacheStatus = { hit: false, fwd: "stale", detail: "stale-if-error" };

/** What a suite may have, either or both. */
export const releaseNames = ["InRelease", "Release"] as const;

export interface AptReleasesOptions extends AdoptionsOptions {
  readonly policy: CachingPolicy;
}

interface Known {
  readonly path: string;
  readonly sha256: string;
  readonly release: Release;
  readonly lastModified: string | undefined;
}

/**
 * The releases of a repository's suites. One is *adopted*: it is what clients get, with the indexes it lists, until the
 * *latest* that upstream has is known to be whole and takes its place: see `Adoptions`.
 */
export class AptReleases {
  readonly #options: AptReleasesOptions;
  readonly #artifacts: AptArtifacts;
  readonly #adoptions: Adoptions;
  /** By path and digest. */
  readonly #known = new LRUCache<string, Known>({
    maxSize: bytesOfKnown,
    sizeCalculation: ({ release }) => release.weight + 500,
  });

  constructor(options: AptReleasesOptions) {
    this.#options = options;
    this.#artifacts = options.artifacts;
    this.#adoptions = new Adoptions(options);
  }

  /**
   * The release at `path`, an InRelease or Release: the newest that is whole, as upstream says it, or the one that is
   * held where upstream says nothing of use. Throws as `VaultReader.read`.
   */
  async current(path: string, vault: VaultReader): Promise<ReadRelease> {
    const isLate = !await this.#adoptions.ended(path);
    const old = isLate ? await this.adopted(path, vault) : null;
    if (old !== null) return old;
    const latest = await this.#latest(path, vault);
    if ("instead" in latest) return latest.instead;
    const held = await this.adopted(path, vault);
    if (held?.sha256 === latest.sha256) {
      this.#adoptions.forget(path);
      return { ...held, source: latest.source };
    }
    if (this.#mayAdopt(path, { held, latest })) await this.#adoptions.adopt(path, latest, vault);
    const adopted = await this.adopted(path, vault);
    return adopted === null ? await this.#unadopted(path, latest, vault) : { ...adopted, source: latest.source };
  }

  /** Whether clients get a release at `path` without upstream being asked. */
  holds(path: string, vault: VaultReader): boolean {
    return vault.holds(this.#artifacts.release(path, "adopted")) ||
      vault.holds(this.#artifacts.release(path, "former"));
  }

  /** The release that clients get, without asking upstream; null where there is none, or nothing that is one. */
  async adopted(path: string, vault: VaultReader): Promise<ReadRelease | null> {
    if (!this.holds(path, vault)) return null;
    const read = await ifHad(readRelease(await this.#adoptedArtifact(path, vault), vault));
    return read && this.#remember(path, read);
  }

  /** One that an earlier version has kept moves to its place of today. */
  async #adoptedArtifact(path: string, vault: VaultReader): Promise<Artifact> {
    const [adopted, former] = [this.#artifacts.release(path, "adopted"), this.#artifacts.release(path, "former")];
    if (vault.holds(adopted)) return adopted;
    return await ifHad(vault.copy(former, adopted).then(() => adopted)) ?? former;
  }

  /** A release of a suite that was given to clients lately; null where that was long ago. */
  known(suite: string, sha256: string): Release | null {
    const known = releaseNames.map((name) => this.#known.get(`${suite}/${name} ${sha256}`));
    return known.find((found) => found !== undefined)?.release ?? null;
  }

  /** Whether another release at this path, of which clients may have copies, has the same Last-Modified. */
  hasTwin(path: string, { sha256, headers }: ReadRelease): boolean {
    const lastModified = headerOf(headers, "last-modified");
    return this.#known.values().some((known) =>
      known.path === path && known.sha256 !== sha256 && known.lastModified === lastModified
    );
  }

  /** What upstream has, or what to serve instead where it has nothing of use. */
  async #latest(path: string, vault: VaultReader): Promise<ReadRelease | { readonly instead: ReadRelease }> {
    try {
      return await readRelease(this.#artifacts.release(path, "latest"), vault);
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      const held = await this.adopted(path, vault);
      if (held === null || !this.#mayServeStale(held, error)) throw error;
      return { instead: { ...held, source: { ...held.source, cacheStatus: servedStale } } };
    }
  }

  /** As the vault does with a stale copy: this one's latest is broken, or gone from the cache. */
  #mayServeStale({ source }: ReadRelease, { code }: VaultError): boolean {
    const { policy, ttlMs } = this.#options;
    if (code === "not_found" || code === "gone") return policy.serveDeleted;
    return policy.offline || source.ageSeconds * 1000 < ttlMs + policy.staleIfErrorMs;
  }

  /** A release that is whole is not given up for one that upstream does not confirm now. */
  #mayAdopt(path: string, { held, latest }: { held: ReadRelease | null; latest: ReadRelease }): boolean {
    if (this.#adoptions.hasJustFailed(path, latest)) return false;
    return held === null || !this.#options.policy.offline && cacheResult(latest.source.cacheStatus) !== "stale";
  }

  /** Where none can be adopted there is none to be kept whole. */
  async #unadopted(path: string, latest: ReadRelease, vault: VaultReader): Promise<ReadRelease> {
    const artifact = this.#artifacts.release(path, "latest");
    return this.#remember(path, vault.holds(artifact) ? await readRelease(artifact, vault) : latest);
  }

  #remember(path: string, read: ReadRelease): ReadRelease {
    const { sha256, headers, value: { release } } = read;
    const name = `${path} ${sha256}`;
    if (this.#known.has(name)) return read;
    this.#known.set(name, { path, sha256, release, lastModified: headerOf(headers, "last-modified") });
    return read;
  }
}
