import type { Backend, Fetch } from "../../artifact.ts";
import { createOciBackend, type OciBackend } from "./backend.ts";
import type { OciRegistry } from "./registry.ts";
import { createOciRoot } from "./root.ts";
import type { Config, OciBackendConfig } from "../../config/schema.ts";
import type { RegistryConfig } from "./schema.ts";
import { hostsForClients } from "../../config/upstreams.ts";
import type { Log } from "../../observe/log.ts";
import type { Metrics } from "../../observe/metrics.ts";
import type { Credentials } from "../../upstream/credentials.ts";
import type { RenewableCredentials } from "../../upstream/renewal.ts";
import { type CredentialsDeps, openCredentials } from "../opening/credentials.ts";
import { createOpener } from "./unconfigured_registries.ts";
import { policyOf } from "../opening/policy.ts";
import { createQuotaReport } from "./rate_limit_report.ts";
import type { Upstreams } from "../opening/upstreams.ts";

export interface OciDeps {
  readonly config: Config;
  readonly upstreams: Upstreams;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** A backend of type `dockerhub` or `oci`, as it is configured. */
export async function openOciBackend(backend: OciBackendConfig, deps: OciDeps): Promise<OciBackend> {
  const { name, type, config: options } = backend;
  const registries = await Promise.all(options.repositories.map((registry) => openRegistry(registry, backend, deps)));
  return createOciBackend({
    name,
    type,
    prefix: options.prefix,
    maxTransfers: options.max_transfers,
    policy: policyOf(deps.config, backend),
    registries,
    tagTtlMs: options.tag_ttl,
    movesOnAfter: options.on_outage === "next" ? "any_failure" : "refusal",
    ...!options.prefetch.includes("none") && {
      prefetch: { platforms: options.prefetch, report: (level, message) => deps.log[level](message) },
    },
    ...hostsForClients(backend).length > 0 &&
      { unconfigured: { names: hostsForClients(backend), open: await createOpener(backend, deps) } },
  });
}

/**
 * The backends of a configuration, with `/v2` at the root for those that serve images, unless another has that prefix.
 * The root belongs to the backend that has it as its prefix, else to the first `dockerhub`, else to the first `oci`.
 */
export function withOciRoot(backends: readonly Backend[], images: readonly OciBackend[]): Backend[] {
  const [first, ...others] = images.toSorted((a, b) => rootRank(a) - rootRank(b));
  const holder = backends.find(({ prefix }) => prefix === "/v2");
  if (first === undefined || (holder !== undefined && holder !== first)) return [...backends];
  return [...backends.filter((backend) => backend !== holder), createOciRoot([first, ...others])];
}

function rootRank({ prefix, type }: OciBackend): number {
  if (prefix === "/v2") return 0;
  if (prefix === "/") return 1;
  return type === "dockerhub" ? 2 : 3;
}

async function openRegistry(
  registry: RegistryConfig,
  backend: OciBackendConfig,
  deps: OciDeps,
): Promise<OciRegistry> {
  const { upstreams, metrics, log } = deps;
  const { registry_url: url, names = [], allow = [], deny = [], mirror_of: mirrorOf = [], mirror_form } = registry;
  const createFetch = await upstreams.connect(backend, registry);
  const fetch: Fetch = createFetch({
    credentials: credentialsOf(registry, { ...deps, backend }),
    headers: [],
    origins: [url],
    retryRateLimited: false,
    onRateLimit: createQuotaReport({
      backend: backend.name,
      log,
      counted: (rateLimit) => metrics.quotaTold(backend.name, rateLimit),
    }),
  });
  const bareOfficialImages = registry.official_images === "bare";
  const plainHttpBlobs = registry.plain_http_blobs === true;
  return {
    url,
    bareOfficialImages,
    plainHttpBlobs,
    names: [new URL(url).host, ...names],
    fetch,
    idleTimeoutMs: backend.config.timeout,
    allow,
    deny,
    mirrorOf,
    ...mirror_form !== undefined && { mirrorForm: mirror_form },
  };
}

function credentialsOf(registry: RegistryConfig, deps: CredentialsDeps): Credentials | RenewableCredentials {
  const { registry_url, auth_url } = registry;
  const isPlain = [registry_url, auth_url].some((url) => url?.startsWith("http:"));
  return openCredentials(registry, deps, ({ username, password, token }) => {
    return {
      kind: "registry",
      insecure: isPlain,
      ...token !== undefined && { token },
      ...username !== undefined && { login: { username, password } },
      ...auth_url !== undefined && { authUrl: auth_url },
    };
  });
}
