import { MetricRegistry } from "../observe/metric_registry.ts";
import { FsLayout } from "../store/fs_layout.ts";
import { milestoneNames, readMilestones } from "../store/milestones.ts";
import type { UpstreamHealth } from "../upstream/health.ts";
import { diskSpace } from "./disk.ts";

interface StatusMetricsDeps {
  readonly cacheDir: string;
  readonly health: UpstreamHealth;
  /** The number of entries; null before it is known. */
  readonly entries: () => number | null;
}

/** What is scraped of upstream hosts, of the disk and of the cache as a whole, read where the status reads it. */
export class StatusMetrics {
  readonly #registry = new MetricRegistry();
  readonly #deps: StatusMetricsDeps;

  constructor(deps: StatusMetricsDeps) {
    this.#deps = deps;
    this.#addUpstreams();
    this.#addCache();
  }

  exposition(): string {
    return [this.#registry.exposition(), this.#deps.health.statistics.exposition()].join("\n");
  }

  #addUpstreams(): void {
    const { health } = this.#deps;
    this.#registry.gauge({
      name: "vault_upstream_breaker_open",
      help: "1 while an upstream host is not asked, since it gave nothing but failures; 0 otherwise.",
      collect(metric) {
        for (const { origin, state } of health.hosts()) metric.set(Number(state === "down"), { upstream: origin });
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
    const { cacheDir, entries } = this.#deps;
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
