import { LRUCache } from "lru-cache";
import type { Fetch } from "../../artifact.ts";
import { VaultError } from "../../errors.ts";
import { isPrivateHost, type Lookup, lookupNothing } from "../../upstream/private_network.ts";
import { lookupWithSystem } from "../../upstream/system_lookup.ts";
import type { Opening } from "../backend_type.ts";
import { withRateLimit } from "../opening/rate_limit.ts";
import { createRateLimitReport } from "../opening/rate_limit_report.ts";
import { registryCredentials } from "./auth/registry_credentials.ts";
import type { RegistryOptions } from "./registry.ts";
import type { OciConfig } from "./schema.ts";

/** Clients choose the names, so their number is bounded. A registry that is forgotten costs a new token. */
const mostClients = 64;

/**
 * Opens registries that clients name and that are not configured (`registries: any`): anonymously, on shared
 * connections. Their `fetch` throws `denied` for hosts that are not on the public internet, unless
 * `allow_private_redirects` is set.
 */
export async function createRegistryOpener(
  backend: OciConfig,
  { config, upstreams, log }: Opening,
): Promise<(name: string) => RegistryOptions> {
  const { name: backendName, config: { timeout, insecure, proxy = config.proxy } } = backend;
  const lookup = proxy === undefined ? lookupWithSystem : lookupNothing;
  const createFetch = await upstreams.connect(backend, { client_certificate: null });
  const clients = new LRUCache<string, Fetch>({ max: mostClients });

  function clientOf(url: string): Fetch {
    const known = clients.get(url);
    if (known !== undefined) return known;
    const report = createRateLimitReport({ backend: backendName, log });
    const client = createFetch({
      credentials: registryCredentials({ insecure }),
      headers: [],
      origins: [url],
      trusted: [],
      retryRateLimited: false,
      wrap: (fetch) => withRateLimit(fetch, { observed: report }),
    });
    clients.set(url, client);
    return client;
  }

  return (name) => {
    const url = `${insecure ? "http" : "https"}://${name}`;
    if (!URL.canParse(url)) throw new VaultError("bad_request", `Not the name of a registry: "${name}"`);
    const fetch: Fetch = async (request, options) => {
      if (!backend.config.allow_private_redirects) await requirePublic(request, { backendName, lookup });
      return await clientOf(url)(request, options);
    };
    return { url, names: [name], fetch, idleTimeoutMs: timeout, allow: [], deny: [] };
  };
}

/** Throws `denied` for a private address, and for a name without a dot, which belongs to the local network. */
async function requirePublic(
  { url, signal }: Request,
  { backendName, lookup }: { backendName: string; lookup: Lookup },
): Promise<void> {
  const target = new URL(url);
  const isLocalName = /^[^.:]+\.?$/.test(target.hostname);
  if (!isLocalName && !await isPrivateHost(target, lookup, signal)) return;
  throw new VaultError(
    "denied",
    `The registry "${target.host}" is not on the public internet; add it to "repositories" of the backend ` +
      `"${backendName}", or set "allow_private_redirects: true" there to open all of the network around`,
  );
}
