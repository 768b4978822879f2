/** The failures in a row, or of different URLs, that make a host count as down, or as failing … */
const failuresOfDown = 4;
/** … if they span this time. One broken URL, or a short restart, does not. */
const leastDownMs = 1000;
/** The time for which a host that is down is not asked; it grows with each probe that fails. */
const firstRestMs = 1000;
const longestRestMs = 5000;

/** A request whose answer has not come yet. */
export interface Exchange {
  readonly startedAt: number;
}

export interface Failure {
  /** The number of failures that it counts as. */
  readonly weight: number;
  /** The URL, where it may be at fault: such failures count once for each URL, and never make a host down. */
  readonly url: string | null;
  readonly startedAt: number;
  readonly now: number;
  /** The reason for messages; carries no URL. */
  readonly reason: string;
  /** The advice for the operator, to stand behind the reason in the log; empty for most. */
  readonly advice?: string | undefined;
}

/**
 * The state of a host: `slow` while a question is open for long, `failing` where it has failed just now or some of its
 * URLs do, `down` where nothing is asked of it for a moment.
 */
export type HostState = "answers" | "slow" | "failing" | "down";

/** The outcomes of the latest requests to one host. Times are those of a `Clock`, in ms. */
export class HostRecord {
  readonly #waiting = new Set<Exchange>();
  readonly #failedUrls = new Set<string>();
  #failures = 0;
  #failingSince: number | null = null;
  #answeredAt = -Infinity;
  #restMs = firstRestMs;
  #nextProbeAt = 0;
  #reason = "";
  #advice = "";
  #reportedAt: number | null = null;

  /** The reason of the last failure. */
  get reason(): string {
    return this.#reason;
  }

  /** The advice for the operator; empty where there is none. */
  get advice(): string {
    return this.#advice;
  }

  /** True while the log and the metrics say that it does not answer. */
  get isReported(): boolean {
    return this.#reportedAt !== null;
  }

  report(now: number): void {
    this.#reportedAt = now;
  }

  begin(now: number): Exchange {
    const exchange = { startedAt: now };
    this.#waiting.add(exchange);
    if (this.#failingSince !== null && now >= this.#nextProbeAt) this.#nextProbeAt = now + this.#restMs;
    return exchange;
  }

  end(exchange: Exchange): void {
    this.#waiting.delete(exchange);
  }

  failed({ weight, url, startedAt, now, reason, advice = "" }: Failure): void {
    if (url !== null && (this.#failedUrls.has(url) || this.#failedUrls.size === failuresOfDown)) return;
    if (url !== null) this.#failedUrls.add(url);
    if (this.isDown(now)) this.#restMs = Math.min(longestRestMs, this.#restMs * 2);
    if (url === null) this.#failures += weight;
    this.#failingSince ??= startedAt;
    this.#nextProbeAt = now + this.#restMs;
    this.#reason = reason;
    this.#advice = advice;
  }

  /** Records an answer. Returns the seconds of the outage that ends, where one was reported; else null. */
  answered(now: number): number | null {
    const reportedMs = this.#reportedAt === null ? null : now - this.#reportedAt;
    this.#reportedAt = null;
    this.#advice = "";
    this.#answeredAt = now;
    if (this.#failingSince !== null) {
      this.#failures = 0;
      this.#failedUrls.clear();
      this.#failingSince = null;
      this.#restMs = firstRestMs;
    }
    return reportedMs === null ? null : Math.round(reportedMs / 1000);
  }

  answeredSince(time: number): boolean {
    return this.#answeredAt > time;
  }

  /** Says whether it could not be reached, or was silent, for a while: then nothing is asked of it. */
  isDown(now: number): boolean {
    return this.#failures >= failuresOfDown && now - this.#failingSince! >= leastDownMs;
  }

  /**
   * Says whether nothing but failures came for a while, be it from a few URLs. These may be all that is broken, and
   * anybody may ask for them again and again: others are still asked for, but not repeated.
   */
  isFailing(now: number): boolean {
    if (this.isDown(now)) return true;
    return this.#failedUrls.size >= failuresOfDown && now - this.#failingSince! >= leastDownMs;
  }

  state(now: number, slowMs: number): HostState {
    if (this.isDown(now)) return "down";
    if (this.#failingSince !== null) return "failing";
    return this.trouble(now, slowMs) === null ? "answers" : "slow";
  }

  /** The time for which it has given nothing but failures; null where its last answer was none. */
  failingMs(now: number): number | null {
    return this.#failingSince === null ? null : now - this.#failingSince;
  }

  /** Returns the reason why no answer is expected soon; null where one is. */
  trouble(now: number, slowMs: number): string | null {
    if (this.#failures > 0 || this.isFailing(now)) return this.#reason;
    const [oldest] = this.#waiting;
    const slow = oldest !== undefined && now - oldest.startedAt >= slowMs && !this.answeredSince(oldest.startedAt);
    return slow ? `no answer for ${Math.round((now - oldest.startedAt) / 100) / 10} s so far` : null;
  }

  /** Returns the time for which it must not be asked; 0 where it may be. */
  restMs(now: number): number {
    return this.isDown(now) && !this.isProbeDue(now) ? Math.max(1, this.#nextProbeAt - now) : 0;
  }

  /** Says whether it fails and was not asked for long enough: nobody waits for it, or has waited for a long time. */
  isProbeDue(now: number): boolean {
    if (this.#failingSince === null || now < this.#nextProbeAt) return false;
    return [...this.#waiting].every(({ startedAt }) => now - startedAt >= longestRestMs);
  }
}
