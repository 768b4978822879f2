import type { VaultEvents } from "./events.ts";
import { expositionType, type Metric, MetricRegistry } from "./metric_registry.ts";
import { type Quota, Quotas, type ToldQuota } from "./quotas.ts";
import { addTraffic, noTraffic, type Traffic } from "./traffic.ts";
import { type CountedRequest, RequestMetrics, type Statistics } from "./request_metrics.ts";

export interface MetricsOptions {
  readonly version: string;
  /** The names of the backends: metrics by backend exist from the start, as zeros. */
  readonly backends: readonly string[];
  /** Returns the bytes in the cache; called at each scrape. */
  readonly cacheBytes: () => number;
  /** Returns the upstream hosts asked so far, and whether each answers; called at each scrape. */
  readonly upstreams: () => Iterable<{ readonly origin: string; readonly isUp: boolean }>;
  /** Returns the transfers under way; called at each scrape. */
  readonly transfers: () => Iterable<{ readonly backend: string; readonly followers: number }>;
  /** Other metrics, each formatted at a scrape; none when absent. */
  readonly others?: readonly Exposed[];
  /** Called for what went wrong without a request, by the name of the event; `backend` may be empty. */
  readonly noticed?: (event: NoticedEvent, backend: string) => void;
}

/** Metrics that are kept elsewhere. */
export interface Exposed {
  /** Formats them as Prometheus text, which ends with a line end. */
  exposition(): string;
}

/** What went wrong apart from the answers to clients. */
export type NoticedEvent = "wrong_digest" | "damaged_body" | "not_stored";

/** What an alert waits for is 0 before it happens: the first time would not be seen otherwise. */
const refusedByProxy = "407";

