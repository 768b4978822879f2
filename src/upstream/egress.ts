import { LRUCache } from "lru-cache";
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
  /**
   * Fetches over plain http from this IP address, whatever address the URL's host has. Asks in absolute form, which
   * every server takes (RFC 9112 §3.2.2). Null where a proxy makes the connections, or may.
   */
  readonly fetchAt: ((request: Request, address: string) => Promise<Response>) | null;
  /** Closes idle connections; whatever is under way breaks. */
  close(): void;
}

const idleConnectionMs = 30_000;
const idleConnectionsPerHost = 16;
/** Of one that is forgotten for others, what is under way breaks, and is resumed by the next. */
const mostAddresses = 128;
const proxyVariables = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].flatMap((name) => [name, name.toLowerCase()]);

/**
 * Opens a pool of HTTP/1.1 connections, one for each body under way. Deno itself reads HTTP_PROXY, HTTPS_PROXY and
 * NO_PROXY, for which it needs no permission; NO_PROXY counts for `proxy` too. Throws `config_invalid` for an unusable proxy or certificate, and
 * `permission_missing` where the proxy may not be connected to.
 */
export function openEgress({ proxy, caCerts = [] }: EgressOptions): Egress {
  for (const pem of caCerts) requireCertificate(pem);
  const connections = {
    caCerts: [...caCerts],
    // In HTTP/2 all bodies of a host share one window: a few that their clients read slowly stop all others.
    http2: false,
    poolIdleTimeout: idleConnectionMs,
    poolMaxIdlePerHost: idleConnectionsPerHost,
  };
  const client = createClient({ ...connections, ...proxy !== undefined && { proxy: { url: proxy } } }, proxy ?? "");
  const pinned = new LRUCache<string, Deno.HttpClient>({ max: mostAddresses, dispose: (client) => client.close() });
  return {
    fetch: (request) => fetch(request, { client }),
    fetchAt: proxy === undefined && !mayHaveProxy() ? fetchPinned : null,
    close() {
      client.close();
      pinned.clear();
    },
  };

  function fetchPinned(request: Request, address: string): Promise<Response> {
    const target = {
      transport: "tcp" as const,
      hostname: address.includes(":") ? `[${address}]` : address,
      port: Number(new URL(request.url).port) || 80,
    };
    const key = `${target.hostname}:${target.port}`;
    let client = pinned.get(key);
    if (client === undefined) pinned.set(key, client = Deno.createHttpClient({ ...connections, proxy: target }));
    return fetch(request, { client });
  }
}

/** Whether the environment names a proxy, which Deno would use; true where this process may not know. */
function mayHaveProxy(): boolean {
  return proxyVariables.some((variable) =>
    Deno.permissions.querySync({ name: "env", variable }).state !== "granted" || (Deno.env.get(variable) ?? "") !== ""
  );
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
