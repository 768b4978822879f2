import type { Config } from "../config/schema.ts";
import { entryName } from "../inventory/entry_name.ts";
import type { Metrics } from "../observe/metrics.ts";
import { totalTraffic } from "../observe/traffic.ts";
import type { EndedRequest } from "../server/access_line.ts";
import type { UpstreamHealth } from "../upstream/health.ts";
import type { TransferStatus } from "../vault/vault.ts";
import { describeDisk, diskSpace } from "./disk.ts";
import type { History } from "./history.ts";
import type { HitCounts } from "./hit_counts.ts";
import type { InventoryIndex } from "./inventory_index.ts";
import type { ProblemGroups } from "./problem_groups.ts";
import type { RecentRequests } from "./recent_requests.ts";
import type { ScrapedServer } from "./scraped.ts";
import { silentAfterSeconds } from "./status.ts";
import type { BackendTraffic, DiskStatus, Overview, Status, TransferView, UpstreamStatus } from "./status.ts";
import { type NamedUpstreams, upstreamsOf } from "./upstream_list.ts";
import { judge } from "./wellbeing.ts";

/** What a backend of the configuration is, for people. */
export interface DescribedBackend extends NamedUpstreams {
  readonly type: string;
  readonly prefix: string;
}

/** The configuration that is in force, for people. */
export interface DescribedConfig {
  /** With its defaults and without secrets. */
  readonly shown: Readonly<Record<string, unknown>>;
  readonly backends: readonly DescribedBackend[];
}

export interface StatusDeps extends ScrapedServer {
  readonly version: string;
  /** Returns the configuration that is in force. */
  readonly config: () => Config;
  readonly described: () => DescribedConfig;
  readonly transfers: () => readonly TransferStatus[];
  readonly health: UpstreamHealth;
  readonly metrics: Metrics;
  readonly history: History;
  readonly inventory: InventoryIndex;
  readonly hits: HitCounts;
  readonly recent: RecentRequests;
  readonly problems: ProblemGroups;
}

const hits: readonly string[] = ["hit", "stale", "revalidated"];

/** What this process knows of itself. */
export class RunningStatus implements Status {
  readonly #deps: StatusDeps;
  readonly #startedAt = Date.now();

  constructor(deps: StatusDeps) {
    this.#deps = deps;
  }

  get inventory(): InventoryIndex {
    return this.#deps.inventory;
  }

  /** Takes note of a request whose answer has ended. */
  ended(request: EndedRequest): void {
    const { access, code, key } = request;
    this.#deps.recent.add(request);
    if (code !== null) this.#deps.problems.failed(code, access);
    if (key !== null && hits.includes(access.cache)) this.#deps.hits.add(entryName({ backend: access.backend, key }));
  }

  overview(): Overview {
    const { version, config, notReady, requests, recent } = this.#deps;
    const { warnings } = this.#deps.configuration();
    const { offline: isOffline } = config();
    const backends = this.#traffic();
    const facts = { upstreams: this.upstreams(), problems: this.problems(), notReady: notReady(), isOffline, warnings };
    return {
      ...judge(facts, Date.now()),
      ...{ version, runtime: Deno.version.deno, startedAt: this.#startedAt, isOffline, warnings },
      ...{ notReady: facts.notReady, requestsUnderWay: requests.count, backends },
      total: totalTraffic(backends),
      requestsPerSecond: recent.perSecond(),
    };
  }

  upstreams(): readonly UpstreamStatus[] {
    const { described, health, metrics } = this.#deps;
    return upstreamsOf({ backends: described().backends, health, quotaOf: (host) => metrics.quotaOf(host) });
  }

  transfers(): readonly TransferView[] {
    const transfers = this.#deps.transfers();
    return transfers.map((one) => ({ name: entryName(one), ...one, secondsLeft: secondsLeft(one) }));
  }

  disk(): DiskStatus {
    const { config, cacheBytes, history } = this.#deps;
    const { cache_dir: directory, cache_max_size: maxBytes = null, cache_min_free: minFreeBytes = null } = config();
    return describeDisk({
      ...{ directory, cacheBytes: cacheBytes(), maxBytes, minFreeBytes },
      ...{ space: diskSpace(directory), days: history.report().days, now: Date.now() },
    });
  }

  requests() {
    return this.#deps.recent.list();
  }

  history() {
    return this.#deps.history.report();
  }

  problems() {
    return this.#deps.problems.list();
  }

  configuration() {
    return this.#deps.described().shown;
  }

  #traffic(): readonly BackendTraffic[] {
    const counted = this.#deps.metrics.traffic();
    const known = new Map(this.#deps.described().backends.map((backend) => [backend.name, backend]));
    return [...counted].map(([name, traffic]) => {
      const { type = "", prefix = "" } = known.get(name) ?? {};
      return { name, type, prefix, ...traffic };
    });
  }
}

/** The seconds that a transfer takes at its speed; null where that cannot be told. */
export function secondsLeft(
  { sizeBytes, receivedBytes, bytesPerSecond, silentSeconds }: TransferStatus,
): number | null {
  if (sizeBytes === null || bytesPerSecond <= 0 || silentSeconds >= silentAfterSeconds) return null;
  return Math.ceil(Math.max(0, sizeBytes - receivedBytes) / bytesPerSecond);
}
