import type { Fetch } from "../../artifact.ts";
import type { Backend } from "../../backend.ts";
import type { BackendConfig } from "../../config/schema.ts";
import { hasCredentials } from "../../config/credential_keys.ts";
import type { Credentials } from "../../upstream/credentials.ts";
import type { RenewableCredentials } from "../../upstream/renewal.ts";
import type { BackendType, ClientHost, Opening } from "../backend_type.ts";
import { type CredentialsDeps, openCredentials } from "../opening/credentials.ts";
import { commonOptionsOf } from "../opening/common_options.ts";
import { withRateLimit } from "../opening/rate_limit.ts";
import { createRateLimitReport } from "../opening/rate_limit_report.ts";
import { registryCredentials } from "./auth/registry_credentials.ts";
import type { RegistryBackend } from "./backend.ts";
import { carrying } from "./carrying.ts";
import type { RegistryOptions } from "./registry.ts";
import { createRoot } from "./root.ts";
import { type OciConfig, type RegistryConfig, schema } from "./schema.ts";
import { createWarmSource, type ServedImages } from "./warm.ts";

/** The types `dockerhub` and `oci`: registries of container images and other OCI artifacts. */
export const oci: BackendType<OciConfig, RegistryBackend> = {
  schema,
  carrying,
  destinations: ({ config: { repositories } }) =>
    repositories.filter(hasCredentials).map(({ registry_url, auth_url = registry_url, insecure: isMeant = false }) => {
      const isPlain = registry_url.startsWith("http:");
      return {
        urls: [registry_url, auth_url],
        isMeant,
        ...isPlain && { remedy: ", or insecure: true if that is meant" },
      };
    }),
  warnings: shadows,
  warming: (backends, all) =>
    createWarmSource({
      backends: backends.toSorted((a, b) => rootRankOf(a) - rootRankOf(b)).map(servedImages),
      hasRoot: !isRootTaken(backends, all),
    }),
  clientHosts,
  sharedRoutes,
  async open(backend, opening) {
    const { type, config: options } = backend;
    const { config, log } = opening;
    const names = clientHosts(backend).map(({ pattern }) => pattern);
    const { createBackend } = await import("./backend.ts");
    const { createRegistryOpener } = await import("./unconfigured_registries.ts");
    return createBackend({
      ...commonOptionsOf(backend, config),
      type,
      registries: await Promise.all(options.repositories.map((registry) => openRegistry(registry, backend, opening))),
      tagTtlMs: options.tag_ttl,
      failover: options.on_outage === "next" ? "any_failure" : "refusal",
      ...!options.prefetch.includes("none") && {
        prefetch: { platforms: options.prefetch, report: (level, message) => log[level](message) },
      },
      ...names.length > 0 && { unconfigured: { names, open: await createRegistryOpener(backend, opening) } },
    });
  },
  together: withRoot,
  shelving: {
    recognises: ["an OCI image layout", "an archive of docker save or podman save", "the storage of a docker registry"],
    async open(source) {
      const { openImageShelf } = await import("./shelf/open.ts");
      return await openImageShelf(source);
    },
    async openCached(folder) {
      const { openOriginalImages } = await import("./shelf/original_cache.ts");
      return await openOriginalImages(folder);
    },
    urlsOf: ({ config: { repositories } }) => repositories.map(({ registry_url }) => registry_url),
    eager: ({ config, ...backend }) => ({ ...backend, config: { ...config, tag_ttl: 0, prefetch: ["none"] } }),
  },
};

/**
 * Adds `/v2` at the root, unless a backend of another type has that prefix. The root belongs to the backend that has it
 * as its prefix, else to the first `dockerhub`, else to the first `oci`.
 */
function withRoot(opened: readonly RegistryBackend[], others: readonly Backend[]): Backend[] {
  const [first, ...rest] = opened.toSorted((a, b) => rootRank(a) - rootRank(b));
  if (first === undefined || others.some(({ prefix }) => prefix === "/v2")) return [...opened];
  return [...opened.filter(({ prefix }) => prefix !== "/v2"), createRoot([first, ...rest])];
}

