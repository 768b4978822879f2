/** So many failures in a row, or so many URLs that fail … */
const failuresOfDown = 4;
/** … over so long make a host count as down, or as failing. One broken URL, or a restart of a moment, does not. */
const leastDownMs = 1000;
/** A host that is down is left alone for a second, then for longer with each probe that fails. */
const firstRestMs = 1000;
const longestRestMs = 5000;

/** A request whose answer has not come yet. */
export interface Exchange {
  readonly startedAt: number;
}

export interface Failure {
  /** How many failures it counts as. */
  readonly weight: number;
  /** Set where it may be the fault of one URL: such failures count once for each URL, and never make a host down. */
  readonly url: string | null;
  readonly startedAt: number;
  readonly now: number;
  /** To stand in messages; carries no URL. */
  readonly reason: string;
  /** What the operator may do about it, to stand behind the reason in the log; empty for most. */
  readonly advice?: string | undefined;
}

/** How the requests to one host went lately. Times are those of a `Clock`, in ms. */
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

  /** Why it failed last. */
  get reason(): string {
    return this.#reason;
  }

  /** What the operator may do about that; empty where nothing is known. */
  get advice(): string {
    return this.#advice;
  }

  /** Whether the log and the metrics say that it does not answer. */
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

  /** It is well. The seconds that it was not, where that was reported; else null. */
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

  /** Whether it could not be reached, or was silent, for a while: then nothing is asked of it. */
  isDown(now: number): boolean {
    return this.#failures >= failuresOfDown && now - this.#failingSince! >= leastDownMs;
  }

  /**
   * Whether nothing but failures came for a while, be it from a few URLs. These may be all that is broken, and anybody
   * may ask for them again and again: others are still asked for, but not repeated.
   */
  isFailing(now: number): boolean {
    if (this.isDown(now)) return true;
    return this.#failedUrls.size >= failuresOfDown && now - this.#failingSince! >= leastDownMs;
  }

  /** Why an answer cannot be expected soon; null where it can. */
  trouble(now: number, slowMs: number): string | null {
    if (this.#failures > 0 || this.isFailing(now)) return this.#reason;
    const [oldest] = this.#waiting;
    const slow = oldest !== undefined && now - oldest.startedAt >= slowMs && !this.answeredSince(oldest.startedAt);
    return slow ? `no answer for ${Math.round((now - oldest.startedAt) / 100) / 10} s so far` : null;
  }

  /** For how long it is not to be asked; 0 where it may be. */
  restMs(now: number): number {
    return this.isDown(now) && !this.isProbeDue(now) ? Math.max(1, this.#nextProbeAt - now) : 0;
  }

  /** Whether it fails, and has been left alone for long enough: nobody waits for it, or has for a long time. */
  isProbeDue(now: number): boolean {
    if (this.#failingSince === null || now < this.#nextProbeAt) return false;
    return [...this.#waiting].every(({ startedAt }) => now - startedAt >= longestRestMs);
  }
}
