import type { Backend, ProxyAdvice } from "../backend.ts";
import { VaultError } from "../errors.ts";
import type { Target } from "../http/path.ts";
import { isAddress, OwnNames } from "./own_names.ts";
import type { Route } from "./routes.ts";

/** A URL below which a backend serves everything to clients of a proxy. */
interface ProxiedUrl {
  readonly backend: Backend;
  readonly url: string;
  /** Without a slash at its end. */
  readonly path: string;
}

/** The addressee of a request, by its host. */
export type Whose =
  /** The vault itself, or a host that may be the vault as far as is known. */
  | { readonly kind: "own" }
  /** A URL that a backend serves as a proxy. */
  | { readonly kind: "proxied"; readonly route: Route }
  /** Another host. `isAddress` is true for an IP address, by which the vault's own pages may be asked for. */
  | { readonly kind: "foreign"; readonly error: VaultError; readonly isAddress: boolean };

const own: Whose = { kind: "own" };

/**
 * `http://HTTPS///host/path` means `https://host/path`, for clients that ask a proxy for http only (apt-cacher-ng's
 * form).
 */
const httpsForm = /^\/HTTPS\/+([^/]+)(\/.*)?$/i;

/**
 * Finds the backends for clients that use the vault as their proxy (RFC 9112 §3.2.2, absolute-form). It is never an
 * open proxy: a URL that no backend serves is refused.
 */
export class ForwardProxy {
  /** By host, with the port where that is not the default one; longer paths first. */
  readonly #hosts: ReadonlyMap<string, readonly ProxiedUrl[]>;
  readonly #advice: readonly ProxyAdvice[];
  readonly #ownNames: OwnNames;

  constructor(backends: readonly Backend[], serverNames: readonly string[] = []) {
    const all = backends.flatMap((backend) => (backend.proxied?.urls ?? []).map((url) => proxiedUrl(backend, url)));
    const longestFirst = all.toSorted((a, b) => b.path.length - a.path.length);
    this.#hosts = Map.groupBy(longestFirst, ({ url }) => new URL(url).host);
    this.#advice = [...new Set(backends.flatMap(({ proxied }) => proxied?.advice ?? []))];
    this.#ownNames = new OwnNames(serverNames);
  }

  /** Finds the addressee of a request by its host. http and https are the same here. */
  find({ origin, path }: Target): Whose {
    if (this.#hosts.size === 0 && !this.#ownNames.areKnown) return own;
    if (this.#hosts.size > 0) {
      const [, host, below = "/"] = httpsForm.exec(/^\w+:\/\/https$/i.test(origin) ? `/HTTPS${path}` : path) ?? [];
      if (host !== undefined) return this.#route(hostOf(`https://${host}`), below) ?? this.#foreign(host, below);
    }
    const asked = hostOf(origin);
    const known = this.#hosts.has(asked);
    const route = known ? this.#route(asked, path) : null;
    if (route !== null) return route;
    const kind = this.#ownNames.kindOf(asked);
    return kind === "foreign" || kind === "unknown" && known ? this.#foreign(asked, path) : own;
  }

  /**
   * The route of a path that begins with a host, as apt-cacher-ng has it: `/HOST/path`; null where no backend serves
   * that URL.
   */
  byPath(path: string): Route | null {
    if (this.#hosts.size === 0) return null;
    const [, host = "", below = "/"] = /^\/([^/]+)(\/.*)?$/.exec(path) ?? [];
    const whose = this.#route(host.replace(/%3A/i, ":").toLowerCase(), below);
    return whose?.kind === "proxied" ? whose.route : null;
  }

  /** The error for a path without a backend, if the request was sent to a proxy; null if it was not. */
  unknown({ origin, path }: Target, headers: Headers): VaultError | null {
    if (this.#hosts.size === 0) return null;
    const userAgent = headers.get("user-agent") ?? "";
    const usesProxy = headers.has("proxy-connection") ||
      this.#advice.some((one) => userAgent.startsWith(one.userAgent));
    return usesProxy ? this.#refusal(hostOf(origin) + path) : null;
  }

  #route(host: string, path: string): Whose | null {
    for (const { backend, url, path: base } of this.#hosts.get(host) ?? []) {
      if (path === base) return { kind: "proxied", route: { backend, base: url, path: "/" } };
      if (!path.startsWith(`${base}/`)) continue;
      return { kind: "proxied", route: { backend, base: url, path: path.slice(base.length) } };
    }
    return null;
  }

  #foreign(host: string, path: string): Whose {
    return { kind: "foreign", error: this.#refusal(host + path), isAddress: isAddress(host) };
  }

  #refusal(asked: string): VaultError {
    const urls = [...this.#hosts.values()].flat().map(({ url }) => url).sort().join(", ");
    const advice = this.#advice.map(({ forAnotherUrl }) => forAnotherUrl);
    const needed = advice.join("; or ") || "a backend that serves clients of a proxy";
    return new VaultError(
      "denied",
      `"${asked}" is not fetched for you: as a proxy, the vault stands for ${urls || "nothing"} only. For more, its ` +
        `configuration needs ${needed}; if that host is the vault itself, it belongs into "server_names"`,
    );
  }

  /** The error for CONNECT, which would take the bytes past the cache. */
  tunnelRefusal(): VaultError {
    const why = "CONNECT is not supported: nothing can be kept of what goes through a TLS tunnel.";
    const advice = this.#advice.map(({ insteadOfTunnel }) => insteadOfTunnel);
    return new VaultError("method_not_allowed", [why, ...advice].join(" "));
  }
}

function proxiedUrl(backend: Backend, url: string): ProxiedUrl {
  return { backend, url, path: new URL(url).pathname.replace(/\/+$/, "") };
}

/** The host in lower case, without a default port. */
function hostOf(origin: string): string {
  return URL.parse(origin)?.host ?? "";
}
