import type { CachingPolicy } from "../../artifact.ts";
import type { BackendConfig, Config } from "../../config/schema.ts";

/** Returns the caching policy that the keys of every backend say. */
export function policyOf(config: Config, { config: options }: BackendConfig): CachingPolicy {
  return {
    staleIfErrorMs: options.stale_if_error,
    negativeTtlMs: options.negative_ttl,
    serveDeleted: options.serve_deleted,
    honorClientNoCache: options.honor_client_no_cache,
    abandonedTransfer: options.abandoned_transfer,
    offline: config.offline || options.offline,
  };
}
