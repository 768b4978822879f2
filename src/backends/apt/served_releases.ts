import { LRUCache } from "lru-cache";
import { atMost } from "../../lru_limit.ts";
import type { Client } from "../../backend.ts";

const remembered = 10_000;

/**
 * Longer than an update pauses between a release and its indexes. Much later, a port is likely another client's, and an
 * address one that has no use for an old index.
 */
const rememberedForMs = 15 * 60_000;

interface Given {
  readonly sha256: string;
  readonly at: number;
}

/**
 * Which release clients were given last. Its indexes have to be those of that release, also where a newer one has come
 * since: apt would call them broken.
 */
export class AptClients {
  readonly #connections = new LRUCache<string, Given>(atMost(remembered));
  readonly #hosts = new LRUCache<string, Given>(atMost(remembered));

  /** `path` is that of the release, an InRelease or Release of `suite`. */
  gave({ host, port }: Client, { suite, path, sha256 }: { suite: string; path: string; sha256: string }): void {
    const given = { sha256, at: performance.now() };
    for (const name of [suite, path]) {
      this.#connections.set(JSON.stringify([host, port, name]), given);
      this.#hosts.set(JSON.stringify([host, name]), given);
    }
  }

  /**
   * The digest of the release of a suite, or of the one at a path: by the client's connection, which apt keeps; by its
   * address where it has come back on another one; null for strangers.
   */
  last({ host, port }: Client, suiteOrPath: string): string | null {
    const connection = JSON.stringify([host, port, suiteOrPath]);
    const own = lately(this.#connections.get(connection));
    // Large indexes take their time: a connection that goes on asking for them is not forgotten.
    if (own !== null) this.#connections.set(connection, { ...own, at: performance.now() });
    return (own ?? lately(this.#hosts.get(JSON.stringify([host, suiteOrPath]))))?.sha256 ?? null;
  }
}

function lately(given: Given | undefined): Given | null {
  return given !== undefined && performance.now() - given.at < rememberedForMs ? given : null;
}
