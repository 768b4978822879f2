import type { Freshness } from "../../artifact.ts";
import { hasCredentials } from "../../config/credential_keys.ts";
import type { HeaderList } from "../../http/headers.ts";
import type { BackendType } from "../backend_type.ts";
import { credentialsOf } from "../opening/credentials.ts";
import { commonOptionsOf } from "../opening/common_options.ts";
import type { Rule } from "./backend.ts";
import { type HttpConfig, schema } from "./schema.ts";
import { createWarmSource } from "./warm.ts";

/** The type `http`: any web server. */
export const http: BackendType<HttpConfig> = {
  schema,
  warming: (backends) =>
    createWarmSource(backends.map(({ config: { prefix, base_url } }) => ({ prefix, bases: base_url }))),
  shelving: {
    recognises: [],
    open: () => Promise.resolve(null),
    async openCached(folder, { config: { base_url } }) {
      const { OriginalFilesShelf } = await import("./shelf/original_cache.ts");
      return new OriginalFilesShelf(folder, base_url);
    },
    urlsOf: ({ config: { base_url } }) => base_url,
    eager: (backend) => backend,
  },
  destinations: ({ config }) => hasCredentials(config) ? [{ urls: config.base_url }] : [],
  async open(backend, { config, upstreams, log }) {
    const { config: options } = backend;
    const { createBackend } = await import("./backend.ts");
    const createFetch = await upstreams.connect(backend);
    return createBackend({
      ...commonOptionsOf(backend, config),
      baseUrls: options.base_url,
      fetch: createFetch({
        credentials: credentialsOf(options, { config, backend, upstreams, log }),
        headers: Object.entries(options.headers ?? {}) as unknown as HeaderList,
        origins: options.base_url,
      }),
      idleTimeoutMs: options.timeout,
      freshness: options.ttl === undefined ? { kind: "http" } : { kind: "ttl", ttlMs: options.ttl },
      rules: options.rules.map(ruleOf),
      allowsWebPages: options.web_pages === "allow",
      passesOnErrors: options.upstream_errors === "pass_on",
    });
  },
};

function ruleOf(rule: HttpConfig["config"]["rules"][number]): Rule {
  const freshness: Freshness = rule.ttl === undefined ? { kind: "immutable" } : { kind: "ttl", ttlMs: rule.ttl };
  return { match: rule.match, freshness };
}
