import { LRUCache } from "lru-cache";
import type { Artifact, CachingPolicy } from "../../../artifact.ts";
import type { VaultReader } from "../../../reader.ts";
import { isMissing, VaultError } from "../../../errors.ts";
import { cacheResult, type CacheStatus } from "../../../http/cache_status.ts";
import { headerOf } from "../../../http/headers.ts";
import { nullIfUnavailable } from "../or_null.ts";
import { Adoptions } from "./adoptions.ts";
import type { GenerationLog, GenerationRules, RootRead } from "./generation.ts";
import type { ReadAhead } from "./read_ahead.ts";
import { createRootReader, type ReadRoot } from "./root_document.ts";

/** Memory for root documents whose clients may still come for members. */
const bytesOfKnown = 64 * 1024 * 1024;

const servedStale: CacheStatus = { hit: false, fwd: "stale", detail: "stale-if-error" };

export interface GenerationsOptions<Root> {
  readonly rules: GenerationRules<Root>;
  readonly readAhead: ReadAhead;
  readonly policy: CachingPolicy;
  /** The time for which a root document is fresh, and the pause after a failed adoption. */
  readonly ttlMs: number;
  /** The time that clients wait for an adoption, which continues without them. */
  readonly patienceMs: number;
  readonly log: GenerationLog;
}

interface Known<Root> {
  readonly path: string;
  readonly sha256: string;
  readonly root: Root;
  readonly lastModified: string | undefined;
}

/**
 * Root documents of which each is served together with the members it lists. One is *adopted*: clients get it, and its
 * members, until all members of the *latest* that upstream has are there and it takes its place: see `Adoptions`.
 */
export class Generations<Root> {
  readonly #options: GenerationsOptions<Root>;
  readonly #read: ReadRoot<Root>;
  readonly #adoptions: Adoptions<Root>;
  /** By path and digest. */
  readonly #known: LRUCache<string, Known<Root>>;

  constructor(options: GenerationsOptions<Root>) {
    this.#options = options;
    this.#read = createRootReader(options.rules);
    this.#adoptions = new Adoptions({ ...options, read: this.#read });
    this.#known = new LRUCache({
      maxSize: bytesOfKnown,
      sizeCalculation: ({ root }) => options.rules.sizeOf(root) + 500,
    });
  }

  /**
   * The root document at `path` that clients get: the newest whose members are all there, as upstream has it, or the
   * cached one where upstream has nothing usable. Throws as `VaultReader.read`.
   */
  async current(path: string, vault: VaultReader): Promise<RootRead<Root>> {
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

  /** True if clients get a root document at `path` without a request to upstream. */
  holds(path: string, vault: VaultReader): boolean {
    const { rules } = this.#options;
    return vault.holds(rules.root(path, "adopted")) || vault.holds(rules.root(path, "former"));
  }

  /** The adopted root document, without a request to upstream; null where there is none that can be parsed. */
  async adopted(path: string, vault: VaultReader): Promise<RootRead<Root> | null> {
    if (!this.holds(path, vault)) return null;
    const read = await nullIfUnavailable(this.#read(await this.#adoptedArtifact(path, vault), vault));
    return read && this.#remember(path, read);
  }

  /** A copy that an earlier version has cached moves to its place of today. */
  async #adoptedArtifact(path: string, vault: VaultReader): Promise<Artifact> {
    const { rules } = this.#options;
    const [adopted, former] = [rules.root(path, "adopted"), rules.root(path, "former")];
    if (vault.holds(adopted)) return adopted;
    return await nullIfUnavailable(vault.copy(former, adopted).then(() => adopted)) ?? former;
  }

  /** A root document that was given to clients lately, by its SHA-256; null where that was long ago. */
  known(path: string, sha256: string): Root | null {
    return this.#known.get(`${path} ${sha256}`)?.root ?? null;
  }

  /** True if another document at this path, which clients may have, has the same Last-Modified. */
  hasTwin(path: string, { sha256, headers }: RootRead<Root>): boolean {
    const lastModified = headerOf(headers, "last-modified");
    return this.#known.values().some((known) =>
      known.path === path && known.sha256 !== sha256 && known.lastModified === lastModified
    );
  }

  /** The latest document, or the one to serve instead where upstream has nothing usable. */
  async #latest(path: string, vault: VaultReader): Promise<RootRead<Root> | { readonly instead: RootRead<Root> }> {
    try {
      return await this.#read(this.#options.rules.root(path, "latest"), vault);
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      const held = await this.adopted(path, vault);
      if (held === null || !this.#mayServeStale(held, error)) throw error;
      return { instead: { ...held, source: { ...held.source, cacheStatus: servedStale } } };
    }
  }

  /** As the vault does with a stale copy: the latest document is broken, or gone from the cache. */
  #mayServeStale({ source }: RootRead<Root>, error: VaultError): boolean {
    const { policy, ttlMs } = this.#options;
    if (isMissing(error)) return policy.serveDeleted;
    return policy.offline || source.ageSeconds * 1000 < ttlMs + policy.staleIfErrorMs;
  }

  /** A whole generation is not given up for one that upstream does not confirm now. */
  #mayAdopt(path: string, { held, latest }: { held: RootRead<Root> | null; latest: RootRead<Root> }): boolean {
    if (this.#adoptions.hasJustFailed(path, latest)) return false;
    return held === null || !this.#options.policy.offline && cacheResult(latest.source.cacheStatus) !== "stale";
  }

  /** The latest document where none could be adopted: then there is no generation to keep together. */
  async #unadopted(path: string, latest: RootRead<Root>, vault: VaultReader): Promise<RootRead<Root>> {
    const artifact = this.#options.rules.root(path, "latest");
    return this.#remember(path, vault.holds(artifact) ? await this.#read(artifact, vault) : latest);
  }

  #remember(path: string, read: RootRead<Root>): RootRead<Root> {
    const { sha256, headers, value: { root } } = read;
    const name = `${path} ${sha256}`;
    if (this.#known.has(name)) return read;
    this.#known.set(name, { path, sha256, root, lastModified: headerOf(headers, "last-modified") });
    return read;
  }
}
