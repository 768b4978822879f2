import type { Config } from "../config/schema.ts";
import type { Log } from "../observe/log.ts";
import type { Exposed, NoticedEvent } from "../observe/metrics.ts";
import { ProcessMetrics } from "../observe/process_metrics.ts";
import { FsLayout } from "../store/fs_layout.ts";
import type { UpstreamHealth } from "../upstream/health.ts";
import { History } from "./history.ts";
import { HitCounts } from "./hit_counts.ts";
import { InventoryIndex } from "./inventory_index.ts";
import { ProblemGroups } from "./problem_groups.ts";
import { RecentRequests } from "./recent_requests.ts";
import { RunningStatus, type StatusDeps } from "./running_status.ts";
import { type ScrapedServer, StatusMetrics } from "./scraped.ts";

interface WatchDeps {
  /** Returns the configuration that is in force; the cache directory stays. */
  readonly config: () => Config;
  readonly health: UpstreamHealth;
  readonly log: Log;
}

type Parts = "version" | "configuration" | "described" | "notReady" | "requests" | "cacheBytes" | "transfers";

/** Collects what a server knows of itself, from before there are metrics until the server is closed. */
export class StatusWatch {
  readonly #deps: WatchDeps;
  readonly #problems = new ProblemGroups();
  readonly #hits = new HitCounts();
  readonly #inventory: InventoryIndex;
  readonly #process = new ProcessMetrics();
  #history: History | null = null;
  #server: ScrapedServer | null = null;
  /** Metrics that are not counted as things happen. */
  readonly exposed: readonly Exposed[];

  constructor(deps: WatchDeps) {
    this.#deps = deps;
    const { config, health, log } = deps;
    this.#inventory = new InventoryIndex({ dir: config().cache_dir, hits: this.#hits, log });
    const entries = () => this.#inventory.knownEntries;
    this.exposed = [this.#process, new StatusMetrics({ config, server: () => this.#server, health, entries })];
  }

  /** Takes note of what went wrong without a request. */
  readonly noticed = (event: NoticedEvent, backend: string): void => this.#problems.noticed(event, backend);

  /** Makes the status, once everything it is about is there. */
  open(whole: Pick<StatusDeps, Parts | "metrics">): RunningStatus {
    const { config, health, log } = this.#deps;
    const { metrics, cacheBytes } = whole;
    this.#server = whole;
    const path = new FsLayout(config().cache_dir).history;
    this.#history = new History({ path, traffic: () => metrics.traffic(), cacheBytes, log });
    return new RunningStatus({
      ...whole,
      ...{
        config,
        health,
        history: this.#history,
        inventory: this.#inventory,
        hits: this.#hits,
        problems: this.#problems,
      },
      recent: new RecentRequests(),
    });
  }

  /** Stops all timers and writes the history down. */
  async close(): Promise<void> {
    this.#process.close();
    await this.#inventory.close();
    await this.#history?.close();
  }
}
