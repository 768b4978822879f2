import { LRUCache } from "lru-cache";
import { atMost } from "../../lru_limit.ts";
import type { Client } from "../../backend.ts";

const remembered = 10_000;

/**
 * An update pauses for less between a release and its indexes. Much later, the port is likely another client's, and the
 * client at this address has no use for an old index.
 */
const rememberedForMs = 15 * 60_000;

interface Served {
  readonly sha256: string;
  readonly at: number;
}

/**
 * Remembers the release that each client was served last. The client's indexes have to be those of that release, also
 * after a newer one has been adopted: apt would call them broken.
 */
export class ServedReleases {
  readonly #connections = new LRUCache<string, Served>(atMost(remembered));
  readonly #hosts = new LRUCache<string, Served>(atMost(remembered));

  /** Remembers that the client was served this InRelease or Release of `suite`. */
  remember({ host, port }: Client, { suite, path, sha256 }: { suite: string; path: string; sha256: string }): void {
    const served = { sha256, at: performance.now() };
    for (const name of [suite, path]) {
      this.#connections.set(JSON.stringify([host, port, name]), served);
      this.#hosts.set(JSON.stringify([host, name]), served);
    }
  }

  /**
   * The SHA-256 of the release that the client was served last, of a suite or at a path. It is known by the client's
   * connection, which apt keeps, or else by its address; null for a client that is not known.
   */
  lastServed({ host, port }: Client, suiteOrPath: string): string | null {
    const connection = JSON.stringify([host, port, suiteOrPath]);
    const own = ifRecent(this.#connections.get(connection));
    // Large indexes take their time: a connection that still requests them is not forgotten.
    if (own !== null) this.#connections.set(connection, { ...own, at: performance.now() });
    return (own ?? ifRecent(this.#hosts.get(JSON.stringify([host, suiteOrPath]))))?.sha256 ?? null;
  }
}

function ifRecent(served: Served | undefined): Served | null {
  return served !== undefined && performance.now() - served.at < rememberedForMs ? served : null;
}
