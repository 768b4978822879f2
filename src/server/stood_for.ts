import type { Backend } from "../artifact.ts";
import { VaultError } from "../errors.ts";
import type { Target } from "../http/path.ts";
import type { Route } from "./routes.ts";

interface StoodFor {
  readonly backend: Backend;
  readonly url: string;
  /** Without a slash at its end. */
  readonly path: string;
}

/** What apt-cacher-ng made the custom: `https://host/path` for clients that can only ask a proxy for http. */
const httpsForm = /^\/HTTPS\/+([^/]+)(\/.*)?$/i;

/**
 * The URLs that backends stand for, to clients that use the vault as their proxy (RFC 9112 §3.2.2, absolute-form). It
 * is never an open one: what no backend stands for is not fetched.
 */
export class StoodForUrls {
  /** By host, with the port where that is not the scheme's own; longer paths first. */
  readonly #hosts: ReadonlyMap<string, readonly StoodFor[]>;

  constructor(backends: readonly Backend[]) {
    const all = backends.flatMap((backend) => (backend.standsFor ?? []).map((url) => stoodFor(backend, url)));
    const longestFirst = all.toSorted((a, b) => b.path.length - a.path.length);
    this.#hosts = Map.groupBy(longestFirst, ({ url }) => new URL(url).host);
  }

  /**
   * The route of a request for another host; null where it may be one for the vault itself, which looks the same. http
   * and https are the same here. Throws `denied`.
   */
  find({ origin, path }: Target): Route | null {
    if (this.#hosts.size === 0) return null;
    const [, host, below = "/"] = httpsForm.exec(/^\w+:\/\/https$/i.test(origin) ? `/HTTPS${path}` : path) ?? [];
    if (host !== undefined) return this.#route(hostOf(`https://${host}`), below) ?? this.#refuse(`${host}${below}`);
    const asked = hostOf(origin);
    if (!this.#hosts.has(asked)) return null;
    return this.#route(asked, path) ?? this.#refuse(asked + path);
  }

  /** The error for a path that nothing is served at, where it was asked of a proxy; null where it was not. */
  unknown({ origin, path }: Target, headers: Headers): VaultError | null {
    if (this.#hosts.size === 0) return null;
    const fromProxied = headers.has("proxy-connection") || headers.get("user-agent")?.startsWith("Debian APT");
    return fromProxied ? this.#refusal(hostOf(origin) + path) : null;
  }

  #route(host: string, path: string): Route | null {
    for (const { backend, url, path: base } of this.#hosts.get(host) ?? []) {
      if (path === base) return { backend, base: url, path: "/" };
      if (path.startsWith(`${base}/`)) return { backend, base: url, path: path.slice(base.length) };
    }
    return null;
  }

  #refuse(asked: string): never {
    throw this.#refusal(asked);
  }

  #refusal(asked: string): VaultError {
    const urls = [...this.#hosts.values()].flat().map(({ url }) => url).sort().join(", ");
    return new VaultError(
      "denied",
      `"${asked}" is not fetched for you: as a proxy, the vault stands for ${urls} only. For more, its configuration ` +
        'needs an apt backend with that "mirror_url", or that URL among the "aliases" of one',
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
