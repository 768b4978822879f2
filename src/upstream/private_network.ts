import ipaddr from "ipaddr.js";

/** The addresses of a host name: none where it has none, null where they cannot be found out from here. */
export type Lookup = (hostname: string, signal: AbortSignal) => Promise<readonly string[] | null>;

/**
 * Whether a URL's host is, or resolves to, an address that is not on the public internet: loopback, private, link-local
 * (where clouds keep their metadata), carrier-grade NAT, unique-local, unspecified, reserved. A name that cannot be
 * looked up counts as public: `withCheckedAddresses` looks at what is then connected to.
 */
export async function isPrivateHost(url: URL, lookup: Lookup, signal: AbortSignal): Promise<boolean> {
  return (await addressesOf(url, lookup, signal) ?? []).some(isPrivateAddress);
}

/** The addresses of a URL's host, which may be one itself; null where they cannot be found out from here. */
export async function addressesOf(url: URL, lookup: Lookup, signal: AbortSignal): Promise<readonly string[] | null> {
  const host = hostOf(url);
  if (host === "localhost" || host.endsWith(".localhost")) return ["127.0.0.1"];
  return ipaddr.isValid(host) ? [host] : await lookup(host, signal);
}

/** Whether a URL names an address instead of a host. */
export function isAddress(url: URL): boolean {
  return ipaddr.isValid(hostOf(url));
}

/** The network that an address is in: `reserved` is everything that nobody serves files from, and cloud metadata. */
export type AddressKind = "public" | "private" | "loopback" | "reserved";

const kinds: Readonly<Record<string, AddressKind>> = {
  unicast: "public",
  private: "private",
  uniqueLocal: "private",
  carrierGradeNat: "private",
  loopback: "loopback",
};

/** The kind of an IP address, in any notation; one that carries an IPv4 address is of that address's kind. */
export function addressKind(address: string): AddressKind {
  const parsed = ipaddr.process(address);
  if (parsed.kind() === "ipv6" && parsed.range() === "rfc6052") return addressKind(embeddedIPv4(parsed.toByteArray()));
  return kinds[parsed.range()] ?? "reserved";
}

/** Whether an IP address, in any notation, is anything but a public unicast address. */
export function isPrivateAddress(address: string): boolean {
  return addressKind(address) !== "public";
}

/** Where a proxy looks names up, and we perhaps cannot. */
export const lookupNothing: Lookup = () => Promise.resolve(null);

/** Without the dot of the root, and without the brackets of IPv6. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/\.$/, "").replace(/^\[(.*)\]$/, "$1");
}

/** A NAT64 address carries an IPv4 address in its last four bytes (RFC 6052). */
function embeddedIPv4(bytes: readonly number[]): string {
  return bytes.slice(-4).join(".");
}
