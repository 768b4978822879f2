import { LRUCache } from "lru-cache";
import { atMost } from "../../lru_limit.ts";
import type { Artifact, CachingPolicy } from "../../artifact.ts";
import type { VaultReader } from "../../reader.ts";
import { VaultError } from "../../errors.ts";
import { headerOf } from "../../http/headers.ts";
import { parseHttpDate } from "../../http/date.ts";
import { fileKeyOf, type Index } from "./indexes.ts";

/** Only the largest pages have more files; those at the end of a page are the newest. */
const mostAsked = 2000;

/** Times never change; an unknown one may be known later. */
const remembered = { files: 100_000, unknownForMs: 10 * 60_000 };

export interface UploadTimesOptions {
  readonly backend: string;
  readonly policy: CachingPolicy;
}

/**
 * The upload times of files where the index has none: their `Last-Modified`, asked for with HEAD once for each.
 * Remembered since the start only.
 */
export class UploadTimes {
  readonly #options: UploadTimesOptions;
  /** The times in ms since the epoch, by URL; null where there is none. */
  readonly #known = new LRUCache<string, { readonly at: number | null }>(atMost(remembered.files));

  constructor(options: UploadTimesOptions) {
    this.#options = options;
  }

  /** Returns the times of the last files of a page, in its order; null for unknown ones. */
  async of(urls: readonly string[], index: Index, vault: VaultReader): Promise<Map<string, number | null>> {
    const asked = urls.slice(-mostAsked).map(async (url) => [url, await this.#timeOf(url, index, vault)] as const);
    return new Map(await Promise.all(asked));
  }

  async #timeOf(url: string, index: Index, vault: VaultReader): Promise<number | null> {
    const known = this.#known.get(url);
    if (known !== undefined) return known.at;
    const at = await this.#ask(url, index, vault);
    this.#known.set(url, { at }, at === null ? { ttl: remembered.unknownForMs } : {});
    return at;
  }

  async #ask(url: string, index: Index, vault: VaultReader): Promise<number | null> {
    try {
      const headers = await vault.head(this.#file(url, index));
      return parseHttpDate(headerOf(headers, "last-modified") ?? "");
    } catch (error) {
      if (error instanceof VaultError || error instanceof URIError) return null;
      throw error;
    }
  }

  #file(url: string, index: Index): Artifact {
    const { backend, policy } = this.#options;
    return {
      backend,
      key: fileKeyOf(url),
      candidates: [index.candidate(url)],
      requestHeaders: [],
      freshness: { kind: "immutable" },
      policy,
      failover: "any_failure",
      identity: { kind: "unknown" },
      webPages: "refused",
    };
  }
}
