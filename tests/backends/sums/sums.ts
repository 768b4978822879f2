import type { BackendType } from "../../../src/backends/backend_type.ts";
import { credentialsOf } from "../../../src/backends/opening/credentials.ts";
import { commonOptionsOf } from "../../../src/backends/opening/common_options.ts";
import { createBackend } from "./backend.ts";
import { schema, type SumsConfig } from "./schema.ts";

/**
 * Folders of files, each with a list of their digests: a fifth type of backend as a newcomer would write it, in a folder
 * of its own and one line in the list of types.
 */
export const sums: BackendType<SumsConfig> = {
  schema,
  async open(backend, { config, upstreams, log }) {
    const { ttl, timeout, base_url, ...options } = backend.config;
    const connect = await upstreams.connect(backend);
    const credentials = credentialsOf(options, { config, backend, upstreams, log });
    return createBackend({
      ...commonOptionsOf(backend, config),
      ttlMs: ttl,
      baseUrl: base_url,
      fetch: connect({ credentials, headers: [], origins: [base_url] }),
      idleTimeoutMs: timeout,
    });
  },
};
