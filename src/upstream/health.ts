import { LRUCache } from "lru-cache";
import type { Fetch } from "../artifact.ts";
import { VaultError } from "../errors.ts";
import type { Log } from "../observe/log.ts";
import { type Clock, systemClock } from "./clock.ts";
import { HostRecord, type HostState } from "./host_record.ts";
import { type HostStatistics, UpstreamStatistics } from "./host_statistics.ts";
import { type FailureKind, networkFailure } from "./network_error.ts";
import { addNotes } from "./response_notes.ts";
import { shownUrl } from "./shown_url.ts";

export interface UpstreamHealthOptions {
  readonly log: Log;
  /**
   * Milliseconds after which a host counts as slow that has left a question unanswered, and no other one answered
   * since.
   */
  readonly slowMs: number;
  readonly clock?: Clock;
}

/** An upstream host that was asked. */
export interface UpstreamHost {
  readonly origin: string;
  /** False while the log says that it does not answer. */
  readonly isUp: boolean;
  readonly state: HostState;
  /** When the failures began that go on, in ms since the epoch; null where none do. */
  readonly failingSince: number | null;
}

/** What an upstream has made of the vault's credentials when they were last sent. */
export type LoginState = NonNullable<HostStatistics["login"]>;

/** The most hosts that are remembered: clients may name registries, and so choose how many there are. */
const mostHosts = 1000;

/**
 * The kinds of failure that are those of a host, not of one URL. Failures of TLS, ports and syntax come at once and
 * cost nobody time.
 */
const hostFailures: ReadonlySet<FailureKind> = new Set(["dns", "refused", "unreachable", "proxy"]);
const urlFailures: ReadonlySet<FailureKind> = new Set(["closed", "other"]);

/** The advice for a host that cannot be found or reached directly. */
const wayOut = '; if the way out leads through a proxy, set "proxy" (docs/running.md)';
const adviceOn: Partial<Record<FailureKind, string>> = { dns: wayOut, unreachable: wayOut };

/**
 * The state of each upstream host, shared by all backends: a build of many artifacts then pays for an outage once. It
 * is learned from the requests that are sent anyway (`withHealth`), and sends none of its own.
 */
export class UpstreamHealth {
  /** What came of all exchanges since the start. */
  readonly statistics = new UpstreamStatistics();
  readonly #hosts = new LRUCache<string, HostRecord>({ max: mostHosts });
  readonly #log: Log;
  #slowMs: number;
  readonly #clock: Clock;

  constructor({ log, slowMs, clock = systemClock }: UpstreamHealthOptions) {
    this.#log = log;
    this.#slowMs = slowMs;
    this.#clock = clock;
  }

  /** Counts hosts as slow after so many milliseconds from now on. */
  set slowMs(ms: number) {
    this.#slowMs = ms;
  }

