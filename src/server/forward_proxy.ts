import type { Backend } from "../backend.ts";
import { VaultError } from "../errors.ts";
import type { Target } from "../http/path.ts";
import { isAddress, OwnNames } from "./own_names.ts";
import type { Route } from "./routes.ts";

interface StoodFor {
  readonly backend: Backend;
  readonly url: string;
  /** Without a slash at its end. */
  readonly path: string;
}

/** Whose a request is. */
export type Whose =
  /** The vault's own, or of a host that may be the vault for all that is known. */
  | { readonly kind: "own" }
  /** Of a URL that a backend stands for. */
  | { readonly kind: "stood_for"; readonly route: Route }
  /** Of another host. `isAddress`: it is asked for by an IP address, as the vault's own pages may be. */
  | { readonly kind: "foreign"; readonly error: VaultError; readonly isAddress: boolean };

const own: Whose = { kind: "own" };

/** What apt-cacher-ng made the custom: `https://host/path` for clients that can only ask a proxy for http. */
const httpsForm = /^\/HTTPS\/+([^/]+)(\/.*)?$/i;

/**
 * The URLs that backends stand for, to clients that use the vault as their proxy (RFC 9112 §3.2.2, absolute-form). It
 * is never an open one: what no backend stands for is not fetched.
 */
export class StoodForUrls {
  /** By host, with the port where that is not the scheme's own; longer paths first. */
  readonly #hosts: ReadonlyMap<string, readonly StoodFor[]>;
  readonly #ownNames: OwnNames;

  constructor(backends: readonly Backend[], serverNames: readonly string[] = []) {
    const all = backends.flatMap((backend) => (backend.standsFor ?? []).map((url) => stoodFor(backend, url)));
    const longestFirst = all.toSorted((a, b) => b.path.length - a.path.length);
    this.#hosts = Map.groupBy(longestFirst, ({ url }) => new URL(url).host);
    this.#ownNames = new OwnNames(serverNames);
  }

  /** Whose a request is, by its host: http and https are the same here. */
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
   * The route of a path that begins with a host, as apt-cacher-ng has it: `/HOST/path`; null where no backend stands for
   * that URL.
   */
  byPath(path: string): Route | null {
    if (this.#hosts.size === 0) return null;
    const [, host = "", below = "/"] = /^\/([^/]+)(\/.*)?$/.exec(path) ?? [];
    const whose = this.#route(host.replace(/%3A/i, ":").toLowerCase(), below);
    return whose?.kind === "stood_for" ? whose.route : null;
  }

  /** The error for a path that nothing is served at, where it was asked of a proxy; null where it was not. */
  unknown({ origin, path }: Target, headers: Headers): VaultError | null {
    if (this.#hosts.size === 0) return null;
    const fromProxied = headers.has("proxy-connection") || headers.get("user-agent")?.startsWith("Debian APT");
    return fromProxied ? this.#refusal(hostOf(origin) + path) : null;
  }

  #route(host: string, path: string): Whose | null {
    for (const { backend, url, path: base } of this.#hosts.get(host) ?? []) {
      if (path === base) return { kind: "stood_for", route: { backend, base: url, path: "/" } };
      if (!path.startsWith(`${base}/`)) continue;
      return { kind: "stood_for", route: { backend, base: url, path: path.slice(base.length) } };
    }
    return null;
  }

  #foreign(host: string, path: string): Whose {
    return { kind: "foreign", error: this.#refusal(host + path), isAddress: isAddress(host) };
  }

  #refusal(asked: string): VaultError {
    const urls = [...this.#hosts.values()].flat().map(({ url }) => url).sort().join(", ");
    return new VaultError(
      "denied",
      `"${asked}" is not fetched for you: as a proxy, the vault stands for ${urls || "nothing"} only. For more, its ` +
        'configuration needs an apt backend with that "mirror_url", or that URL among the "aliases" of one; if that host ' +
        'is the vault itself, it belongs into "server_names"',
    );
  }
}

/** For CONNECT, which would take what it carries past the cache. */
export function tunnelRefusal(): VaultError {
  return new VaultError(
    "method_not_allowed",
    "CONNECT is not supported: nothing can be kept of what goes through a TLS tunnel. Let apt ask for " +
      "http://HTTPS///host/path instead of https://host/path, or go there without the vault: " +
      'Acquire::https::Proxy "DIRECT";',
  );
}

function stoodFor(backend: Backend, url: string): StoodFor {
  return { backend, url, path: new URL(url).pathname.replace(/\/+$/, "") };
}

/** In lower case, without the port that the scheme has anyway. */
function hostOf(origin: string): string {
  return URL.parse(origin)?.host ?? "";
}
