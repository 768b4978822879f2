import { LRUCache } from "lru-cache";
import type { Fetch } from "../artifact.ts";
import { messageOf, VaultError } from "../errors.ts";
import { discardBody } from "./byte_source.ts";
import { type FailureKind, networkFailure, ProxyFailure } from "./network_error.ts";
import { createProxyOf, type ProxyOf } from "./proxies.ts";
import { addNotes } from "./response_notes.ts";
import { shownUrl } from "./shown_url.ts";
import { sendTraced } from "./traced_fetch.ts";

export interface EgressOptions {
  /**
   * The URL of a proxy: `http:`, `https:` or `socks5:`, with user and password where needed. Where absent, HTTP_PROXY
   * and HTTPS_PROXY count.
   */
  readonly proxy?: string;
  /** PEM texts of certificate authorities that are trusted besides the usual ones. */
  readonly caCerts?: readonly string[];
  /** PEM texts of the certificate for servers that ask for one; none where absent. */
  readonly certificate?: { readonly cert: string; readonly key: string };
}

/** A way out to the network, with connections of its own. */
export interface Egress {
  /** Throws `ProxyFailure` where a proxy fails or refuses. */
  readonly fetch: Fetch;
  /** Tells the proxy that `fetch` uses for a URL. */
  readonly proxyOf: ProxyOf;
  /**
   * Fetches over plain http from this IP address, whatever address the URL's host has. The request target is in
   * absolute form, which every server takes (RFC 9112 §3.2.2). Null where a proxy makes the connections, or may make
   * them.
   */
  readonly fetchAt: ((request: Request, address: string) => Promise<Response>) | null;
  /** Closes idle connections, and interrupts all that is under way. */
  close(): void;
}

const idleConnectionMs = 30_000;
const idleConnectionsPerHost = 16;
/**
 * The most addresses with a pool of their own. When one is dropped for another, what is under way is interrupted, and
 * then resumed.
 */
const mostAddresses = 128;
const connectionFailures: ReadonlySet<FailureKind> = new Set(["dns", "refused", "unreachable", "proxy"]);
const proxyVariables = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].flatMap((name) => [name, name.toLowerCase()]);

/**
 * Opens a pool of HTTP/1.1 connections, one for each body under way. Deno itself reads HTTP_PROXY, HTTPS_PROXY and
 * NO_PROXY, for which it needs no permission; NO_PROXY counts for `proxy` too. Throws `config_invalid` for an unusable
 * proxy or certificate, and `permission_missing` where the proxy may not be connected to.
 */
export function openEgress({ proxy, caCerts = [], certificate }: EgressOptions): Egress {
  for (const pem of caCerts) requireCertificate(pem);
  const connections = {
    caCerts: [...caCerts],
    ...certificate,
    // In HTTP/2 all bodies of a host share one window: a few that their clients read slowly stop all others.
    http2: false,
    poolIdleTimeout: idleConnectionMs,
    poolMaxIdlePerHost: idleConnectionsPerHost,
  };
  const client = createClient({ ...connections, ...proxy !== undefined && { proxy: { url: proxy } } }, proxy ?? "");
  const pinned = new LRUCache<string, Deno.HttpClient>({ max: mostAddresses, dispose: (client) => client.close() });
  const proxyOf = createProxyOf(proxy);
  return {
    fetch: (request) => throughProxy(request, sendTraced(request, client), proxyOf),
    proxyOf,
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
    return sendTraced(request, client);
  }
}

/**
 * Tells failures of a proxy from those of an upstream. Over https a proxy's refusal is an error of `fetch`, over http
 * it is a 407.
 */
async function throughProxy(request: Request, response: Promise<Response>, proxyOf: ProxyOf): Promise<Response> {
  let answer: Response;
  try {
    answer = await response;
  } catch (error) {
    const proxy = connectionFailures.has(networkFailure(error).kind) ? proxyOf(request.url) : null;
    throw proxy === null ? error : new ProxyFailure(proxy, error);
  }
  const proxy = answer.status < 400 ? null : proxyOf(request.url);
  if (proxy === null) return answer;
  if (answer.status === 407) {
    discardBody(answer);
    throw new ProxyFailure(proxy, new TypeError("proxy authentication required"));
  }
  // Over plain http nothing shows whether the proxy speaks for itself.
  if (request.url.startsWith("http:")) addNotes(answer, { proxy });
  return answer;
}

/** Says whether the environment names a proxy, which Deno would use; true where this process may not know. */
function mayHaveProxy(): boolean {
  return proxyVariables.some((variable) =>
    Deno.permissions.querySync({ name: "env", variable }).state !== "granted" || (Deno.env.get(variable) ?? "") !== ""
  );
}

/** Throws where a text has no certificate in it: Deno takes any text, and does not complain. */
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
