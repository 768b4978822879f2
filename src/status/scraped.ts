import type { Config } from "../config/schema.ts";
import { MetricRegistry } from "../observe/metric_registry.ts";
import { FsLayout } from "../store/fs_layout.ts";
import { milestoneNames, readMilestones } from "../store/milestones.ts";
import type { UpstreamHealth } from "../upstream/health.ts";
import type { ConfigurationState } from "./configuration_state.ts";
import { cacheLimitOf, diskSpace } from "./disk.ts";

/** What the metrics ask of a running server. */
export interface ScrapedServer {
  /** Why it is not ready; null where it is. */
  readonly notReady: () => string | null;
  /** The requests that are answered now, and the most that may be at once. */
  readonly requests: { readonly count: number; readonly most: number };
  readonly cacheBytes: () => number;
  readonly configuration: () => ConfigurationState;
}

/** A gauge that is absent before there is a server. */
interface ServerGauge {
  readonly name: string;
  readonly help: string;
  /** Null where it is not known. */
  readonly valueOf: (server: ScrapedServer) => number | null;
}

interface StatusMetricsDeps {
  readonly config: () => Config;
  /** Null before there is one. */
  readonly server: () => ScrapedServer | null;
  readonly health: UpstreamHealth;
  /** The number of entries; null before it is known. */
  readonly entries: () => number | null;
}

/** What is scraped of upstream hosts, of the disk and of the cache as a whole, read where the status reads it. */
export class StatusMetrics {
  readonly #registry = new MetricRegistry();
  readonly #deps: StatusMetricsDeps;
  readonly #cacheDir: string;

  constructor(deps: StatusMetricsDeps) {
    this.#deps = deps;
    this.#cacheDir = deps.config().cache_dir;
    this.#addServer();
    this.#addUpstreams();
    this.#addCache();
  }

  exposition(): string {
    return [this.#registry.exposition(), this.#deps.health.statistics.exposition()].join("\n");
  }

  #addServer(): void {
    this.#addServerGauge({
      name: "vault_ready",
      help: "1 while the vault can serve, 0 while it cannot use its cache or is shutting down.",
      valueOf: ({ notReady }) => Number(notReady() === null),
    });
    this.#addServerGauge({
      name: "vault_requests_in_progress",
      help: "Requests that are being answered.",
      valueOf: ({ requests }) => requests.count,
    });
    this.#addServerGauge({
      name: "vault_requests_limit",
      help: "Requests that may be answered at once: max_requests, or what the open files of the process allow.",
      valueOf: ({ requests }) => requests.most,
    });
    this.#addServerGauge({
      name: "vault_config_refused",
      help:
        "1 while the configuration that was read last is refused, so that an older one stays in force; 0 otherwise.",
      valueOf: ({ configuration }) => Number(configuration().isRefused),
    });
    this.#addServerGauge({
      name: "vault_certificate_end_time_seconds",
      help: "When the certificate that clients get ends, in seconds since the epoch; absent without TLS.",
      valueOf({ configuration }) {
        const { certificateEndsAt } = configuration();
        return certificateEndsAt && certificateEndsAt / 1000;
      },
    });
  }

  #addServerGauge({ name, help, valueOf }: ServerGauge): void {
    const { server } = this.#deps;
    this.#registry.gauge({
      ...{ name, help },
      collect(metric) {
        const running = server();
        const value = running === null ? null : valueOf(running);
        if (value !== null) metric.set(value);
      },
    });
  }

  #addUpstreams(): void {
    const { health } = this.#deps;
    this.#registry.gauge({
      name: "vault_upstream_breaker_open",
      help: "1 while an upstream host is not asked, since it gave nothing but failures; 0 otherwise.",
      collect(metric) {
        for (const { origin, state } of health.countedHosts()) {
          metric.set(Number(state === "down"), { upstream: origin });
        }
      },
    });
    this.#registry.gauge({
      name: "vault_upstream_login_refused",
      help:
        "1 while an upstream host refuses the login of the vault, 0 while it accepts it; absent before it is known.",
      collect(metric) {
        for (const [upstream, { login }] of health.statistics) {
          if (login !== null) metric.set(Number(login === "refused"), { upstream });
        }
      },
    });
    this.#registry.counter({
      name: "vault_upstream_requests_total",
      help: "Requests to an upstream host, those without an answer included.",
      collect(metric) {
        for (const [upstream, { requests }] of health.statistics) metric.set(requests, { upstream });
      },
    });
    this.#registry.counter({
      name: "vault_upstream_host_failures_total",
      help: "Requests to an upstream host that failed, by kind: dns, refused, silent, 503 and so on.",
      collect(metric) {
        for (const [upstream, { failures }] of health.statistics) {
          for (const [kind, count] of failures) metric.set(count, { upstream, kind });
        }
      },
    });
    this.#registry.counter({
      name: "vault_upstream_retries_total",
      help: "Requests to an upstream host that were repeated.",
      collect(metric) {
        for (const [upstream, { retries }] of health.statistics) metric.set(retries, { upstream });
      },
    });
  }

  #addCache(): void {
    const { config, entries } = this.#deps;
    const cacheDir = this.#cacheDir;
    this.#addServerGauge({
      name: "vault_cache_limit_bytes",
      help: "Bytes that the cache may hold on disk: cache_max_size, or what cache_min_free leaves of the disk.",
      valueOf({ cacheBytes }) {
        const { cache_max_size: maxBytes = null, cache_min_free: minFreeBytes = null } = config();
        return cacheLimitOf({ cacheBytes: cacheBytes(), maxBytes, minFreeBytes, space: diskSpace(cacheDir) });
      },
    });
    this.#registry.gauge({
      name: "vault_disk_free_bytes",
      help: "Free bytes of the disk that the cache is on; absent where the system does not tell.",
      collect(metric) {
        const space = diskSpace(cacheDir);
        if (space !== null) metric.set(space.freeBytes);
      },
    });
    this.#registry.gauge({
      name: "vault_disk_bytes",
      help: "Size of that disk.",
      collect(metric) {
        const space = diskSpace(cacheDir);
        if (space !== null) metric.set(space.totalBytes);
      },
    });
    this.#registry.gauge({
      name: "vault_entries",
      help: "Entries of the cache when they were last listed; absent until somebody has asked for a list.",
      collect(metric) {
        const count = entries();
        if (count !== null) metric.set(count);
      },
    });
    this.#registry.gauge({
      name: "vault_last_done_time_seconds",
      help:
        "When the whole cache was last verified or pruned, or a bundle imported, in seconds since the epoch; 0 for never.",
      collect(metric) {
        const milestones = readMilestones(new FsLayout(cacheDir));
        for (const name of milestoneNames) metric.set((milestones[name] ?? 0) / 1000, { what: name });
      },
    });
  }
}
