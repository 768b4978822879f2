import { type CredentialValues, hasCredentials } from "../../config/credential_keys.ts";
import type { BackendConfig } from "../../config/schema.ts";
import type { BackendType, Opening } from "../backend_type.ts";
import { compileRules } from "../../glob/compile.ts";
import { commonOptionsOf } from "../opening/common_options.ts";
import { credentialsOf } from "../opening/credentials.ts";
import type { RegistryOptions } from "./registries.ts";
import { createWarmSource } from "./warm.ts";
import { carrying } from "./carrying.ts";
import { createRoot } from "./root.ts";
import { type NpmConfig, schema } from "./schema.ts";

/** The type `npm`: registries of npm packages. */
export const npm: BackendType<NpmConfig> = {
  schema,
  carrying,
  warming: (backends) =>
    createWarmSource({
      backends: backends.map(({ name, config: { prefix } }) => ({ name, prefix })),
      served: backends.map(({ config: { prefix, registry_url, public_registry } }) => (
        { prefix, bases: [registry_url, ...public_registry === undefined ? [] : [public_registry]] }
      )),
    }),
  destinations: ({ config }) =>
    [config, ...Object.values(config.scopes)].filter(hasCredentials).map(({ registry_url }) => ({
      urls: [registry_url],
    })),
  shelving: {
    recognises: ["the cache of npm (~/.npm/_cacache)"],
    async open(source) {
      const { openCacacheShelf } = await import("./shelf/package_shelf.ts");
      return await openCacacheShelf(source);
    },
    async openCached(folder) {
      const { openOriginalPackages } = await import("./shelf/original_cache.ts");
      return await openOriginalPackages(folder);
    },
    urlsOf: ({ config: { registry_url, public_registry } }) => [
      registry_url,
      ...public_registry === undefined ? [] : [public_registry],
    ],
    eager: ({ config: { min_age: _, ...config }, ...backend }) => ({ ...backend, config: { ...config, ttl: 0 } }),
  },
  warnings: (backends) => backends.flatMap(confusions),
  sharedRoutes(backends, all) {
    const [first] = rootOf(backends, all);
    return first === undefined
      ? []
      : [`/PACKAGE/-/FILE.tgz -> ${first.name}, where some npm commands look for tarballs, and /-/npm/v1`];
  },
  together(opened, others) {
    const [first] = opened;
    const isTaken = [...opened, ...others].some(({ prefix }) => prefix === "/");
    return first === undefined || isTaken ? opened : [...opened, createRoot(first)];
  },
  async open(backend, opening) {
    const { config: options } = backend;
    const { config, log } = opening;
    const { min_age: ms, min_age_except: patterns } = options;
    const excepts = patterns.length === 0 ? () => false : compileRules(patterns);
    const { createBackend } = await import("./backend.ts");
    return createBackend({
      ...commonOptionsOf(backend, config),
      isDefault: config.backends.find(({ type }) => type === backend.type)?.name === backend.name,
      ttlMs: options.ttl,
      minAge: ms === undefined ? null : { ms, excepts },
      tarballUrls: { mode: options.tarball_urls, publicRegistry: options.public_registry ?? null },
      registries: {
        main: await openRegistry(options, backend, opening),
        scopes: await Promise.all(
          Object.entries(options.scopes).map(async ([scope, own]) => {
            return { scope, only: own.only, ...await openRegistry(own, backend, opening) };
          }),
        ),
      },
      warn: (message) => log.warning(message),
    });
  },
};

interface RegistryConfig extends CredentialValues {
  readonly registry_url: string;
}

async function openRegistry(
  registry: RegistryConfig,
  backend: NpmConfig,
  opening: Opening,
): Promise<RegistryOptions> {
  const { registry_url: url } = registry;
  const createFetch = await opening.upstreams.connect(backend);
  const fetch = createFetch({
    credentials: credentialsOf(registry, { ...opening, backend }),
    headers: [],
    origins: [url],
  });
  return { url, fetch, idleTimeoutMs: backend.config.timeout };
}

/** The backend that is served at the root as well: the first one, unless the root is a backend's own. */
function rootOf(backends: readonly NpmConfig[], all: readonly BackendConfig[]): readonly NpmConfig[] {
  return all.some(({ config: { prefix } }) => prefix === "/") ? [] : backends.slice(0, 1);
}

/**
 * Warns where a private package may come from a stranger, since it is missing in its own registry: a package of a scope
 * that another registry may have as well ("dependency confusion").
 */
function confusions({ name, config }: NpmConfig): string[] {
  return Object.entries(config.scopes).flatMap(([scope, own]) => {
    if (own.only || !hasCredentials(own)) return [];
    return [
      `Backend "${name}" takes a package of ${scope} that ${own.registry_url} does not have from ` +
      `${config.registry_url}, whoever published it there; write only: true unless that is meant`,
    ];
  });
}
