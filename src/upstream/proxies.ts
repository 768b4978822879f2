import ipaddr from "ipaddr.js";
import { shownUrl } from "./shown_url.ts";

/**
 * Returns the proxy that a URL is fetched through, without its login; null where there is none, or where this process
 * may not know.
 */
export type ProxyOf = (url: string) => string | null;

/** Reads an environment variable; undefined where it is not set, or may not be read. */
export type ReadVariable = (name: string) => string | undefined;

/**
 * Creates a function that predicts the proxy that Deno uses: `configured` counts before HTTP_PROXY, HTTPS_PROXY and
 * ALL_PROXY, and NO_PROXY exempts hosts from both. It is for messages only; nothing is decided by it.
 */
export function createProxyOf(configured: string | undefined, read: ReadVariable = readIfAllowed): ProxyOf {
  const shown = (proxy: string | undefined) => proxy === undefined ? null : shownProxy(proxy);
  const all = shown(configured ?? variable(read, "ALL_PROXY"));
  const byScheme = {
    "http:": shown(configured ?? variable(read, "HTTP_PROXY")) ?? all,
    "https:": shown(configured ?? variable(read, "HTTPS_PROXY")) ?? all,
  };
  const direct = (variable(read, "NO_PROXY") ?? "").split(",").map((entry) => entry.trim()).filter((entry) => entry);
  return (url) => {
    const { protocol, hostname } = new URL(url);
    const proxy = byScheme[protocol as keyof typeof byScheme] ?? null;
    return proxy === null || direct.some((entry) => covers(entry, hostname)) ? null : proxy;
  };
}

/** Formats a proxy, which the environment often names without a scheme. */
function shownProxy(proxy: string): string {
  return shownUrl(proxy.includes("://") ? proxy : `http://${proxy}`).replace(/\/$/, "");
}

/** Reads a variable in either spelling; an empty one means nothing. */
function variable(read: ReadVariable, name: string): string | undefined {
  return read(name) || read(name.toLowerCase()) || undefined;
}

function readIfAllowed(name: string): string | undefined {
  const isAllowed = Deno.permissions.querySync({ name: "env", variable: name }).state === "granted";
  return isAllowed ? Deno.env.get(name) : undefined;
}

/** Says whether an entry of NO_PROXY (`*`, a domain with its subdomains, an address or a network) covers a host. */
function covers(entry: string, hostname: string): boolean {
  if (entry === "*") return true;
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  if (!ipaddr.isValid(host)) {
    const domain = entry.replace(/^\./, "").toLowerCase();
    return host === domain || host.endsWith(`.${domain}`);
  }
  if (ipaddr.isValid(entry)) return ipaddr.process(entry).toString() === ipaddr.process(host).toString();
  if (!ipaddr.isValidCIDR(entry)) return false;
  const [network, bits] = ipaddr.parseCIDR(entry);
  const address = ipaddr.process(host);
  return address.kind() === network.kind() && address.match([network, bits] as [ipaddr.IPv4, number]);
}
