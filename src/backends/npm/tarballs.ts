import type { Artifact, CachingPolicy, Freshness, ListedFile, Listing } from "../../artifact.ts";
import type { Resolved } from "../../backend.ts";
import { VaultError } from "../../errors.ts";
import type { VaultReader } from "../../reader.ts";
import type { KnownDigests } from "./known_digests.ts";
import type { PackumentReader } from "./packument_reader.ts";
import type { Registries } from "./registries.ts";
import { ofUnknownAge, type ReleaseAge } from "./release_age.ts";

export interface TarballsOptions {
  readonly backend: string;
  readonly policy: CachingPolicy;
  /** The time for which a tarball is fresh that no document lists. */
  readonly ttlMs: number;
  readonly registries: Registries;
  readonly packuments: PackumentReader;
  readonly known: KnownDigests;
  readonly ages: ReleaseAge;
  readonly warn: (message: string) => void;
}

export interface AskedTarball {
  readonly name: string;
  /** Its name, which has the version in it. */
  readonly file: string;
}

const ofAnyAge: Freshness = { kind: "immutable" };
/** A cached document that does not list a tarball is revalidated, but not more often than this. */
const ofNow: Freshness = { kind: "ttl", ttlMs: 10_000 };

/**
 * The tarballs of packages. The document about a package says where they are and which digests they have; it is read on
 * a miss only. Clients with a lock file ask for tarballs without ever asking for the document.
 */
export class Tarballs {
  readonly #options: TarballsOptions;

  constructor(options: TarballsOptions) {
    this.#options = options;
  }

  /** Throws `denied` for one that is too young, and as reading the document. */
  async resolve(asked: AskedTarball, vault: VaultReader): Promise<Resolved> {
    const listing: Listing = {
      cachedDigest: () => Promise.resolve(this.#options.known.find(asked.name, asked.file)),
      find: async () => await this.#find(asked, vault) ?? this.#throwUnlisted(asked),
    };
    const listed = { ...this.#artifact(asked), identity: { kind: "listed", listing } } satisfies Artifact;
    const isHeld = vault.holds(listed);
    await this.#checkAge(asked, vault, isHeld);
    if (isHeld) return { kind: "artifact", artifact: listed };
    return { kind: "artifact", artifact: await this.#missed(asked, listed, vault) };
  }

  /** What is fetched for a tarball that is not cached with its digest. */
  async #missed(asked: AskedTarball, listed: Artifact, vault: VaultReader): Promise<Artifact> {
    const { policy, ages, warn } = this.#options;
    const unlisted = this.#unlisted(asked);
    const isCached = vault.holds(unlisted);
    if (policy.offline) return isCached ? unlisted : listed;
    try {
      const found = await this.#find(asked, vault);
      if (found !== null) return { ...listed, identity: { kind: "listed", listing: alreadyFound(found) } };
    } catch (error) {
      if (isCached && error instanceof VaultError && error.code !== "denied") return unlisted;
      throw error;
    }
    if (ages.appliesTo(asked.name)) throw ofUnknownAge(asked.name, asked.file);
    if (!isCached) {
      warn(`Fetching ${asked.name}/-/${asked.file} unverified: the document about it does not list it yet`);
    }
    return unlisted;
  }

  /** The tarball as the document lists it, the cached one or else one of now; null where neither does. */
  async #find({ name, file }: AskedTarball, vault: VaultReader): Promise<ListedFile | null> {
    const { packuments, ages } = this.#options;
    for (const freshness of [ofAnyAge, ofNow]) {
      const { value, registry } = await packuments.facts(name, vault, { freshness });
      const found = value.files.find(file);
      // A link with a query may be a signature that is good for a while only.
      if (found === null || freshness === ofAnyAge && found.url.includes("?")) continue;
      ages.check(name, file, ages.hidden(name, value, registry.url));
      return { digest: found.digest, candidates: [registry.candidate(found.url)], freshness: ofAnyAge };
    }
    return null;
  }

  /** What is cached is checked as well: its age counts from when it was published, which only the document says. */
  async #checkAge({ name, file }: AskedTarball, vault: VaultReader, isHeld: boolean): Promise<void> {
    const { packuments, ages, policy: { offline } } = this.#options;
    if (!ages.appliesTo(name)) return;
    const read = await packuments.cachedFacts(name, vault) ??
      (isHeld && !offline ? await packuments.facts(name, vault) : null);
    if (read !== null) ages.check(name, file, ages.hidden(name, read.value, read.registry.url));
  }

  #artifact({ name, file }: AskedTarball): Omit<Artifact, "identity"> {
    const { backend, policy, registries } = this.#options;
    return {
      backend,
      key: `/${name}/-/${file}`,
      candidates: registries.of(name).map((registry) => registry.candidate(registry.tarballUrl(name, file))),
      requestHeaders: [],
      freshness: ofAnyAge,
      policy,
      failover: "absence",
    };
  }

  /** A tarball that no document lists has a key of its own: once one does, it is fetched anew, and checked. */
  #unlisted(asked: AskedTarball): Artifact {
    const artifact = this.#artifact(asked);
    return {
      ...artifact,
      key: `${artifact.key};unlisted`,
      freshness: { kind: "ttl", ttlMs: this.#options.ttlMs },
      identity: { kind: "unknown" },
      webPages: "refused",
    };
  }

  #throwUnlisted({ name, file }: AskedTarball): never {
    throw new VaultError("not_found", `"${file}" is not in the document about "${name}"`);
  }
}

function alreadyFound(found: ListedFile): Listing {
  return { cachedDigest: () => Promise.resolve(found.digest), find: () => Promise.resolve(found) };
}
