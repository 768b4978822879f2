import { LRUCache } from "lru-cache";
import type { Client } from "../artifact.ts";

const remembered = 10_000;

/**
 * Which release of a suite a client was given last. Its indexes have to be those of that release, also where a newer
 * one has come since: apt would call them broken.
 */
export class AptClients {
  readonly #connections = new LRUCache<string, string>({ max: remembered });
  readonly #hosts = new LRUCache<string, string>({ max: remembered });

  gave({ host, port }: Client, suite: string, sha256: string): void {
    this.#connections.set(JSON.stringify([host, port, suite]), sha256);
    this.#hosts.set(JSON.stringify([host, suite]), sha256);
  }

  /** By its connection, which apt keeps; by its address where it has come back on another one; null for strangers. */
  last({ host, port }: Client, suite: string): string | null {
    return this.#connections.get(JSON.stringify([host, port, suite])) ??
      this.#hosts.get(JSON.stringify([host, suite])) ?? null;
  }
}
