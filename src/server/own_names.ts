/**
 * The hosts by which clients reach the vault itself (`server_names`), in lower case; one without a port stands for all
 * ports. Default ports are left out. A request to a proxy for another host looks the same as one for the vault (RFC
 * 9112 §3.2.2): without such a list, no host is known to be the vault's or another's.
 */
export class OwnNames {
  readonly #names: ReadonlySet<string>;

  constructor(names: readonly string[]) {
    this.#names = new Set(names.map((name) => name.replace(/:(?:80|443)$/, "")));
  }

  /** True where there is a list. */
  get areKnown(): boolean {
    return this.#names.size > 0;
  }

  /** `foreign` for a host that only a client of a proxy can mean; `unknown` without a list. Takes `new URL(…).host`. */
  kindOf(host: string): "own" | "foreign" | "unknown" {
    if (!this.areKnown) return "unknown";
    const name = host.replace(/:\d+$/, "");
    return this.#names.has(host) || this.#names.has(name) || isLoopback(name) ? "own" : "foreign";
  }
}

/** True for an IP address, with or without a port: probes and scrapers ask for the vault by one. */
export function isAddress(host: string): boolean {
  return /^(?:\[.*\]|\d+\.\d+\.\d+\.\d+)(?::\d+)?$/.test(host);
}

/** True for a name of the machine itself, in lower case and without a port. */
export function isLoopback(name: string): boolean {
  return /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(name);
}
