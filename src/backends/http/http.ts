import type { Backend, Freshness } from "../../artifact.ts";
import { createHttpBackend, type HttpRule } from "./backend.ts";
import type { Config, HttpBackendConfig } from "../../config/schema.ts";
import type { HeaderList } from "../../http/headers.ts";
import type { Log } from "../../observe/log.ts";
import { credentialsOf } from "../opening/credentials.ts";
import { policyOf } from "../opening/policy.ts";
import type { Upstreams } from "../opening/upstreams.ts";

/** A backend of type `http`, as it is configured. */
export async function openHttpBackend(
  backend: HttpBackendConfig,
  { config, upstreams, log }: { config: Config; upstreams: Upstreams; log: Log },
): Promise<Backend> {
  const { name, config: options } = backend;
  const createFetch = await upstreams.connect(backend);
  return createHttpBackend({
    name,
    prefix: options.prefix,
    baseUrls: options.base_url,
    fetch: createFetch({
      credentials: credentialsOf(options, { config, backend, log }),
      headers: Object.entries(options.headers ?? {}) as unknown as HeaderList,
      origins: options.base_url,
    }),
    idleTimeoutMs: options.timeout,
    maxTransfers: options.max_transfers,
    policy: policyOf(config, backend),
    freshness: options.ttl === undefined ? { kind: "http" } : { kind: "ttl", ttlMs: options.ttl },
    rules: options.rules.map(ruleOf),
    allowsWebPages: options.web_pages === "allow",
    passesOnErrors: options.upstream_errors === "pass_on",
  });
}

function ruleOf(rule: HttpBackendConfig["config"]["rules"][number]): HttpRule {
  const freshness: Freshness = rule.ttl === undefined ? { kind: "immutable" } : { kind: "ttl", ttlMs: rule.ttl };
  return { match: rule.match, freshness };
}
