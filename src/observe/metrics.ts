import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { VaultEvents } from "./events.ts";

/** A request that has ended, as it is counted. */
export interface CountedRequest {
  /** The backend's name, or `none` for what belongs to no backend. */
  readonly backend: string;
  /** One of a closed set, whatever the client sent. */
  readonly method: string;
  readonly status: number;
  /** `hit`, `miss`, `stale` … */
  readonly cache: string;
}

export interface MetricsOptions {
  readonly version: string;
  /** Names of backends: what they count exists from the start, as zeros. */
  readonly backends: readonly string[];
  /** Bytes the cache holds; asked at each scrape. */
  readonly cacheBytes: () => number;
}

/** The statistics of the original tool. */
export interface Statistics {
  /** Seconds. */
  readonly uptime: number;
  readonly requests: Readonly<Record<string, number>>;
  /** From 0 to 1: the share of requests with an answer that was in the cache. */
  readonly cache_hit_rate: number;
  readonly total_bytes_served: number;
}

/** One combination of labels. Plain numbers: prom-client is told at the scrape, not at each request. */
interface Cell extends CountedRequest {
  requests: number;
  sentBytes: number;
  readonly observe: (seconds: number) => void;
}

const durationBuckets = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60, 300, 1800];
const servedFromCache: ReadonlySet<string> = new Set(["hit", "stale", "revalidated"]);

/** Counts what the boundary and the engine tell it, in a registry of its own. */
export class Metrics implements VaultEvents {
  readonly #startedAt = Date.now();
  readonly #registry = new Registry();
  readonly #cells = new Map<string, Cell>();
  readonly #durations = new Histogram({
    name: "vault_request_duration_seconds",
    help: "From the request to the end of the answer's body.",
    labelNames: ["backend", "cache"],
    buckets: durationBuckets,
    registers: [this.#registry],
  });
  readonly #transfersUnderWay = this.#gauge("vault_transfers", "Upstream transfers under way.", ["backend"]);
  readonly #transfers = this.#counter("vault_transfers_total", "Upstream transfers that ended.", ["backend", "outcome"]);
  readonly #followers = this.#counter("vault_collapsed_requests_total", "Requests that joined a transfer under way.");
  readonly #fetchedBytes = this.#counter("vault_fetched_bytes_total", "Body bytes received from upstream.");
  readonly #resumes = this.#counter("vault_upstream_resumes_total", "Broken transfers that were resumed.");
  readonly #upstreamFailures = this.#counter("vault_upstream_failures_total", "Upstream answers that were no use.", [
    "backend",
    "reason",
  ]);
  readonly #digestMismatches = this.#counter("vault_digest_mismatches_total", "Bodies that were not what was expected.");
  readonly #storeFailures = this.#counter("vault_store_failures_total", "Bodies that could not be kept.");
  readonly #aborted = this.#counter("vault_aborted_responses_total", "Answers whose client left before the end.");
  readonly #evictedBlobs = this.#counter("vault_evicted_blobs_total", "Bodies evicted from the cache.", []);
  readonly #evictedBytes = this.#counter("vault_evicted_bytes_total", "Bytes evicted from the cache.", []);

  constructor(options: MetricsOptions) {
    this.#collectRequests();
    this.#describeProcess(options);
    for (const backend of options.backends) {
      this.#transfersUnderWay.set({ backend }, 0);
      for (const counter of [this.#followers, this.#fetchedBytes, this.#resumes]) counter.inc({ backend }, 0);
      for (const counter of [this.#digestMismatches, this.#storeFailures, this.#aborted]) counter.inc({ backend }, 0);
    }
  }

  /** Counts a request whose answer has ended, with the bytes of body that were really sent. */
  requestEnded(request: CountedRequest, sentBytes: number, seconds: number): void {
    const cell = this.#cellOf(request);
    cell.requests++;
    cell.sentBytes += sentBytes;
    cell.observe(seconds);
  }

  /** Counts a client that left before the end of its answer. */
  responseAborted(backend: string): void {
    this.#aborted.inc({ backend });
  }

  transferStarted(backend: string): void {
    this.#transfersUnderWay.inc({ backend });
  }

  transferEnded(backend: string, outcome: "stored" | "unstored" | "failed" | "stopped"): void {
    this.#transfersUnderWay.dec({ backend });
    this.#transfers.inc({ backend, outcome });
  }

  followerJoined(backend: string): void {
    this.#followers.inc({ backend });
  }

  bytesFetched(backend: string, bytes: number): void {
    this.#fetchedBytes.inc({ backend }, bytes);
  }

  upstreamResumed(backend: string): void {
    this.#resumes.inc({ backend });
  }

  upstreamFailed(backend: string, reason: string): void {
    this.#upstreamFailures.inc({ backend, reason });
  }

  digestMismatched(backend: string): void {
    this.#digestMismatches.inc({ backend });
  }

  storeFailed(backend: string): void {
    this.#storeFailures.inc({ backend });
  }

  evicted(blobs: number, bytes: number): void {
    this.#evictedBlobs.inc(blobs);
    this.#evictedBytes.inc(bytes);
  }

  /** Prometheus text, and the content type that belongs to it. */
  async exposition(): Promise<{ body: string; contentType: string }> {
    return { body: await this.#registry.metrics(), contentType: this.#registry.contentType };
  }

  /** The statistics of the original tool's JSON. */
  statistics(): Statistics {
    const cells = [...this.#cells.values()].filter(({ backend }) => backend !== noBackend);
    const requests: Record<string, number> = {};
    for (const cell of cells) requests[cell.backend] = (requests[cell.backend] ?? 0) + cell.requests;
    const hits = sum(cells.filter(({ cache }) => servedFromCache.has(cache)).map((cell) => cell.requests));
    const answered = hits + sum(cells.filter(({ cache }) => cache === "miss").map((cell) => cell.requests));
    return {
      uptime: (Date.now() - this.#startedAt) / 1000,
      requests,
      cache_hit_rate: answered === 0 ? 0 : hits / answered,
      total_bytes_served: sum(cells.map((cell) => cell.sentBytes)),
    };
  }

  #cellOf({ backend, method, status, cache }: CountedRequest): Cell {
    const key = `${backend} ${method} ${status} ${cache}`;
    let cell = this.#cells.get(key);
    if (cell === undefined) {
      const observe = this.#durations.labels(backend, cache).observe;
      cell = { backend, method, status, cache, requests: 0, sentBytes: 0, observe };
      this.#cells.set(key, cell);
    }
    return cell;
  }

  #counter(name: string, help: string, labelNames: string[] = ["backend"]): Counter {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  #gauge(name: string, help: string, labelNames: string[] = []): Gauge {
    return new Gauge({ name, help, labelNames, registers: [this.#registry] });
  }
}
