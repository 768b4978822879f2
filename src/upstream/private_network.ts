import ipaddr from "ipaddr.js";

/** The addresses of a host name; empty when they cannot be found out. */
export type Lookup = (hostname: string, signal: AbortSignal) => Promise<readonly string[]>;

/**
 * Whether a URL's host is, or resolves to, an address that is not on the public internet: loopback, private, link-local
 * (where clouds keep their metadata), carrier-grade NAT, unique-local, unspecified, reserved.
 * A name that cannot be looked up counts as public; a name may also resolve otherwise the next time it is asked for.
 */
export async function isPrivateHost(url: URL, lookup: Lookup, signal: AbortSignal): Promise<boolean> {
  const host = url.hostname.replace(/\.$/, "").replace(/^\[(.*)\]$/, "$1");
  if (host === "localhost" || host.endsWith(".localhost")) return true;
  if (ipaddr.isValid(host)) return isPrivateAddress(host);
  return (await lookup(host, signal)).some(isPrivateAddress);
}

/** Whether an IP address, in any notation, is anything but a public unicast address. */
export function isPrivateAddress(address: string): boolean {
  const parsed = ipaddr.process(address);
  if (parsed.kind() === "ipv6" && parsed.range() === "rfc6052") {
    return isPrivateAddress(embeddedIPv4(parsed.toByteArray()));
  }
  return parsed.range() !== "unicast";
}

/**
 * Asks DNS. Needs unrestricted `--allow-net`; where net is restricted, Deno's own permission decides who may be
 * reached.
 */
export const lookupWithDns: Lookup = async (hostname, signal) => {
  const answers = await Promise.allSettled([
    Deno.resolveDns(hostname, "A", { signal }),
    Deno.resolveDns(hostname, "AAAA", { signal }),
  ]);
  return answers.flatMap((answer) => answer.status === "fulfilled" ? answer.value : []);
};

/** Where a proxy looks names up, and we perhaps cannot. */
export const lookupNothing: Lookup = () => Promise.resolve([]);

/** A NAT64 address carries an IPv4 address in its last four bytes (RFC 6052). */
function embeddedIPv4(bytes: readonly number[]): string {
  return bytes.slice(-4).join(".");
}
