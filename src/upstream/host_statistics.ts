import { DurationHistogram, type Durations } from "../observe/duration_histogram.ts";

/** The most hosts that are counted one by one: clients may name registries, and so choose how many there are. */
const mostHosts = 200;
/** All others together. */
const otherHosts = "others";
/** The newest answer counts so much in the mean. */
const newestShare = 0.2;

/** What came of the exchanges with one host since the start. Times are in ms since the epoch. */
export class HostStatistics {
  requests = 0;
  retries = 0;
  readonly failures = new Map<string, number>();
  lastError: string | null = null;
  lastErrorAt: number | null = null;
  lastAnswerAt: number | null = null;
  /** What it has made of the vault's credentials when they were last sent; null where none have been. */
  login: "accepted" | "refused" | null = null;
  /** The mean time to the first byte of an answer, in ms, over the last answers; null before there is one. */
  firstByteMs: number | null = null;
  readonly #firstByte: Durations;
  readonly #whole: Durations;

  constructor(firstByte: Durations, whole: Durations) {
    this.#firstByte = firstByte;
    this.#whole = whole;
  }

  /** Counts an answer of any status, whose head took so long. */
  answered(at: number, tookMs: number): void {
    this.lastAnswerAt = at;
    this.firstByteMs = this.firstByteMs === null
      ? tookMs
      : this.firstByteMs + newestShare * (tookMs - this.firstByteMs);
    this.#firstByte.observe(tookMs / 1000);
  }

  /** Counts an answer that has come to its end, so long after it was asked for. */
  ended(tookMs: number): void {
    this.#whole.observe(tookMs / 1000);
  }

  /** Counts a failure: no answer, or one with an error of the host. `reason` has no URL in it. */
  failed(kind: string, at: number, reason: string): void {
    this.failures.set(kind, (this.failures.get(kind) ?? 0) + 1);
    this.lastError = reason;
    this.lastErrorAt = at;
  }
}

/** Counts the exchanges with upstream hosts, by origin, in bounded memory. */
export class UpstreamStatistics {
  readonly #hosts = new Map<string, HostStatistics>();
  readonly #firstByte = new DurationHistogram(
    "vault_upstream_first_byte_seconds",
    "Time from a request to an upstream host to the head of its answer.",
  );
  readonly #whole = new DurationHistogram(
    "vault_upstream_duration_seconds",
    "Time from a request to an upstream host to the end of its answer, where that came.",
  );

  /** The counts of a host. */
  of(origin: string): HostStatistics {
    const known = this.#hosts.get(origin);
    if (known !== undefined) return known;
    const upstream = this.#hosts.size < mostHosts ? origin : otherHosts;
    const labels = { upstream };
    const host = this.#hosts.get(upstream) ??
      new HostStatistics(this.#firstByte.labels(labels), this.#whole.labels(labels));
    this.#hosts.set(upstream, host);
    return host;
  }

  /** The counts of a host that was asked; null for any other. */
  find(origin: string): HostStatistics | null {
    return this.#hosts.get(origin) ?? null;
  }

  /** All hosts by origin; those that are not counted one by one are `others`. */
  [Symbol.iterator](): IterableIterator<[origin: string, host: HostStatistics]> {
    return this.#hosts.entries();
  }

  /** Formats the histograms as Prometheus text. */
  exposition(): string {
    return [this.#firstByte.exposition(), this.#whole.exposition()].join("\n");
  }
}
