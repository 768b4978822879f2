import { LRUCache } from "lru-cache";
import type { Read, Reading, Source, VaultReader } from "../artifact.ts";
import { messageOf, VaultError } from "../errors.ts";
import type { AptArtifacts } from "./apt_artifacts.ts";
import { parseRelease, type Release } from "./apt_release.ts";

export interface AptReleasesOptions {
  readonly artifacts: AptArtifacts;
  readonly log: AptLog;
  /** How long after an adoption failed the next is tried. */
  readonly ttlMs: number;
  /** In ms since the epoch; for tests. */
  readonly now?: () => number;
}

export interface AptLog {
  info(message: string): void;
  warning(message: string): void;
}

/** A release, and its bytes as upstream signed them. */
export interface ReleaseDocument {
  readonly release: Release;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A release that clients are given, and how it was found to be the newest. */
export interface ServedRelease extends Read<ReleaseDocument> {
  readonly source: Source;
}

const maxReleaseBytes = 64 * 1024 * 1024;
/** So long clients wait, at most, for the indexes of a new release. */
const adoptWithinMs = 20_000;
/** A part that is broken for good must not keep security updates from everybody: after so long it is left out. */
const giveWayAfterMs = 3_600_000;
/** Releases whose clients may still come for indexes. */
const releasesInMemory = 32;

const releaseReading: Reading<ReleaseDocument> = {
  name: "apt release",
  maxBytes: maxReleaseBytes,
  async make(body) {
    const bytes = await body.bytes();
    return { release: parseRelease(bytes), bytes };
  },
  weigh: ({ release, bytes }) => release.weight + bytes.byteLength,
};

const digestReading: Reading<null> = { name: "nothing", maxBytes: maxReleaseBytes, make: () => null, weigh: () => 0 };

interface FailedAdoption {
  readonly since: number;
  readonly until: number;
}

/**
 * The releases of a repository's suites. One is *adopted*: it is what clients get, with the indexes it lists. When
 * upstream has another, the indexes that clients have asked for are fetched and checked first, and then it takes the
 * adopted one's place in one step; until then, or when upstream's parts do not fit together, the old one stays whole.
 */
export class AptReleases {
  readonly #options: AptReleasesOptions;
  readonly #now: () => number;
  readonly #underWay = new Map<string, Promise<ServedRelease>>();
  readonly #failed = new Map<string, FailedAdoption>();
  readonly #known = new LRUCache<string, Release>({ max: releasesInMemory });

  constructor(options: AptReleasesOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** The release at `path`, an InRelease or Release: the newest that is whole. Throws as `VaultReader.read`. */
  current(path: string, vault: VaultReader): Promise<ServedRelease> {
    const known = this.#underWay.get(path);
    if (known) return known;
    const found = this.#current(path, vault).finally(() => this.#underWay.delete(path));
    this.#underWay.set(path, found);
    return found;
  }

  /** The release that clients get, without asking upstream; null where there is none yet. */
  async adopted(path: string, vault: VaultReader): Promise<Read<ReleaseDocument> | null> {
    const artifact = this.#options.artifacts.release(path, "adopted");
    if (!vault.holds(artifact)) return null;
    const read = await vault.read(artifact, releaseReading);
    this.#known.set(read.sha256, read.value.release);
    return read;
  }

  /** A release that was given to clients lately; null where that was long ago. */
  known(sha256: string): Release | null {
    return this.#known.get(sha256) ?? null;
  }

  async #current(path: string, vault: VaultReader): Promise<ServedRelease> {
    const { artifacts, log } = this.#options;
    const held = await this.adopted(path, vault);
    let latest: Read<ReleaseDocument>;
    try {
      latest = await vault.read(artifacts.release(path, "latest"), releaseReading);
    } catch (error) {
      if (held === null) throw error;
      log.warning(`Serving the release that is held at ${path}: ${messageOf(error)}`);
      return held;
    }
    if (held?.sha256 === latest.sha256) return { ...held, source: latest.source };
    if (held !== null && !await this.#adopts(path, held, vault)) return { ...held, source: latest.source };
    if (held === null) await this.#takeFirst(path, latest, vault);
    return { ...await this.adopted(path, vault) ?? latest, source: latest.source };
  }

  async #takeFirst(path: string, latest: Read<ReleaseDocument>, vault: VaultReader): Promise<void> {
    const { artifacts, log } = this.#options;
    this.#known.set(latest.sha256, latest.value.release);
    await vault.copy(artifacts.release(path, "latest"), artifacts.release(path, "adopted"))
      .catch((error) => log.warning(`Cannot keep the release at ${path}: ${messageOf(error)}`));
  }

