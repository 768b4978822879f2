import type { CachingPolicy } from "../../artifact.ts";
import type { Backend } from "../../backend.ts";
import type { BackendConfig, Config } from "../../config/schema.ts";

/** The options that backends of every type have. */
export interface CommonOptions extends Pick<Backend, "name" | "prefix" | "maxTransfers"> {
  readonly policy: CachingPolicy;
}

/** Returns what the keys that every backend has say about one. */
export function commonOptionsOf({ name, config: options }: BackendConfig, config: Config): CommonOptions {
  return {
    name,
    prefix: options.prefix,
    maxTransfers: options.max_transfers,
    policy: {
      staleIfErrorMs: options.stale_if_error,
      negativeTtlMs: options.negative_ttl,
      serveDeleted: options.serve_deleted,
      honorClientNoCache: options.honor_client_no_cache,
      abandonedTransfer: options.abandoned_transfer,
      offline: config.offline || options.offline,
    },
  };
}
