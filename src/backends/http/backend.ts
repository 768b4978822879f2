import type { Artifact, CachingPolicy, Fetch, Freshness } from "../../artifact.ts";
import type { Backend, BackendRequest, Resolved } from "../../backend.ts";
import { compileRules } from "../../glob/compile.ts";
import { ClientHeaders } from "../shared/client_headers.ts";

/** Paths, below the prefix and without the leading slash, that have a freshness of their own. */
export interface Rule {
  /** A glob: `*` within a segment, `**` across segments. */
  readonly match: string;
  readonly freshness: Freshness;
}

export interface BackendOptions {
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
  readonly rules: readonly Rule[];
  /** True where a web page is accepted even in place of a file of another kind. */
  readonly allowsWebPages: boolean;
  /** True where clients get the errors of the upstream unchanged. */
  readonly passesOnErrors: boolean;
}

/** Any web server: the path below the prefix is the path below the base URL. */
export function createBackend(options: BackendOptions): Backend {
  const { name, prefix, maxTransfers, policy } = options;
  const clientHeaders = new ClientHeaders();
  const bases = options.baseUrls.map((url) => url.replace(/\/+$/, ""));
  const rules = options.rules.map(({ match, freshness }) => ({ matches: compileRules([match]), freshness }));

  function freshnessOf(path: string): Freshness {
    if (rules.length === 0) return options.freshness;
    const name = path.slice(1);
    return rules.find(({ matches }) => matches(name))?.freshness ?? options.freshness;
  }

  function resolve({ path, query, headers }: BackendRequest): Resolved {
    const key = path + query;
    const { fetch, idleTimeoutMs } = options;
    const artifact: Artifact = {
      backend: name,
      key,
      candidates: bases.map((base) => ({ url: base + key, fetch, idleTimeoutMs })),
      requestHeaders: clientHeaders.sent(headers),
      offered: (name) => clientHeaders.offered(headers, name),
      freshness: freshnessOf(path),
      policy,
      failover: "any_failure",
      identity: { kind: "unknown" },
      ...options.allowsWebPages && { webPages: "allowed" },
      ...options.passesOnErrors && { passesOnErrors: true },
    };
    return { kind: "artifact", artifact, hasRelativeLinks: true };
  }

  return { name, type: "http", prefix, maxTransfers, resolve };
}
