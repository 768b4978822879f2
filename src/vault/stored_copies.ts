import type { Artifact } from "../artifact.ts";
import { messageOf, type VaultError } from "../errors.ts";
import type { CacheStatus } from "../http/cache_status.ts";
import type { Log } from "../observe/log.ts";
import type { Entry, Store } from "../store/store.ts";
import { freshUntil, mayServeStale } from "./freshness.ts";
import { openedFromStore } from "./opened.ts";
import type { Opened } from "./vault.ts";

/** Opens what the store holds, fresh or stale. */
export class StoredCopies {
  readonly #store: Store;
  readonly #log: Log;

  constructor({ store, log }: { readonly store: Store; readonly log: Log }) {
    this.#store = store;
    this.#log = log;
  }

  /** Null where the body is gone. */
  open(artifact: Artifact, entry: Entry, cacheStatus: CacheStatus): Opened | null {
    const body = this.#store.openBody(entry);
    if (!body) return null;
    const until = freshUntil(artifact, entry);
    if (until === Infinity) return openedFromStore(entry, body, cacheStatus);
    return openedFromStore(entry, body, { ...cacheStatus, ttlSeconds: Math.floor((until - Date.now()) / 1000) });
  }

  /** Whether a stale copy may be served instead of a failure. */
  isServable(artifact: Artifact, stale: Entry | null): boolean {
    return stale !== null && mayServeStale(artifact, stale, Date.now());
  }

  /** The stale copy, where it may be served and is there. */
  openStale(artifact: Artifact, entry: Entry, reason: VaultError): Opened | null {
    if (!this.isServable(artifact, entry)) return null;
    const { upstreamStatus } = reason;
    return this.open(artifact, entry, {
      hit: false,
      fwd: "stale",
      ...(upstreamStatus !== undefined && { fwdStatus: upstreamStatus }),
      detail: "stale-if-error",
    });
  }

  /** Writes an entry anew. What cannot be written is asked for again the next time. */
  async renew(entry: Entry): Promise<void> {
    await this.#store.renew(entry).catch((error) => this.#log.warning(messageOf(error)));
  }
}