  /**
   * Says whether the host of `url` is expected to answer soon. Where it is not, a cached copy should be served without
   * asking; the first time in an outage, the log says so.
   */
  isAnswering(url: string): boolean {
    const host = this.#hosts.get(originOf(url));
    const trouble = host?.trouble(this.#clock.now(), this.#slowMs) ?? null;
    if (trouble === null) return true;
    this.#warn(url, host!, trouble);
    return false;
  }

  /**
   * Says whether the host of `url` gave nothing but failures for a while, so that repeating a request would not help.
   */
  isFailing(url: string): boolean {
    return this.#hosts.get(originOf(url))?.isFailing(this.#clock.now()) ?? false;
  }

  /** Says whether to ask a host that does not answer once more; at most one question at a time does so. */
  isProbeDue(url: string): boolean {
    return this.#hosts.get(originOf(url))?.isProbeDue(this.#clock.now()) ?? false;
  }

  /** Lists the hosts asked so far. */
  *hosts(): Iterable<UpstreamHost> {
    const [now, date] = [this.#clock.now(), this.#clock.date()];
    for (const [origin, host] of this.#hosts.entries()) {
      const failingMs = host.failingMs(now);
      const failingSince = failingMs === null ? null : Math.round(date - failingMs);
      yield { origin, isUp: !host.isReported, state: host.state(now, this.#slowMs), failingSince };
    }
  }

  /** Notes down what the upstream has made of the vault's credentials. */
  loginTold(url: string, state: LoginState): void {
    this.statistics.of(originOf(url)).login = state;
  }

  /** Lists those of them that are counted one by one: more would make too many metrics. */
  *countedHosts(): Iterable<UpstreamHost> {
    for (const host of this.hosts()) if (this.statistics.find(host.origin) !== null) yield host;
  }

  /** Counts that a request is repeated. */
  retried(url: string): void {
    this.statistics.of(originOf(url)).retries += 1;
  }

  /** Sends a request and learns from its outcome. Throws `upstream_down` at once while the host is known to be down. */
  async send(fetch: Fetch, request: Request): Promise<Response> {
    const { url, signal } = request;
    const host = this.#hostOf(url);
    const now = this.#clock.now();
    const restMs = host.restMs(now);
    if (restMs > 0) throw downError(url, host, restMs);
    const exchange = host.begin(now);
    const counted = this.statistics.of(originOf(url));
    counted.requests += 1;
    try {
      const response = await fetch(request);
      this.#count(counted, response, now);
      if (response.status >= 500) this.#failed(url, host, { weight: 1, ofUrl: true }, `it answers ${response.status}`);
      else if (response.status !== 429) this.#answered(url, host);
      return response;
    } catch (error) {
      if (!signal.aborted) {
        const { kind, reason } = failureOf(error);
        counted.failed(kind, this.#clock.date(), reason);
        this.#learn(error, { url, host, startedAt: exchange.startedAt });
      }
      throw error;
    } finally {
      host.end(exchange);
    }
  }

  #count(counted: HostStatistics, response: Response, startedAt: number): void {
    const { status, body } = response;
    const date = this.#clock.date();
    counted.answered(date, this.#clock.now() - startedAt);
    if (status >= 500 || status === 429) counted.failed(String(status), date, `it answers ${status}`);
    const ended = () => counted.ended(this.#clock.now() - startedAt);
    if (body === null) ended();
    else addNotes(response, { ended });
  }

  #learn(error: unknown, { url, host, startedAt }: { url: string; host: HostRecord; startedAt: number }): void {
    if (error instanceof VaultError) {
      // A host that answered others meanwhile is not silent: one URL is slow.
      const silent = error.code === "upstream_silent" && !host.answeredSince(startedAt);
      if (silent) this.#failed(url, host, { weight: Infinity, startedAt }, "it is silent");
      return;
    }
    const { kind, reason } = networkFailure(error);
    if (hostFailures.has(kind)) this.#failed(url, host, { weight: 1, startedAt, advice: adviceOn[kind] }, reason);
    else if (urlFailures.has(kind)) this.#failed(url, host, { weight: 1, ofUrl: true, startedAt }, reason);
  }

  #failed(
    url: string,
    host: HostRecord,
    { weight, ofUrl = false, startedAt, advice }: {
      weight: number;
      ofUrl?: boolean;
      startedAt?: number;
      advice?: string | undefined;
    },
    reason: string,
  ): void {
    const now = this.#clock.now();
    host.failed({ weight, url: ofUrl ? url : null, startedAt: startedAt ?? now, now, reason, advice });
    if (host.isFailing(now)) this.#warn(url, host, reason);
  }

  #answered(url: string, host: HostRecord): void {
    const seconds = host.answered(this.#clock.now());
    if (seconds !== null) this.#log.info(`Upstream ${shownOrigin(url)} answers again, after ${seconds} s`);
  }

  #warn(url: string, host: HostRecord, reason: string): void {
    if (host.isReported) return;
    host.report(this.#clock.now());
    this.#log.warning(
      `Upstream ${
        shownOrigin(url)
      } does not answer: ${reason}${host.advice}. Until it does, cached copies are served as they ` +
        "are, and requests for anything else may fail at once",
    );
  }

  #hostOf(url: string): HostRecord {
    const origin = originOf(url);
    const known = this.#hosts.get(origin);
    if (known) return known;
    const host = new HostRecord();
    this.#hosts.set(origin, host);
    return host;
  }
}

/**
 * Reports the outcome of each request to `health`, redirects and token servers included, and refuses requests to a host
 * that is down.
 */
export function withHealth(fetch: Fetch, health: UpstreamHealth): Fetch {
  return (request) => health.send(fetch, request);
}

function downError(url: string, host: HostRecord, restMs: number): VaultError {
  const retryAfterSeconds = Math.max(1, Math.ceil(restMs / 1000));
  return new VaultError(
    "upstream_down",
    `Cannot fetch "${shownUrl(url)}": its host is down (${host.reason}), and is asked again in ${retryAfterSeconds} s`,
    { retryAfterSeconds },
  );
}

/** The kind and the reason of a failure without an answer. */
function failureOf(error: unknown): { readonly kind: string; readonly reason: string } {
  if (!(error instanceof VaultError)) return networkFailure(error);
  const isSilent = error.code === "upstream_silent";
  return { kind: isSilent ? "silent" : error.code, reason: isSilent ? "it is silent" : inWords(error.message) };
}

/** A message without the URL at its beginning, whose path may be long or private. */
function inWords(message: string): string {
  return message.replace(/^Cannot fetch "[^"]*": /, "");
}

function originOf(url: string): string {
  return URL.parse(url)?.origin ?? url;
}

function shownOrigin(url: string): string {
  return `"${originOf(url)}"`;
}
