import { VaultError } from "../errors.ts";
import type { ClientSetup, VaultAddress } from "./client_setup.ts";
import { clients } from "./clients.ts";
import type { Repository } from "./edit/repositories.ts";
import { setupPath } from "./path.ts";
import { quoted } from "./script/quoted.ts";
import { isPlainPrefix, parseRepositories, parseVaultAddress } from "./vault_address.ts";

/** What has to be known of a backend to point clients at it. */
export interface ClientsBackend {
  readonly name: string;
  readonly type: string;
  readonly prefix: string;
  /** Upstreams that it serves by their own names; none when absent. */
  readonly proxied?: { readonly urls: readonly string[] };
}

/** A client, and the backends of a vault that serve it, the usual one first. */
export interface ServedClient {
  readonly client: ClientSetup;
  readonly backends: readonly [ClientsBackend, ...ClientsBackend[]];
}

/**
 * Returns the clients that can be pointed at a vault with these backends, in the order of lists. Backends whose prefix
 * cannot be given to a client do not serve it.
 */
export function servedClients(backends: readonly ClientsBackend[]): ServedClient[] {
  return clients.flatMap((client) => {
    const serving = backends.filter((backend) => serves(backend, client));
    const [first, ...others] = serving.sort((a, b) => Number(isUsual(b, client)) - Number(isUsual(a, client)));
    return first === undefined ? [] : [{ client, backends: [first, ...others] }];
  });
}

/**
 * The address at which a client reaches one of the backends of a vault. Throws `bad_request` where the URL cannot be
 * given to clients.
 */
export function addressFor({ client, backend, all, url }: AddressOptions): VaultAddress {
  const address = parseVaultAddress(url, client.backend === null || backend.prefix === "/" ? "" : backend.prefix);
  const refusal = client.refusalOf?.(address) ?? null;
  if (refusal !== null) throw new VaultError("bad_request", refusal);
  return client.needsRepositories ? { ...address, repositories: repositoriesOf(all) } : address;
}

/** False where the client cannot be given the address. */
export function canBeGiven(options: AddressOptions): boolean {
  try {
    return addressFor(options) !== null;
  } catch (error) {
    if (error instanceof VaultError) return false;
    throw error;
  }
}

export interface AddressOptions {
  readonly client: ClientSetup;
  readonly backend: ClientsBackend;
  /** All backends of the vault. */
  readonly all: readonly ClientsBackend[];
  /** The URL of the vault. */
  readonly url: string;
}

/** The repositories that backends serve, without those whose URLs cannot be given to clients. */
export function repositoriesOf(backends: readonly ClientsBackend[]): Repository[] {
  const served = backends.flatMap(({ proxied, prefix }) => (proxied?.urls ?? []).map((url) => ({ url, prefix })));
  return served.map(({ url, prefix }) => `${url} ${prefix}\n`).flatMap(parseRepositories);
}

/** A backend of type `http` can serve anything: it is known by its name or its prefix. */
function serves(backend: ClientsBackend, client: ClientSetup): boolean {
  if (client.backend !== null && !isPlainPrefix(backend.prefix)) return false;
  return client.types.includes(backend.type) && (backend.type !== "http" || isUsual(backend, client));
}

function isUsual({ name, prefix }: ClientsBackend, client: ClientSetup): boolean {
  // Images are served together at /v2, for clients that can use no other path.
  const wanted = client.backend === null ? "/v2" : `/${client.backend}`;
  return name === client.backend || prefix === wanted;
}

/** The command that sets a client up; a backend is named where it is not the usual one. */
export function scriptLine(url: string, client: ClientSetup, backend?: ClientsBackend): string {
  const place = `${url}${setupPath}/${client.name}`;
  const wish = backend === undefined ? "" : `?backend=${encodeURIComponent(backend.name)}`;
  return `curl -fsS ${wish !== "" || url.includes("[") ? quoted(place + wish) : place} | sh`;
}
