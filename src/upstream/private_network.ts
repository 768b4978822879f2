import ipaddr from "ipaddr.js";

/**
 * Looks up the addresses of a host name: an empty list where it has none, null where they cannot be looked up from
 * here.
 */
export type Lookup = (hostname: string, signal: AbortSignal) => Promise<readonly string[] | null>;

/**
 * Says whether a URL's host is, or resolves to, an address that is not on the public internet: loopback, private,
 * link-local (where clouds keep their metadata), carrier-grade NAT, unique-local, unspecified, reserved. A name that
 * cannot be looked up counts as public: `withCheckedAddresses` checks what is then connected to.
 */
export async function isPrivateHost(url: URL, lookup: Lookup, signal: AbortSignal): Promise<boolean> {
  return (await addressesOf(url, lookup, signal) ?? []).some(isPrivateAddress);
}

/** Returns the addresses of a URL's host, which may be one itself; null where they cannot be looked up from here. */
export async function addressesOf(url: URL, lookup: Lookup, signal: AbortSignal): Promise<readonly string[] | null> {
  const host = hostOf(url);
  if (host === "localhost" || host.endsWith(".localhost")) return ["127.0.0.1"];
  return ipaddr.isValid(host) ? [host] : await lookup(host, signal);
}

/** Says whether a URL has an address in place of a host name. */
export function isAddress(url: URL): boolean {
  return ipaddr.isValid(hostOf(url));
}

/**
 * The kind of network that an address is in. `reserved` has cloud metadata, and everything that nobody serves files
 * from.
 */
export type AddressKind = "public" | "private" | "loopback" | "reserved";

const kinds: Readonly<Record<string, AddressKind>> = {
  unicast: "public",
  private: "private",
  uniqueLocal: "private",
  carrierGradeNat: "private",
  loopback: "loopback",
};

/**
 * Returns the kind of an IP address, in any notation. An address that carries an IPv4 address has the kind of that one.
 */
export function addressKind(address: string): AddressKind {
  const parsed = ipaddr.process(address);
  if (parsed.kind() === "ipv6" && parsed.range() === "rfc6052") return addressKind(embeddedIPv4(parsed.toByteArray()));
  return kinds[parsed.range()] ?? "reserved";
}

/** Says whether an IP address, in any notation, is anything but a public unicast address. */
export function isPrivateAddress(address: string): boolean {
  return addressKind(address) !== "public";
}

/** Looks nothing up: for where a proxy does so, and the vault perhaps cannot. */
export const lookupNothing: Lookup = () => Promise.resolve(null);

/** Returns the host without the dot of the root, and without the brackets of IPv6. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/\.$/, "").replace(/^\[(.*)\]$/, "$1");
}

/** Returns the IPv4 address in the last four bytes of a NAT64 address (RFC 6052). */
function embeddedIPv4(bytes: readonly number[]): string {
  return bytes.slice(-4).join(".");
}
