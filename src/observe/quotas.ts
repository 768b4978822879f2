import type { Labels, Metric, MetricRegistry } from "./metric_registry.ts";

/** The rate limit of an upstream. */
export interface Quota {
  readonly remaining: number;
  /** Null where the upstream does not say. */
  readonly limit: number | null;
}

/** The same, as an upstream has told it. */
export interface ToldQuota extends Quota {
  /** The host, with its port where that is not the default one. */
  readonly host: string;
  /** The name of the limit, where the host has several; empty where it has one. */
  readonly name: string;
  /** The seconds after which it says nothing any more; null where it counts until the host tells another one. */
  readonly resetSeconds: number | null;
}

interface KnownQuota extends ToldQuota {
  readonly backend: string;
  /** In ms since the epoch. */
  readonly until: number;
}

/** Upstreams choose the names of their limits, and clients may choose upstreams. */
const mostQuotas = 200;

/** The rate limits that upstreams reported, as long as they count. */
export class Quotas {
  readonly #known = new Map<string, KnownQuota>();

  constructor(registry: MetricRegistry) {
    registry.gauge({
      name: "vault_upstream_ratelimit_remaining",
      help: "Requests the upstream still allows; absent once that has ended.",
      collect: (metric) => this.#set(metric, ({ remaining }) => remaining),
    });
    registry.gauge({
      name: "vault_upstream_ratelimit_limit",
      help: "Requests the upstream allows at most.",
      collect: (metric) => this.#set(metric, ({ limit }) => limit),
    });
  }

  /** Records what an upstream of this backend reported. A limit that is not repeated stays. */
  told(backend: string, told: ToldQuota): void {
    const { host, name, resetSeconds } = told;
    const key = `${host} ${name}`;
    const known = this.#known.get(key);
    if (known === undefined && this.#known.size === mostQuotas) return;
    const until = resetSeconds === null ? Infinity : Date.now() + resetSeconds * 1000;
    this.#known.set(key, { ...told, limit: told.limit ?? known?.limit ?? null, backend, until });
  }

  /** The rate limit that a host reported last, that which is used up most; null where it reported none. */
  of(host: string): Quota | null {
    const [least] = this.#current().filter((quota) => quota.host === host).sort((a, b) => shareOf(a) - shareOf(b));
    return least === undefined ? null : { remaining: least.remaining, limit: least.limit };
  }

  #current(): KnownQuota[] {
    const now = Date.now();
    return [...this.#known.values()].filter(({ until }) => until > now);
  }

  #set(metric: Metric, valueOf: (quota: Quota) => number | null): void {
    for (const quota of this.#current()) {
      const value = valueOf(quota);
      if (value !== null) metric.set(value, labelsOf(quota));
    }
  }
}

function labelsOf({ backend, host, name }: KnownQuota): Labels {
  return { backend, host, ...name !== "" && { name } };
}

/** The share that is left, as far as that is known. */
function shareOf({ remaining, limit }: Quota): number {
  return remaining === 0 ? 0 : limit === null ? 1 : remaining / Math.max(1, limit);
}
