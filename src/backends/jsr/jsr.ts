import { hasCredentials } from "../../config/credential_keys.ts";
import type { BackendType } from "../backend_type.ts";
import { commonOptionsOf } from "../opening/common_options.ts";
import { credentialsOf } from "../opening/credentials.ts";
import { servedPath } from "../shared/served_path.ts";
import { type JsrConfig, schema } from "./schema.ts";

/** The type `jsr`: modules of JSR. */
export const jsr: BackendType<JsrConfig> = {
  schema,
  carrying: { isRoot: ({ key }) => /meta\.json$/.test(key) },
  destinations: ({ config }) => hasCredentials(config) ? [{ urls: [config.base_url] }] : [],
  warming(backends) {
    const served = backends.map(({ config: { prefix, base_url } }) => ({ prefix, bases: [base_url] }));
    return { pathOf: (url) => servedPath(url, served), prefixes: served.map(({ prefix }) => prefix) };
  },
  async open(backend, opening) {
    const { config: options } = backend;
    const { createBackend } = await import("./backend.ts");
    const createFetch = await opening.upstreams.connect(backend);
    return createBackend({
      ...commonOptionsOf(backend, opening.config),
      ttlMs: options.ttl,
      baseUrl: options.base_url,
      fetch: createFetch({
        credentials: credentialsOf(options, { ...opening, backend }),
        headers: [],
        origins: [options.base_url],
      }),
      idleTimeoutMs: options.timeout,
    });
  },
};
