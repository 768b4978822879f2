import type { CachingPolicy } from "../../artifact.ts";
import type { Backend } from "../../backend.ts";
import type { BackendConfig, Config } from "../../config/schema.ts";

/** The options that backends of every type have. */
export interface CommonOptions extends Pick<Backend, "name" | "prefix" | "maxTransfers"> {
  readonly policy: CachingPolicy;
  /** True where indexes show only what the cache can deliver. */
  readonly hidesUncached: boolean;
}

/** Returns what the keys that every backend has say about one. */
export function commonOptionsOf({ name, config: options }: BackendConfig, config: Config): CommonOptions {
  const offline = config.offline || options.offline;
  return {
    name,
    prefix: options.prefix,
    maxTransfers: options.max_transfers,
    hidesUncached: offline && (options.offline_indexes ?? config.offline_indexes) === "available",
    policy: {
      staleIfErrorMs: options.stale_if_error,
      negativeTtlMs: options.negative_ttl,
      serveDeleted: options.serve_deleted,
      honorClientNoCache: options.honor_client_no_cache,
      abandonedTransfer: options.abandoned_transfer,
      offline,
    },
  };
}
