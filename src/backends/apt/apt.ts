import type { Backend } from "../../artifact.ts";
import { createAptBackend } from "./backend.ts";
import type { AptBackendConfig, Config } from "../../config/schema.ts";
import type { Log } from "../../observe/log.ts";
import { credentialsOf } from "../opening/credentials.ts";
import { policyOf } from "../opening/policy.ts";
import type { Upstreams } from "../opening/upstreams.ts";

/** A backend of type `apt`, as it is configured. */
export async function openAptBackend(
  backend: AptBackendConfig,
  { config, upstreams, log }: { config: Config; upstreams: Upstreams; log: Log },
): Promise<Backend> {
  const { name, config: options } = backend;
  const createFetch = await upstreams.connect(backend);
  return createAptBackend({
    name,
    prefix: options.prefix,
    maxTransfers: options.max_transfers,
    policy: policyOf(config, backend),
    ttlMs: options.ttl,
    mirrors: options.mirror_url,
    aliases: options.aliases,
    fetch: createFetch({
      credentials: credentialsOf(options, { config, backend, log }),
      headers: [],
      origins: options.mirror_url,
    }),
    idleTimeoutMs: options.timeout,
    log,
  });
}
