import { hasCredentials } from "../../config/credential_keys.ts";
import type { BackendType, Opening } from "../backend_type.ts";
import { credentialsOf } from "../opening/credentials.ts";
import { commonOptionsOf } from "../opening/common_options.ts";
import { withRateLimit } from "../opening/rate_limit.ts";
import { createRateLimitReport } from "../opening/rate_limit_report.ts";
import { carrying } from "./carrying.ts";
import { RepoFilter } from "./repo_filter.ts";
import { type HuggingfaceConfig, schema } from "./schema.ts";
import { mostBytesAtOnce } from "./upstream.ts";
import { createWarmSource } from "./warm.ts";

/** The type `huggingface`: the Hugging Face Hub, with models, datasets and whatever else it has. */
export const huggingface: BackendType<HuggingfaceConfig> = typeWith(mostBytesAtOnce);

/** The same with another bound of what is asked for at once, for tests. */
export function typeWith(mostBytes: number): BackendType<HuggingfaceConfig> {
  return {
    schema,
    carrying,
    warming: (backends) =>
      createWarmSource({
        backends: backends.map(({ name, config: { prefix } }) => ({ name, prefix })),
        served: backends.map(({ config: { prefix, base_url } }) => ({ prefix, bases: [base_url] })),
      }),
    shelving: {
      recognises: ["a cache of huggingface_hub, with folders such as models--owner--name"],
      async open(source) {
        const { openHubShelf } = await import("./shelf/hub_shelf.ts");
        return await openHubShelf(source);
      },
      urlsOf: ({ config: { base_url } }) => [base_url],
      eager: ({ config, ...backend }) => ({ ...backend, config: { ...config, ttl: 0, authorization: "vault" } }),
    },
    destinations: ({ config }) => hasCredentials(config) ? [{ urls: [config.base_url] }] : [],
    open: (backend, opening) => open(backend, opening, mostBytes),
  };
}

async function open(backend: HuggingfaceConfig, opening: Opening, mostBytes: number) {
  const { config: options } = backend;
  const { config, upstreams, metrics, log } = opening;
  const { createBackend } = await import("./backend.ts");
  const createFetch = await upstreams.connect(backend);
  const credentials = credentialsOf(options, { ...opening, backend });
  const origins = [options.base_url];
  // Requests without the vault's credentials count in the limits of others.
  const observed = createRateLimitReport({
    backend: backend.name,
    log,
    counted: (rateLimit) => metrics.quotaTold(backend.name, rateLimit),
  });
  return createBackend({
    ...commonOptionsOf(backend, config),
    isDefault: config.backends.find(({ type }) => type === backend.type)?.name === backend.name,
    baseUrl: options.base_url,
    fetch: createFetch({ credentials, headers: [], origins, wrap: (fetch) => withRateLimit(fetch, { observed }) }),
    plainFetch: createFetch({ credentials: { kind: "none" }, headers: [], origins }),
    idleTimeoutMs: options.timeout,
    maxRedirects: options.max_redirects,
    ttlMs: options.ttl,
    xet: options.xet,
    authorization: options.authorization,
    repos: new RepoFilter({ allow: options.allow, deny: options.deny, types: options.repo_types }),
    mostBytes,
  });
}
