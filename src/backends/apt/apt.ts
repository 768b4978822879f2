import { hasCredentials } from "../../config/credential_keys.ts";
import type { BackendType } from "../backend_type.ts";
import { credentialsOf } from "../opening/credentials.ts";
import { commonOptionsOf } from "../opening/common_options.ts";
import { adviceFor } from "./advice.ts";
import { carrying } from "./carrying.ts";
import { type AptConfig, schema } from "./schema.ts";
import { createWarmSource } from "./warm.ts";

/** The type `apt`: a repository of Debian packages. */
export const apt: BackendType<AptConfig> = {
  schema,
  carrying,
  destinations: ({ config }) => hasCredentials(config) ? [{ urls: config.mirror_url }] : [],
  warnings: sharedMirrors,
  shelving: {
    recognises: [
      "a mirror of Debian packages",
      "the cache of apt-cacher-ng",
      "what apt keeps (/var, or its cache/apt/archives with lib/apt/lists)",
    ],
    async open(source) {
      const { openRepositoryShelf } = await import("./shelf/repository_shelf.ts");
      return await openRepositoryShelf(source);
    },
    async openCached(folder) {
      const { openOriginalRepository } = await import("./shelf/original_cache.ts");
      return await openOriginalRepository(folder);
    },
    urlsOf: ({ config: { mirror_url, aliases } }) => [...mirror_url, ...aliases],
    eager: ({ config, ...backend }) => ({ ...backend, config: { ...config, ttl: 0 } }),
  },
  adviceFor,
  warming: (backends) =>
    createWarmSource(backends.map(({ name, config: { prefix, mirror_url, aliases } }) => {
      return { name, prefix, bases: [...mirror_url, ...aliases] };
    })),
  async open(backend, { config, upstreams, log }) {
    const { config: options } = backend;
    const { createBackend } = await import("./backend.ts");
    const createFetch = await upstreams.connect(backend);
    return createBackend({
      ...commonOptionsOf(backend, config),
      ttlMs: options.ttl,
      mirrors: options.mirror_url,
      aliases: options.aliases,
      fetch: createFetch({
        credentials: credentialsOf(options, { config, backend, upstreams, log }),
        headers: [],
        origins: options.mirror_url,
      }),
      idleTimeoutMs: options.timeout,
      log,
    });
  },
};

/** Warns of URLs that clients of a proxy get from one backend only; http and https are the same to them. */
function sharedMirrors(backends: readonly AptConfig[]): string[] {
  const holders = new Map<string, string>();
  return backends.flatMap(({ name, config }) =>
    [...config.mirror_url, ...config.aliases].flatMap((url) => {
      const { host, pathname } = new URL(url);
      const holder = holders.get(host + pathname) ?? name;
      holders.set(host + pathname, holder);
      if (holder === name) return [];
      return [`Clients that have the vault as their proxy get ${url} from backend "${holder}", never from "${name}"`];
    })
  );
}
