import type { Fetch } from "../artifact.ts";
import { messageOf, VaultError } from "../errors.ts";
import { shownUrl } from "./shown_url.ts";

export interface EgressOptions {
  /**
   * `http:`, `https:` or `socks5:`, with user and password where needed; when absent, as HTTP_PROXY and HTTPS_PROXY
   * say.
   */
  readonly proxy?: string;
  /** PEM texts of certificate authorities to trust besides the usual ones. */
  readonly caCerts?: readonly string[];
}

/** A way out to the network, with connections of its own. */
export interface Egress {
  readonly fetch: Fetch;
  /** Closes idle connections; whatever is under way breaks. */
  close(): void;
}

const idleConnectionMs = 30_000;
const idleConnectionsPerHost = 16;

/**
 * Opens a pool of HTTP/1.1 connections, one for each body under way. Deno itself reads HTTP_PROXY, HTTPS_PROXY and NO_PROXY, for which it needs no
 * permission; NO_PROXY counts for `proxy` too. Throws `config_invalid` for an unusable proxy or certificate, and
 * `permission_missing` where the proxy may not be connected to.
 */
export function openEgress({ proxy, caCerts = [] }: EgressOptions): Egress {
  for (const pem of caCerts) requireCertificate(pem);
  const client = createClient({
    caCerts: [...caCerts],
    // In HTTP/2 all bodies of a host share one window: a few that their clients read slowly stop all others.
    http2: false,
    poolIdleTimeout: idleConnectionMs,
    poolMaxIdlePerHost: idleConnectionsPerHost,
    ...(proxy === undefined ? {} : { proxy: { url: proxy } }),
  }, proxy ?? "");
  return { fetch: (request) => fetch(request, { client }), close: () => client.close() };
}

/** Deno takes any text for a certificate, and says nothing when it finds none in it. */
function requireCertificate(pem: string): void {
  if (pem.includes("-----BEGIN CERTIFICATE-----")) return;
  throw new VaultError("config_invalid", "Cannot use a certificate authority file: it contains no PEM certificate");
}

function createClient(options: Deno.CreateHttpClientOptions, proxy: string): Deno.HttpClient {
  try {
    return Deno.createHttpClient(options);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) {
      const host = URL.parse(proxy)?.host ?? proxy;
      const message = `Cannot use the proxy "${
        shownUrl(proxy)
      }": this process may not connect to it; start it with --allow-net=${host}`;
      throw new VaultError("permission_missing", message, { cause });
    }
    throw new VaultError("config_invalid", `Cannot use the proxy "${shownUrl(proxy)}": ${messageOf(cause)}`, { cause });
  }
}
