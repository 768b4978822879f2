/** The headers in which a URL of an upstream's would lead clients past the vault. */
const leading: ReadonlySet<string> = new Set(["location", "link", "www-authenticate", "content-location", "refresh"]);

/**
 * Watches for answers that lead clients to an upstream: nothing makes one on purpose, and a cache that is gone past is
 * hard to notice otherwise.
 */
export class UpstreamLeaks {
  readonly #hosts: () => ReadonlySet<string>;
  #known: ReadonlySet<string> | null = null;
  readonly #reported = new Set<string>();

  /** `hosts` returns the hosts of upstreams, with their ports where these are not the default ones. */
  constructor(hosts: () => ReadonlySet<string>) {
    this.#hosts = hosts;
  }

  /** True for a header that names an upstream where clients go on to it. */
  isOne(name: string, value: string): boolean {
    if (!leading.has(name) || !value.includes("//")) return false;
    this.#known ??= this.#hosts();
    for (const [, host] of value.matchAll(/\/\/(?:[^/\s?#"'<>@]*@)?([^/\s?#"'<>@,;]+)/g)) {
      if (this.#known.has(host!.toLowerCase().replace(/:(?:80|443)$/, ""))) return true;
    }
    return false;
  }

  /** True for the first leak by this header in a backend. */
  isNew(backend: string, header: string): boolean {
    const where = `${backend} ${header}`;
    if (this.#reported.has(where)) return false;
    this.#reported.add(where);
    return true;
  }
}
