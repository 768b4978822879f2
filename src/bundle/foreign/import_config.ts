import type { Shelving } from "../../backends/backend_type.ts";
import { typeOf } from "../../backends/types.ts";
import type { BackendConfig, Config } from "../../config/schema.ts";

/** Returns the configuration of a vault that asks its upstreams, which a foreign source stands in for. */
export function eagerConfig(config: Config): Config {
  return { ...config, verify: idle(config), offline: false, backends: config.backends.map(eager) };
}

/** Returns the configuration of a vault that answers with what is cached, as it is. */
export function offlineConfig(config: Config): Config {
  const backends = config.backends.map((backend): BackendConfig => {
    return { ...backend, config: { ...backend.config, offline_indexes: "full" } };
  });
  return { ...config, verify: idle(config), offline: true, offline_indexes: "full", backends };
}

/** Bodies in the cache are verified by the server, or on command. */
function idle({ verify }: Config): Config["verify"] {
  return { ...verify, rate: 0 };
}

/**
 * The source is not to blame for what it lacks: no failure is repeated, and nothing is remembered as absent, or given
 * up for it.
 */
function eager(backend: BackendConfig): BackendConfig {
  const config: BackendConfig["config"] = {
    ...backend.config,
    offline: false,
    retries: 0,
    negative_ttl: 0,
    serve_deleted: true,
    stale_if_error: Infinity,
    honor_client_no_cache: true,
    // The hosts of upstreams are not looked up: nothing is sent to them.
    allow_private_redirects: true,
  };
  const shelving = typeOf(backend).shelving as Shelving | undefined;
  return shelving?.eager({ ...backend, config }) ?? { ...backend, config };
}
