import type { BackendType } from "../../../src/backends/backend_type.ts";
import { credentialsOf } from "../../../src/backends/opening/credentials.ts";
import { policyOf } from "../../../src/backends/opening/policy.ts";
import { createBackend } from "./backend.ts";
import { schema, type SumsConfig } from "./schema.ts";

/**
 * Folders of files, each with a list of their digests: a fifth type of backend as a newcomer would write it, in a folder
 * of its own and one line in the list of types.
 */
export const sums: BackendType<SumsConfig> = {
  schema,
  async open(backend, { config, upstreams, log }) {
    const { name, config: { prefix, max_transfers, ttl, timeout, base_url, ...options } } = backend;
    const connect = await upstreams.connect(backend);
    const credentials = credentialsOf(options, { config, backend, log });
    return createBackend({
      name,
      prefix,
      maxTransfers: max_transfers,
      policy: policyOf(config, backend),
      ttlMs: ttl,
      baseUrl: base_url,
      fetch: connect({ credentials, headers: [], origins: [base_url] }),
      idleTimeoutMs: timeout,
    });
  },
};
