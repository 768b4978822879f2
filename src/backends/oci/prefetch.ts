import { LRUCache } from "lru-cache";
import { atMost } from "../../lru_limit.ts";
import type { Artifact } from "../../artifact.ts";
import type { VaultReader } from "../../reader.ts";
import { type Digest, formatDigest } from "../../digest.ts";
import { messageOf, VaultError } from "../../errors.ts";
import type { Parser } from "../../document.ts";
import type { Links, ListedManifest } from "./linked_content.ts";

export interface PrefetchOptions {
  /** `all_platforms`, or platforms such as `linux/arm64` or `linux/arm/v7`. */
  readonly platforms: readonly string[];
  /** The number of indexes that are worked on at once; for each, one thing is fetched at a time. */
  readonly atOnce: number;
  readonly report: (level: "info" | "warning", message: string) => void;
  /** The parser for the links of manifests and indexes. */
  readonly links: Parser<Links>;
}

/** An index that a client gets, or has just got. */
export interface Served {
  readonly artifact: Artifact;
  /** The digest of the index, where it is known already. */
  readonly sha256: string | undefined;
  /** Returns other content of its repository. */
  locate(kind: "manifest" | "blob", digest: Digest): Artifact;
}

/** Further ones are left to the next client that asks for them. */
const mostWaiting = 100;
const mostRemembered = 10_000;
const retryAfterMs = 10 * 60_000;
/** An index may list indexes; nobody nests them deeper. */
const deepest = 3;

/** After these the rest would fail alike, or is worth more to clients that wait: a registry's quota for one. */
const goesOnAfter: ReadonlySet<string> = new Set(["not_found", "gone", "denied", "refused", "digest_mismatch"]);

/**
 * Fetches what an index of several platforms lists, once some client has asked for the index: in the background, each
 * index once in the life of the process, or again some minutes after something of it could not be fetched.
 */
export class Prefetch {
  readonly #options: PrefetchOptions;
  readonly #known = new LRUCache<string, true>(atMost(mostRemembered));
  readonly #waiting: { served: Served; vault: VaultReader }[] = [];
  /** The keys of those that wait or are worked on. */
  readonly #underWay = new Set<string>();
  #working = 0;

  constructor(options: PrefetchOptions) {
    this.#options = options;
  }

  /** Returns at once. */
  start(served: Served, vault: VaultReader): void {
    const { artifact: { key }, sha256 } = served;
    if (sha256 !== undefined && this.#known.has(nameOf(served, sha256))) return;
    if (this.#underWay.has(key) || this.#waiting.length >= mostWaiting) return;
    this.#underWay.add(key);
    this.#waiting.push({ served, vault });
    this.#workOn();
  }

  #workOn(): void {
    while (this.#working < this.#options.atOnce) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#working++;
      this.#fetchListed(next.served, next.vault).finally(() => {
        this.#working--;
        this.#underWay.delete(next.served.artifact.key);
        this.#workOn();
      });
    }
  }

  /** Fetches the content that an index lists. Never rejects. */
  async #fetchListed(served: Served, vault: VaultReader): Promise<void> {
    const { report, platforms, links } = this.#options;
    const walk = new Walk(served, vault, { platforms, links });
    let name: string | null = null;
    try {
      const { value, sha256 } = await vault.read(heldOf(served.artifact), links);
      name = nameOf(served, sha256);
      if (this.#known.has(name)) return;
      this.#known.set(name, true);
      await walk.manifests(value.manifests, 1);
    } catch (error) {
      walk.failures.push(error);
    }
    const { backend, key } = served.artifact;
    const [failure] = walk.failures;
    if (failure === undefined) return report("info", `Fetched ahead for ${backend} ${key}: ${walk.summary}`);
    if (name !== null) this.#known.set(name, true, { ttl: retryAfterMs });
    report("warning", `Not all could be fetched ahead for ${backend} ${key}: ${walk.summary}; ${messageOf(failure)}`);
  }
}

/** One way through what an index lists. */
class Walk {
  readonly failures: unknown[] = [];
  readonly #served: Served;
  readonly #vault: VaultReader;
  readonly #platforms: readonly string[];
  readonly #links: Parser<Links>;
  readonly #seen = new Set<string>();
  #fetched = 0;
  #held = 0;

  constructor(served: Served, vault: VaultReader, { platforms, links }: Pick<PrefetchOptions, "platforms" | "links">) {
    this.#served = served;
    this.#vault = vault;
    this.#platforms = platforms;
    this.#links = links;
  }

  get summary(): string {
    return `${this.#fetched} manifests and blobs, ${this.#held} were cached already`;
  }

  /** Fetches the listed manifests. Throws where further requests are of no use. */
  async manifests(listed: readonly ListedManifest[], depth: number): Promise<void> {
    for (const { digest, platform } of listed) {
      if (!this.#isWanted(platform)) continue;
      await this.#visit(this.#served.locate("manifest", digest), digest, async (artifact) => {
        const { value } = await this.#vault.read(artifact, this.#links);
        for (const blob of value.blobs) await this.#blob(blob);
        if (depth < deepest) await this.manifests(value.manifests, depth + 1);
      });
    }
  }

  async #blob(digest: Digest): Promise<void> {
    await this.#visit(this.#served.locate("blob", digest), digest, async (artifact) => {
      if (!this.#vault.holds(artifact)) await this.#vault.fetchAhead(artifact);
    });
  }

  async #visit(artifact: Artifact, digest: Digest, fetch: (artifact: Artifact) => Promise<void>): Promise<void> {
    const name = formatDigest(digest);
    if (this.#seen.has(name)) return;
    this.#seen.add(name);
    const isHeld = this.#vault.holds(artifact);
    try {
      await fetch(artifact);
      if (isHeld) this.#held++;
      else this.#fetched++;
    } catch (error) {
      if (!(error instanceof VaultError) || !goesOnAfter.has(error.code)) throw error;
      this.failures.push(error);
    }
  }

  /** A platform without its variant means all of its variants. */
  #isWanted(platform: string | null): boolean {
    if (this.#platforms.includes("all_platforms")) return true;
    return platform !== null && this.#platforms.some((one) => `${platform}/`.startsWith(`${one}/`));
  }
}

function nameOf({ artifact: { key } }: Served, sha256: string): string {
  return `${key.slice(0, key.lastIndexOf("/"))}@${sha256}`;
}

/** Returns the artifact with any cached copy as fresh, however old: a client has just got it. */
function heldOf(artifact: Artifact): Artifact {
  return { ...artifact, freshness: { kind: "immutable" } };
}
