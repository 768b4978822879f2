/**
 * The hosts that clients reach the vault itself by (`server_names`), in lower case, each with a port or, for any port,
 * without one. The ports that http and https have anyway are left out. A proxy's request for another host looks the
 * same as one for the vault (RFC 9112 §3.2.2), so without such a list nothing is known of a host.
 */
export class OwnNames {
  readonly #names: ReadonlySet<string>;

  constructor(names: readonly string[]) {
    this.#names = new Set(names.map((name) => name.replace(/:(?:80|443)$/, "")));
  }

  /** Whether there is a list. */
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

/** Whether a host, perhaps with a port, is an IP address: whoever probes the vault or scrapes its metrics has no name for it. */
export function isAddress(host: string): boolean {
  return /^(?:\[.*\]|\d+\.\d+\.\d+\.\d+)(?::\d+)?$/.test(host);
}

function isLoopback(name: string): boolean {
  return /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(name);
}