/** The metrics, counted from what the server and the engine report, in a registry of their own. */
export class Metrics implements VaultEvents {
  readonly #backends = new Set<string>();
  readonly #registry = new MetricRegistry();
  readonly #requests = new RequestMetrics(this.#registry);
  readonly #transfersUnderWay = this.#gauge("vault_transfers_in_progress", "Upstream transfers under way.");
  readonly #transfersWaiting = this.#gauge(
    "vault_transfers_waiting",
    "Requests and large bodies that wait their turn.",
  );
  readonly #transfers = this.#counter("vault_transfers_total", "Upstream transfers that ended.");
  readonly #followers = this.#counter("vault_collapsed_requests_total", "Requests that joined a transfer under way.");
  readonly #fetchedBytes = this.#counter("vault_fetched_bytes_total", "Body bytes received from upstream.");
  readonly #resumes = this.#counter("vault_upstream_resumes_total", "Interrupted transfers that were resumed.");
  readonly #failures = this.#counter("vault_upstream_failures_total", "Upstream answers that were no use.");
  readonly #mismatches = this.#counter("vault_digest_mismatches_total", "Bodies that were not what was expected.");
  readonly #storeFailures = this.#counter("vault_store_failures_total", "Bodies that could not be stored.");
  readonly #offlineMisses = this.#counter(
    "vault_offline_misses_total",
    "Requests for what is not cached while the vault is offline.",
  );
  readonly #leaks = this.#counter(
    "vault_leaked_upstream_urls_total",
    "Answers whose headers lead clients past the vault, to an upstream; anything but 0 is a fault.",
  );
  readonly #errors = this.#counter(
    "vault_errors_total",
    "Requests that ended with an error, by its code: not_found, upstream_down, overloaded and so on.",
  );
  readonly #acceptFailures = this.#counter(
    "vault_accept_failures_total",
    "Times that no connection could be accepted, mostly since no file may be opened any more.",
  );
  readonly #aborted = this.#counter("vault_aborted_responses_total", "Answers whose client left before their end.");
  readonly #quotas = new Quotas(this.#registry);
  readonly #damaged = this.#counter("vault_damaged_bodies_total", "Stored bodies that were found damaged.");
  readonly #verifiedBodies = this.#counter("vault_verified_bodies_total", "Stored bodies that were found sound.");
  readonly #verifiedBytes = this.#counter("vault_verified_bytes_total", "Bytes of stored bodies found sound.");
  readonly #scrubEnded = this.#gauge(
    "vault_scrub_end_time_seconds",
    "When all stored bodies had last been verified, in seconds since the epoch; 0 for never.",
  );
  readonly #evictedBlobs = this.#counter("vault_evicted_blobs_total", "Bodies evicted from the cache.");
  readonly #evictedBytes = this.#counter("vault_evicted_bytes_total", "Bytes evicted from the cache.");
  readonly #expiredBlobs = this.#counter("vault_expired_blobs_total", "Bodies removed by retention.");
  readonly #expiredBytes = this.#counter("vault_expired_bytes_total", "Bytes removed by retention.");
  readonly #options: MetricsOptions;

  constructor(options: MetricsOptions) {
    this.#options = options;
    const { version, backends, cacheBytes, upstreams, transfers } = options;
    const info = this.#gauge("vault_build_info", "What is running; the value is always 1.");
    info.set(1, { version, deno: Deno.version.deno });
    this.#gauge("process_start_time_seconds", "Start of the process, in seconds since the epoch.").set(
      Date.now() / 1000,
    );
    this.#registry.gauge({
      name: "process_heap_bytes",
      help: "Bytes of objects in memory, with those that wait to be collected.",
      collect(metric) {
        metric.set(Deno.memoryUsage().heapUsed);
      },
    });
    this.#registry.gauge({
      name: "vault_cache_bytes",
      help: "Bytes the cache holds on disk.",
      collect(metric) {
        metric.set(cacheBytes());
      },
    });
    this.#registry.gauge({
      name: "vault_upstream_up",
      help: "1 while the upstream host answers, 0 while it is known not to.",
      collect(metric) {
        for (const { origin, isUp } of upstreams()) metric.set(isUp ? 1 : 0, { upstream: origin });
      },
    });
    this.#registry.gauge({
      name: "vault_transfer_followers",
      help: "Clients that wait for upstream transfers under way or read them.",
      collect: (metric) => {
        for (const backend of this.#backends) metric.set(0, { backend });
        for (const { backend, followers } of transfers()) metric.add(followers, { backend });
      },
    });
    this.#registry.counter({
      name: "vault_integrity_failures_total",
      help: "Bodies that were not what they should be: on arrival or in the cache; anything but 0 needs a look.",
      collect: (metric) => {
        metric.set(this.#mismatches.total(), { where: "arriving" });
        metric.set(this.#damaged.get(), { where: "stored" });
      },
    });
    const removed = [this.#evictedBlobs, this.#evictedBytes, this.#expiredBlobs, this.#expiredBytes];
    const overall = [this.#acceptFailures, this.#damaged, this.#verifiedBodies, this.#verifiedBytes, ...removed];
    for (const metric of [...overall, this.#scrubEnded]) metric.set(0);
    this.#errors.set(0, { backend: "none", code: "overloaded" });
    this.addBackends(backends);
  }

  /** Lets the metrics of these backends exist as zeros, unless they do already. */
  addBackends(backends: readonly string[]): void {
    const counters = [this.#followers, this.#fetchedBytes, this.#resumes, this.#mismatches, this.#storeFailures];
    for (const backend of backends) {
      if (this.#backends.has(backend)) continue;
      this.#backends.add(backend);
      this.#requests.addBackend(backend);
      this.#failures.add(0, { backend, reason: refusedByProxy });
      this.#transfersUnderWay.set(0, { backend });
      this.#transfersWaiting.set(0, { backend });
      for (const counter of [...counters, this.#aborted, this.#offlineMisses, this.#leaks]) counter.add(0, { backend });
    }
  }

  /** Counts a request whose answer has ended, with the bytes of its body that were sent. */
  requestEnded(request: CountedRequest, sentBytes: number, seconds: number): void {
    this.#requests.count(request, sentBytes, seconds);
  }

  /** Counts a request that ended with an error, by its code. */
  requestFailed(backend: string, code: string): void {
    this.#errors.add(1, { backend, code });
  }

  /** Counts a client that left before the end of its answer. */
  responseAborted(backend: string): void {
    this.#aborted.add(1, { backend });
  }

  /** Counts that no connection could be accepted. */
  acceptFailed(): void {
    this.#acceptFailures.add(1);
  }

  /** Counts an answer whose headers name an upstream where clients would go on to it. */
  upstreamLeaked(backend: string): void {
    this.#leaks.add(1, { backend });
  }

  /** Counts a request for what is not cached while the vault is offline. */
  missedOffline(backend: string): void {
    this.#offlineMisses.add(1, { backend });
  }

  transferStarted(backend: string): void {
    this.#transfersUnderWay.add(1, { backend });
  }

  transferEnded(backend: string, outcome: "stored" | "unstored" | "failed" | "stopped"): void {
    this.#transfersUnderWay.add(-1, { backend });
    this.#transfers.add(1, { backend, outcome });
  }

  turnAwaited(backend: string): void {
    this.#transfersWaiting.add(1, { backend });
  }

  turnCame(backend: string): void {
    this.#transfersWaiting.add(-1, { backend });
  }

  followerJoined(backend: string): void {
    this.#followers.add(1, { backend });
  }

  bytesFetched(backend: string, bytes: number): void {
    this.#fetchedBytes.add(bytes, { backend });
  }

  upstreamResumed(backend: string): void {
    this.#resumes.add(1, { backend });
  }

  upstreamFailed(backend: string, reason: string): void {
    this.#failures.add(1, { backend, reason });
  }

  digestMismatched(backend: string): void {
    this.#mismatches.add(1, { backend });
    this.#options.noticed?.("wrong_digest", backend);
  }

  storeFailed(backend: string): void {
    this.#storeFailures.add(1, { backend });
    this.#options.noticed?.("not_stored", backend);
  }

  bodyDamaged(): void {
    this.#damaged.add(1);
    this.#options.noticed?.("damaged_body", "");
  }

  bodyVerified(bytes: number): void {
    this.#verifiedBodies.add(1);
    this.#verifiedBytes.add(bytes);
  }

  scrubEnded(endedAt: number): void {
    this.#scrubEnded.set(endedAt / 1000);
  }

  expired(blobs: number, bytes: number): void {
    this.#expiredBlobs.add(blobs);
    this.#expiredBytes.add(bytes);
  }

  evicted(blobs: number, bytes: number): void {
    this.#evictedBlobs.add(blobs);
    this.#evictedBytes.add(bytes);
  }

  /** Records the rate limit that an upstream reported. */
  quotaTold(backend: string, told: ToldQuota): void {
    this.#quotas.told(backend, told);
  }

  /** Formats all metrics as Prometheus text, with its content type. */
  exposition(): { readonly body: string; readonly contentType: string } {
    const others = (this.#options.others ?? []).map((other) => other.exposition());
    const body = [this.#registry.exposition(), this.#requests.exposition(), ...others].join("\n");
    return { body, contentType: expositionType };
  }

  /** Returns the statistics of the original tool, which leave out requests to no backend. */
  statistics(): Statistics {
    return this.#requests.statistics();
  }

  /** The traffic since the start, of all backends. */
  traffic(): ReadonlyMap<string, Traffic> {
    const counted = this.#requests.traffic();
    const names = new Set([...this.#backends, ...counted.keys()]);
    return new Map([...names].map((backend) => {
      const fetchedBytes = this.#fetchedBytes.get({ backend });
      return [backend, addTraffic(counted.get(backend) ?? noTraffic, { ...noTraffic, fetchedBytes })];
    }));
  }

  /** The rate limit that a host reported last, that which is used up most; null where it reported none. */
  quotaOf(host: string): Quota | null {
    return this.#quotas.of(host);
  }

  #counter(name: string, help: string): Metric {
    return this.#registry.counter({ name, help });
  }

  #gauge(name: string, help: string): Metric {
    return this.#registry.gauge({ name, help });
  }
}
