// @ts-types="npm:@types/picomatch@4.0.3"
import picomatch from "picomatch";
import type { Artifact, Backend, BackendRequest, CachingPolicy, Fetch, Freshness } from "../artifact.ts";
import type { HeaderList } from "../http/headers.ts";

/** Paths, below the prefix and without the leading slash, that have a freshness of their own. */
export interface HttpRule {
  /** A glob: `*` within a segment, `**` across segments. */
  readonly match: string;
  readonly freshness: Freshness;
}

export interface HttpBackendOptions {
  readonly name: string;
  readonly prefix: string;
  /** Equivalent upstreams in the order they are tried. */
  readonly baseUrls: readonly string[];
  readonly fetch: Fetch;
  readonly idleTimeoutMs: number;
  readonly maxTransfers: number;
  readonly policy: CachingPolicy;
  /** For paths that no rule matches. */
  readonly freshness: Freshness;
  /** The first that matches counts. */
  readonly rules: readonly HttpRule[];
  /** Whether a web page is believed also where a file of another kind is expected. */
  readonly allowsWebPages: boolean;
}

/** The client's headers that are passed on, since upstreams choose a representation by them. */
const passedOn = ["accept", "accept-language"];

/** Any web server: the path below the prefix is the path below the base URL. */
export function createHttpBackend(options: HttpBackendOptions): Backend {
  const { name, prefix, maxTransfers, policy } = options;
  const bases = options.baseUrls.map((url) => url.replace(/\/+$/, ""));
  const rules = options.rules.map(({ match, freshness }) => ({ matches: picomatch(match, { dot: true }), freshness }));

  function freshnessOf(path: string): Freshness {
    if (rules.length === 0) return options.freshness;
    const name = path.slice(1);
    return rules.find(({ matches }) => matches(name))?.freshness ?? options.freshness;
  }

  function resolve({ path, query, headers }: BackendRequest): Artifact {
    const key = path + query;
    const { fetch, idleTimeoutMs } = options;
    return {
      backend: name,
      key,
      candidates: bases.map((base) => ({ url: base + key, fetch, idleTimeoutMs })),
      requestHeaders: selectHeaders(headers),
      freshness: freshnessOf(path),
      policy,
      movesOnAfter: "any_failure",
      hasRelativeLinks: true,
      ...options.allowsWebPages && { webPages: "allowed" },
    };
  }

  return { name, type: "http", prefix, maxTransfers, resolve };
}

function selectHeaders(headers: Headers): HeaderList {
  const selected: [string, string][] = [];
  for (const name of passedOn) {
    const value = headers.get(name);
    if (value !== null) selected.push([name, value]);
  }
  return selected;
}
