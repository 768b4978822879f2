import { DurationHistogram, type Durations } from "./duration_histogram.ts";
import type { MetricRegistry } from "./metric_registry.ts";
import { addTraffic, noTraffic, type Traffic } from "./traffic.ts";

/** A request that has ended, by its labels. Each value comes from a small closed set. */
export interface CountedRequest {
  /** The backend's name, or `none` for a request to no backend. */
  readonly backend: string;
  readonly method: string;
  readonly status: number;
  /** `hit`, `miss`, `stale` … */
  readonly cache: string;
}

/** The statistics of the original tool's JSON. */
export interface Statistics {
  /** Seconds. */
  readonly uptime: number;
  /** The number of requests by backend. */
  readonly requests: Readonly<Record<string, number>>;
  /** The share of the answered requests that the cache could answer, from 0 to 1. */
  readonly cache_hit_rate: number;
  readonly total_bytes_served: number;
}

/** One combination of labels. It has plain numbers: making the text of labels for each count costs more than a hit can spare. */
interface Cell extends CountedRequest {
  requests: number;
  sentBytes: number;
  readonly durations: Durations;
}

const servedFromCache: readonly string[] = ["hit", "stale", "revalidated"];

/** Counts requests by backend, method, status and cache result. */
export class RequestMetrics {
  readonly #startedAt = performance.now();
  /** The cells by backend: looking through a few is quicker than making a key of all labels. */
  readonly #cells = new Map<string, Cell[]>();
  readonly #durations = new DurationHistogram(
    "vault_request_duration_seconds",
    "Time from the request to the end of the answer's body.",
  );

  constructor(registry: MetricRegistry) {
    const cells = () => this.#all();
    registry.counter({
      name: "vault_requests_total",
      help: "Requests answered.",
      collect(metric) {
        for (const { backend, method, status, cache, requests } of cells()) {
          metric.add(requests, { backend, method, status: String(status), cache });
        }
      },
    });
    registry.counter({
      name: "vault_sent_bytes_total",
      help: "Body bytes sent to clients.",
      collect(metric) {
        for (const { backend, sentBytes } of cells()) metric.add(sentBytes, { backend });
      },
    });
  }

  /** Lets hits and misses of a backend exist as zeros: a rate of what is absent is none, and not 0. */
  addBackend(backend: string): void {
    for (const cache of ["hit", "miss"]) this.#cellOf({ backend, method: "GET", status: 200, cache });
  }

  count(request: CountedRequest, sentBytes: number, seconds: number): void {
    const cell = this.#cellOf(request);
    cell.requests++;
    cell.sentBytes += sentBytes;
    cell.durations.observe(seconds);
  }

  statistics(): Statistics {
    const cells = this.#all().filter(({ backend, requests }) => backend !== "none" && requests > 0);
    const requests: Record<string, number> = {};
    for (const cell of cells) requests[cell.backend] = (requests[cell.backend] ?? 0) + cell.requests;
    const hits = total(cells.filter(({ cache }) => servedFromCache.includes(cache)), "requests");
    const answered = hits + total(cells.filter(({ cache }) => cache === "miss"), "requests");
    return {
      uptime: (performance.now() - this.#startedAt) / 1000,
      requests,
      cache_hit_rate: answered === 0 ? 0 : hits / answered,
      total_bytes_served: total(cells, "sentBytes"),
    };
  }

  /** The traffic by backend since the start, without what was fetched. */
  traffic(): ReadonlyMap<string, Traffic> {
    const traffic = new Map<string, Traffic>();
    for (const cell of this.#all()) {
      if (cell.backend === "none") continue;
      traffic.set(cell.backend, addTraffic(traffic.get(cell.backend) ?? noTraffic, trafficOf(cell)));
    }
    return traffic;
  }

  /** Formats the metrics that are not in the registry as Prometheus text. */
  exposition(): string {
    return this.#durations.exposition();
  }

  #all(): Cell[] {
    return [...this.#cells.values()].flat();
  }

  #cellOf({ backend, method, status, cache }: CountedRequest): Cell {
    let cells = this.#cells.get(backend);
    if (cells === undefined) this.#cells.set(backend, cells = []);
    for (const cell of cells) {
      if (cell.status === status && cell.cache === cache && cell.method === method) return cell;
    }
    const durations = this.#durations.labels({ backend, cache });
    const cell = { backend, method, status, cache, requests: 0, sentBytes: 0, durations };
    cells.push(cell);
    return cell;
  }
}

function trafficOf({ cache, status, requests, sentBytes }: Cell): Traffic {
  const hits = servedFromCache.includes(cache) ? requests : 0;
  const misses = cache === "miss" ? requests : 0;
  return { requests, hits, misses, errors: status >= 500 ? requests : 0, sentBytes, fetchedBytes: 0 };
}

function total(cells: readonly Cell[], what: "requests" | "sentBytes"): number {
  return cells.reduce((sum, cell) => sum + cell[what], 0);
}