function servedImages({ name, type, config: { prefix, repositories } }: OciConfig): ServedImages {
  const hosts = repositories.map(({ registry_url }) => new URL(registry_url).host);
  return { name, prefix, hosts, standsForHub: type === "dockerhub" };
}

function rootRankOf({ type, config: { prefix } }: OciConfig): number {
  return rootRank({ type, prefix });
}

function rootRank({ prefix, type }: Pick<RegistryBackend, "prefix" | "type">): number {
  if (prefix === "/v2") return 0;
  if (prefix === "/") return 1;
  return type === "dockerhub" ? 2 : 3;
}

/** Says for the message at start what `withRoot` adds. */
function sharedRoutes(backends: readonly OciConfig[], all: readonly BackendConfig[]): string[] {
  const isTaken = all.some(({ config: { prefix } }) => prefix === "/v2");
  if (backends.length === 0 || isTaken) return [];
  const names = backends.map(({ name }) => name).join(", ");
  return [`/v2 -> images of ${names}, where docker and others look for them`];
}

/** Says whether a backend of another type has the path at which images are served together. */
function isRootTaken(backends: readonly OciConfig[], all: readonly BackendConfig[]): boolean {
  const own: readonly BackendConfig[] = backends;
  return all.some((one) => one.config.prefix === "/v2" && !own.includes(one));
}

/** Warns of what docker clients ask for at the root and do not get there. */
function shadows(backends: readonly OciConfig[], all: readonly BackendConfig[]): string[] {
  if (backends.length === 0) return [];
  const images: readonly BackendConfig[] = backends;
  return all.flatMap((backend) => {
    const { name, config: { prefix } } = backend;
    const shadow = `"${prefix}" of backend "${name}"`;
    if (prefix === "/v2" && !images.includes(backend)) {
      return [`No images are served at the root, since /v2 is ${shadow}`];
    }
    if (!prefix.startsWith("/v2/")) return [];
    return [`Images whose names begin with "${prefix.slice(4)}" are not served at the root, since ${shadow} is there`];
  });
}

function clientHosts({ config: { registries } }: OciConfig): ClientHost[] {
  const opened = registries.filter((name) => name !== "configured");
  return opened.map((pattern) => ({ pattern, inWords: pattern === "any" ? "any registry" : pattern }));
}

async function openRegistry(registry: RegistryConfig, backend: OciConfig, opening: Opening): Promise<RegistryOptions> {
  const { upstreams, metrics, log } = opening;
  const { registry_url: url, names = [], allow = [], deny = [], mirror_of: mirrorOf = [], mirror_form } = registry;
  const createFetch = await upstreams.connect(backend, registry);
  const report = createRateLimitReport({
    backend: backend.name,
    log,
    counted: (rateLimit) => metrics.quotaTold(backend.name, rateLimit),
  });
  const fetch: Fetch = createFetch({
    credentials: registryCredentialsOf(registry, { ...opening, backend }),
    headers: [],
    origins: [url],
    retryRateLimited: false,
    wrap: (fetch) => withRateLimit(fetch, { observed: report }),
  });
  return {
    url,
    bareOfficialImages: registry.official_images === "bare",
    plainHttpBlobs: registry.plain_http_blobs === true,
    names: [new URL(url).host, ...names],
    fetch,
    idleTimeoutMs: backend.config.timeout,
    allow,
    deny,
    mirrorOf,
    ...mirror_form !== undefined && { mirrorForm: mirror_form },
  };
}

function registryCredentialsOf(registry: RegistryConfig, deps: CredentialsDeps): Credentials | RenewableCredentials {
  const { registry_url, auth_url } = registry;
  const isPlain = [registry_url, auth_url].some((url) => url?.startsWith("http:"));
  return openCredentials(registry, deps, ({ username, password, token }) => {
    return registryCredentials({
      insecure: isPlain,
      ...token !== undefined && { token },
      ...username !== undefined && { login: { username, password } },
      ...auth_url !== undefined && { authUrl: auth_url },
    });
  });
}