  /** Whether the latest release has become the adopted one. Tried again after a while where it has not. */
  async #adopts(path: string, held: Read<ReleaseDocument>, vault: VaultReader): Promise<boolean> {
    const { artifacts, log, ttlMs } = this.#options;
    const now = this.#now();
    const failed = this.#failed.get(path);
    if (failed && now < failed.until) return false;
    const [latest, next, adopted] = (["latest", "next", "adopted"] as const).map((copy) =>
      artifacts.release(path, copy)
    );
    try {
      // What is checked must be what is adopted, whatever upstream says in between.
      await vault.copy(latest!, next!);
      const candidate = await vault.read(next!, releaseReading);
      const givesWay = failed !== undefined && now - failed.since >= giveWayAfterMs;
      const fetched = this.#fetchParts(path, { held, candidate }, vault);
      if (givesWay) await fetched.catch((error) => log.warning(`Adopting ${path} all the same: ${messageOf(error)}`));
      else await fetched;
      await vault.copy(next!, adopted!);
      this.#failed.delete(path);
      log.info(`A new release at ${path} is served from now on`);
      return true;
    } catch (error) {
      this.#failed.set(path, { since: failed?.since ?? now, until: now + ttlMs });
      log.warning(`The release at ${path} stays what it is, since the new one is not whole yet: ${messageOf(error)}`);
      return false;
    }
  }

  /** All that clients have asked for of the held release and that has changed, and the signature. */
  async #fetchParts(
    path: string,
    { held, candidate }: { held: Read<ReleaseDocument>; candidate: Read<ReleaseDocument> },
    vault: VaultReader,
  ): Promise<void> {
    const { artifacts } = this.#options;
    const suite = path.slice(0, path.lastIndexOf("/"));
    const [old, next] = [held.value.release, candidate.value.release];
    const wanted = [...old.files.keys()].filter((listed) =>
      next.files.has(listed) && vault.holds(artifacts.index(suite, old, listed))
    );
    const parts = wanted.map((listed) => fetchAgain(() => vault.fetch(artifacts.index(suite, next, listed))));
    if (!path.endsWith("/InRelease")) parts.push(this.#fetchSignature(path, { held, candidate }, vault));
    await within(adoptWithinMs, Promise.all(parts));
  }

  async #fetchSignature(
    path: string,
    { held, candidate }: { held: Read<unknown>; candidate: Read<unknown> },
    vault: VaultReader,
  ): Promise<void> {
    const { artifacts } = this.#options;
    const [old, next] = [held, candidate].map(({ sha256 }) => artifacts.signature(`${path}.gpg`, sha256));
    try {
      // An earlier try may have kept the old one under this name.
      const signature = await vault.read({ ...next!, freshness: { kind: "ttl", ttlMs: 0 } }, digestReading);
      const isOld = vault.holds(old!) && (await vault.read(old!, digestReading)).sha256 === signature.sha256;
      if (isOld) throw new VaultError("upstream_changed", `"${path}.gpg" is still the signature of the old one`);
    } catch (error) {
      // Repositories need not be signed.
      if (!(error instanceof VaultError) || error.code !== "not_found") throw error;
    }
  }
}

/** Wrong bytes may be of one mirror only; the next try asks another first. */
async function fetchAgain(fetch: () => Promise<void>): Promise<void> {
  try {
    await fetch();
  } catch (error) {
    if (!(error instanceof VaultError) || error.code !== "digest_mismatch") throw error;
    await fetch();
  }
}

/** Waits for `work` to end, or for the time to be up: then it goes on by itself. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const up = Promise.withResolvers<void>();
  const timer = setTimeout(up.resolve, ms);
  try {
    await Promise.race([work, up.promise]);
  } finally {
    clearTimeout(timer);
    work.catch(() => {});
  }
}
