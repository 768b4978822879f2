import type { Artifact } from "../artifact.ts";
import { messageOf, type VaultError } from "../errors.ts";
import type { CacheStatus } from "../http/cache_status.ts";
import type { Log } from "../observe/log.ts";
import type { Entry, Store, UnverifiedBody } from "../store/store.ts";
import { freshUntil, mayServeStale } from "./freshness.ts";
import type { Hashing } from "./hashing/hashing.ts";
import { openedFromStore } from "./opened.ts";
import type { OpenedArtifact } from "./vault.ts";
import { Verification } from "./hashing/verification.ts";

/**
 * A body that came from elsewhere and has up to so many bytes is verified before the first of them is sent, so that a
 * damaged one can be fetched again for the same client. That takes some 50 ms.
 */
const verifiedFirstBytes = 16 * 1024 * 1024;

interface StoredCopiesDeps {
  readonly store: Store;
  readonly log: Log;
  readonly hashing: Hashing;
}

/** Opens what the store holds, fresh or stale. */
export class StoredCopies {
  readonly #store: Store;
  readonly #log: Log;
  readonly #verification: Verification;

  constructor({ store, log, hashing }: StoredCopiesDeps) {
    this.#store = store;
    this.#log = log;
    this.#verification = new Verification(hashing);
  }

  /** Null where the body is gone or damaged. At once, unless it has to be verified first. */
  open(
    artifact: Artifact,
    entry: Entry,
    cacheStatus: CacheStatus,
  ): OpenedArtifact | null | Promise<OpenedArtifact | null> {
    const body = this.#store.openBody(entry);
    if (!body) return null;
    if (body.kind === "file" && body.unverified && entry.sizeBytes <= verifiedFirstBytes) {
      body.file.close();
      return this.#openVerified(artifact, entry, { cacheStatus, unverified: body.unverified });
    }
    const until = freshUntil(artifact, entry);
    const ttl = until === Infinity ? null : { ttlSeconds: Math.floor((until - Date.now()) / 1000) };
    const verification = this.#verification;
    return openedFromStore(entry, body, { cacheStatus: ttl ? { ...cacheStatus, ...ttl } : cacheStatus, verification });
  }

  async #openVerified(
    artifact: Artifact,
    entry: Entry,
    { cacheStatus, unverified }: ToVerify,
  ): Promise<OpenedArtifact | null> {
    try {
      return await this.#verification.isSound(unverified) ? await this.open(artifact, entry, cacheStatus) : null;
    } catch (error) {
      this.#log.warning(`Cannot verify the body of ${artifact.backend} ${artifact.key}: ${messageOf(error)}`);
      return null;
    }
  }

  /** Says whether a stale copy may be served instead of a failure. */
  isServable(artifact: Artifact, stale: Entry | null): boolean {
    return stale !== null && mayServeStale(artifact, stale, Date.now());
  }

  /** The stale copy, where it may be served and is there. */
  async openStale(artifact: Artifact, entry: Entry, reason: VaultError): Promise<OpenedArtifact | null> {
    if (!this.isServable(artifact, entry)) return null;
    const { upstreamStatus } = reason;
    return await this.open(artifact, entry, {
      hit: false,
      fwd: "stale",
      ...(upstreamStatus !== undefined && { fwdStatus: upstreamStatus }),
      detail: "stale-if-error",
    });
  }

  /** Writes an entry anew. What cannot be written is asked for again the next time. */
  async putEntry(entry: Entry): Promise<void> {
    await this.#store.putEntry(entry).catch((error) => this.#log.warning(messageOf(error)));
  }
}

interface ToVerify {
  readonly cacheStatus: CacheStatus;
  readonly unverified: UnverifiedBody;
}
