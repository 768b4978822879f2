import ipaddr from "ipaddr.js";
import type { Client } from "../backend.ts";
import type { Target } from "../http/path.ts";

/** What a proxy that is trusted tells of the request that it passes on. */
export interface ForwardedFor {
  /** The client that the first of the trusted proxies has seen. */
  readonly client: Client;
  /** `http` or `https`; undefined where nothing is told. */
  readonly scheme?: string;
  /** A host, perhaps with a port. */
  readonly host?: string;
  /** The part of the path that a proxy has cut off, without a slash at its end; empty for none. */
  readonly prefix: string;
}

type Network = [ipaddr.IPv4 | ipaddr.IPv6, number];

interface Hop {
  readonly for?: string;
  readonly proto?: string;
  readonly host?: string;
}

/** A longer chain of proxies is no chain of proxies. */
const mostHops = 32;
const authority = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?$/;
const wholePrefix = /^(?:\/[\w.~!$&'()*+,;=:@%-]+)+\/?$/;

/**
 * The proxies whose `Forwarded` (RFC 7239), or `X-Forwarded-For`, `-Proto`, `-Host` and `-Prefix`, are believed; those
 * of anybody else mean nothing, since every client can send them.
 */
export class TrustedProxies {
  readonly #networks: readonly Network[];

  /** Takes addresses and networks such as `10.0.0.0/8`. */
  constructor(addresses: readonly string[]) {
    this.#networks = addresses.map((text) => {
      if (text.includes("/")) return ipaddr.parseCIDR(text);
      const address = ipaddr.process(text);
      return [address, address.kind() === "ipv4" ? 32 : 128];
    });
  }

  /** Null where the request does not come from a trusted proxy, or tells nothing of where it was sent first. */
  read(headers: Headers, { host }: Client): ForwardedFor | null {
    if (this.#networks.length === 0 || !this.#trusts(host)) return null;
    // A proxy that writes the one passes on what a client has written into the other: few know `Forwarded`.
    const forwarded = headers.has("x-forwarded-for") ? null : headers.get("forwarded");
    const hops = forwarded === null ? hopsOf(headers) : parseForwarded(forwarded);
    const last = this.#lastTrusted(hops);
    const prefix = listOf(headers.get("x-forwarded-prefix")).at(-1) ?? "";
    const { proto, host: asked } = last ?? {};
    return {
      client: { host: addressOf(last?.for) ?? host, port: 0 },
      ...proto !== undefined && /^https?$/i.test(proto) && { scheme: proto.toLowerCase() },
      ...asked !== undefined && authority.test(asked) && { host: asked },
      prefix: wholePrefix.test(prefix) && !/(?:^|\/)\.\.?(?:\/|$)/.test(prefix) ? prefix.replace(/\/$/, "") : "",
    };
  }

  /** Each proxy has added who has connected to it: the first from behind that is no proxy is the client. */
  #lastTrusted(hops: readonly Hop[]): Hop | undefined {
    const near = hops.slice(-mostHops).reverse();
    const client = near.findIndex((hop) => !this.#trusts(addressOf(hop.for) ?? ""));
    const known = client < 0 ? near : near.slice(0, client + 1);
    return known.findLast((hop) => addressOf(hop.for) !== null) ?? known[0];
  }

  #trusts(host: string): boolean {
    if (!ipaddr.isValid(host)) return false;
    const address = ipaddr.process(host);
    return this.#networks.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits));
  }
}

/** Returns the target by the name that the client has used. */
export function forwardedTarget(target: Target, { scheme, host }: ForwardedFor): Target {
  const [ownScheme = "", ownHost = ""] = target.origin.split("://", 2);
  return { ...target, origin: `${scheme ?? ownScheme}://${host ?? ownHost}` };
}

function parseForwarded(header: string): Hop[] {
  return listOf(header).map((hop) => {
    const pairs = hop.split(";").map((pair) => {
      const [name = "", ...value] = pair.split("=");
      return [name.trim().toLowerCase(), value.join("=").trim().replace(/^"(.*)"$/, "$1")];
    });
    return Object.fromEntries(pairs);
  });
}

/** The nearest proxy has written the last value of each. */
function hopsOf(headers: Headers): Hop[] {
  const proto = listOf(headers.get("x-forwarded-proto")).at(-1);
  const host = listOf(headers.get("x-forwarded-host")).at(-1);
  const told = { ...proto !== undefined && { proto }, ...host !== undefined && { host } };
  const hops = listOf(headers.get("x-forwarded-for")).map((address) => ({ for: address, ...told }));
  return hops.length === 0 && (proto ?? host) !== undefined ? [told] : hops;
}

function listOf(header: string | null): string[] {
  return (header ?? "").split(",").map((part) => part.trim()).filter((part) => part !== "");
}

/** Returns the address of `192.0.2.1:80` or `[2001:db8::1]:80`; null for `unknown` and names that hide it. */
function addressOf(node: string | undefined): string | null {
  const address = (node ?? "").replace(/^\[(.*)\](?::\d+)?$/, "$1").replace(/^([\d.]+):\d+$/, "$1");
  return /[.:]/.test(address) && ipaddr.isValid(address) ? address : null;
}
