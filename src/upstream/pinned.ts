import ipaddr from "ipaddr.js";
import type { Fetch } from "../artifact.ts";
import { VaultError } from "../errors.ts";
import type { Egress } from "./egress.ts";
import { addressesOf, addressKind, isAddress, type Lookup } from "./private_network.ts";
import { shownUrl } from "./shown_url.ts";

export interface ChosenHostsOptions {
  /** The URLs that the operator has configured: their origins may have any address. */
  readonly trusted: readonly string[];
  readonly lookup: Lookup;
  /** Connects to an address that was checked; null where the vault does not make the connections. */
  readonly fetchAt: Egress["fetchAt"];
}

/**
 * Fetches from hosts that an upstream or a client has chosen (redirects, token servers, links in documents) at
 * addresses of the public internet only, or of the kind of network that all trusted URLs are in. Throws `denied` for
 * others, and a network error for a name without an address. Trusted hosts are not checked, and neither are names that
 * cannot be looked up here: there Deno's permissions decide, or the proxy.
 *
 * A name may have another address a moment later. Over https its certificate proves who answers, before anything is
 * asked. Over plain http the connection goes to the very address that was checked.
 */
export function withCheckedAddresses(fetch: Fetch, options: ChosenHostsOptions): Fetch {
  const { trusted, lookup, fetchAt } = options;
  const hosts = new Map(trusted.map((url) => [new URL(url).hostname, new URL(url)]));

  return async (request) => {
    const url = new URL(request.url);
    if (hosts.has(url.hostname)) return await fetch(request);
    const addresses = await addressesOf(url, lookup, request.signal);
    if (addresses === null || addresses.length === 0 && fetchAt === null) return await fetch(request);
    if (addresses.length === 0) throw new TypeError(`dns error: no address for "${url.hostname}"`);
    for (const address of addresses) {
      if (!await isPermitted(address, request.signal)) throw refusal(url, address);
    }
    const isFixed = url.protocol === "https:" || isAddress(url);
    return isFixed || fetchAt === null
      ? await fetch(request)
      : await firstThatConnects(request, addresses, { fetch, fetchAt });
  };

  async function isPermitted(address: string, signal: AbortSignal): Promise<boolean> {
    const kind = addressKind(address);
    if (kind === "public") return true;
    if (kind === "reserved" || hosts.size === 0) return false;
    for (const url of hosts.values()) {
      const home = await addressesOf(url, lookup, signal) ?? [];
      if (home.length === 0 || home.some((own) => addressKind(own) !== kind)) return false;
    }
    return true;
  }
}

/** Tries one address after the other: a host may have some that cannot be reached from here, such as IPv6 ones. */
async function firstThatConnects(
  request: Request,
  addresses: readonly string[],
  { fetch, fetchAt }: { fetch: Fetch; fetchAt: NonNullable<Egress["fetchAt"]> },
): Promise<Response> {
  let failure: unknown;
  for (const address of addresses) {
    try {
      return await fetchAt(request, ipaddr.process(address).toString());
    } catch (error) {
      // A host that is permitted by its name does not permit its addresses: Deno checks the name.
      if (error instanceof Deno.errors.NotCapable) return await fetch(request);
      if (request.signal.aborted) throw error;
      failure = error;
    }
  }
  throw failure;
}

function refusal(url: URL, address: string): VaultError {
  return new VaultError(
    "denied",
    `Cannot fetch "${
      shownUrl(url)
    }": an upstream has named this URL, and its address ${address} is not a public one; ` +
      'set "allow_private_redirects: true" if it is meant',
  );
}
