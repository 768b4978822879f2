import type { Backend } from "../../artifact.ts";
import { createPypiBackend } from "./backend.ts";
import type { PypiIndex } from "./indexes.ts";
import type { Config, PypiBackendConfig } from "../../config/schema.ts";
import type { IndexConfig } from "./schema.ts";
import type { Log } from "../../observe/log.ts";
import { credentialsOf } from "../opening/credentials.ts";
import { policyOf } from "../opening/policy.ts";
import type { Upstreams } from "../opening/upstreams.ts";

export interface PypiDeps {
  readonly config: Config;
  readonly upstreams: Upstreams;
  readonly log: Log;
}

/** A backend of type `pypi`, as it is configured. */
export async function openPypiBackend(backend: PypiBackendConfig, deps: PypiDeps): Promise<Backend> {
  const { name, config: options } = backend;
  return createPypiBackend({
    name,
    prefix: options.prefix,
    maxTransfers: options.max_transfers,
    policy: policyOf(deps.config, backend),
    ttlMs: options.ttl,
    minAgeMs: options.min_age ?? null,
    indexes: await Promise.all(options.indexes.map((index) => openIndex(index, backend, deps))),
    warn: (message) => deps.log.warning(message),
  });
}

async function openIndex(index: IndexConfig, backend: PypiBackendConfig, deps: PypiDeps): Promise<PypiIndex> {
  const {
    index_url: url,
    packages_url: packagesUrl = null,
    find_links: isFindLinks = /\.html?$/i.test(url),
    only = [],
    never = [],
    not_found_statuses: absentStatuses = [],
  } = index;
  const createFetch = await deps.upstreams.connect(backend, index);
  const origins = packagesUrl === null ? [url] : [url, packagesUrl];
  const fetch = createFetch({ credentials: credentialsOf(index, { ...deps, backend }), headers: [], origins });
  return { url, packagesUrl, fetch, idleTimeoutMs: backend.config.timeout, only, never, absentStatuses, isFindLinks };
}
