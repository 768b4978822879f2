import { Counter, Histogram, type Registry } from "prom-client";

/** A request that has ended, as it is counted. Each value comes from a small closed set. */
export interface CountedRequest {
  /** The backend's name, or `none` for what belongs to no backend. */
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
  /** By backend. */
  readonly requests: Readonly<Record<string, number>>;
  /** From 0 to 1: how many of the answered requests the cache could answer. */
  readonly cache_hit_rate: number;
  readonly total_bytes_served: number;
}

/** One combination of labels. Plain numbers, since prom-client costs more per count than a hit can spare. */
interface Cell extends CountedRequest {
  requests: number;
  sentBytes: number;
  readonly observe: (seconds: number) => void;
}

const durationBuckets = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60, 300, 1800];
const servedFromCache: readonly string[] = ["hit", "stale", "revalidated"];

/** Counts requests by backend, method, status and cache result. */
export class RequestMetrics {
  readonly #startedAt = Date.now();
  readonly #cells = new Map<string, Cell>();
  readonly #durations: Histogram;

  constructor(registry: Registry) {
    const registers = [registry];
    const cells = this.#cells;
    new Counter({
      name: "vault_requests_total",
      help: "Requests answered.",
      labelNames: ["backend", "method", "status", "cache"],
      registers,
      collect() {
        this.reset();
        for (const { backend, method, status, cache, requests } of cells.values()) {
          this.inc({ backend, method, status, cache }, requests);
        }
      },
    });
    new Counter({
      name: "vault_sent_bytes_total",
      help: "Body bytes sent to clients.",
      labelNames: ["backend"],
      registers,
      collect() {
        this.reset();
        for (const { backend, sentBytes } of cells.values()) this.inc({ backend }, sentBytes);
      },
    });
    this.#durations = new Histogram({
      name: "vault_request_duration_seconds",
      help: "Time from the request to the end of the answer's body.",
      labelNames: ["backend", "cache"],
      buckets: durationBuckets,
      registers,
    });
  }

  count(request: CountedRequest, sentBytes: number, seconds: number): void {
    const cell = this.#cellOf(request);
    cell.requests++;
    cell.sentBytes += sentBytes;
    cell.observe(seconds);
  }

  statistics(): Statistics {
    const cells = [...this.#cells.values()].filter(({ backend }) => backend !== "none");
    const requests: Record<string, number> = {};
    for (const cell of cells) requests[cell.backend] = (requests[cell.backend] ?? 0) + cell.requests;
    const hits = total(cells.filter(({ cache }) => servedFromCache.includes(cache)), "requests");
    const answered = hits + total(cells.filter(({ cache }) => cache === "miss"), "requests");
    return {
      uptime: (Date.now() - this.#startedAt) / 1000,
      requests,
      cache_hit_rate: answered === 0 ? 0 : hits / answered,
      total_bytes_served: total(cells, "sentBytes"),
    };
  }

  #cellOf({ backend, method, status, cache }: CountedRequest): Cell {
    const key = `${backend} ${method} ${status} ${cache}`;
    const known = this.#cells.get(key);
    if (known !== undefined) return known;
    const { observe } = this.#durations.labels(backend, cache);
    const cell = { backend, method, status, cache, requests: 0, sentBytes: 0, observe };
    this.#cells.set(key, cell);
    return cell;
  }
}

function total(cells: readonly Cell[], what: "requests" | "sentBytes"): number {
  return cells.reduce((sum, cell) => sum + cell[what], 0);
}
