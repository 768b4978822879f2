import type { HistoryReport } from "./history_report.ts";
import type { Inventory } from "./inventory.ts";
import type { ProblemGroup } from "./problem_group.ts";
import type { RecentRequest } from "./recent_request.ts";
import type { Traffic } from "../observe/traffic.ts";
import type { TransferStatus } from "../vault/vault.ts";

/**
 * What a running vault knows of itself. Pages, API, metrics and the terminal view all read it here, so that they cannot
 * differ. Times are in ms since the epoch, sizes in bytes; nothing has credentials in it. All methods return at once.
 */
export interface Status {
  overview(): Overview;
  /** The upstream hosts, those of the configuration first. */
  upstreams(): readonly UpstreamStatus[];
  /** The transfers under way, those that began first first. */
  transfers(): readonly TransferView[];
  disk(): DiskStatus;
  /** The last requests to backends, the latest first, at most 50. */
  requests(): readonly RecentRequest[];
  history(): HistoryReport;
  /** What went wrong lately, the latest first. */
  problems(): readonly ProblemGroup[];
  /** The configuration that is in use, with its defaults and without secrets, keys as in YAML. */
  configuration(): Readonly<Record<string, unknown>>;
  /** What is in the cache. */
  readonly inventory: Inventory;
}

/** How the vault is, in one word: all is well, something needs a look, or clients get errors. */
export type Wellbeing = "well" | "troubled" | "failing";

/** The answer to "is it well?". */
export interface Overview {
  readonly wellbeing: Wellbeing;
  /** The same in a sentence. */
  readonly sentence: string;
  readonly version: string;
  /** The version of the runtime, such as `2.9.6`. */
  readonly runtime: string;
  readonly startedAt: number;
  readonly isOffline: boolean;
  /** Why `/-/readyz` says that it is not ready; null where it is. */
  readonly notReady: string | null;
  /** What is wrong with the configuration or the machine, a sentence each; none where nothing is. */
  readonly warnings: readonly string[];
  /** The requests that are being answered now. */
  readonly requestsUnderWay: number;
  /** Since the start, for all backends together and for each. */
  readonly total: Traffic;
  readonly backends: readonly BackendTraffic[];
  /** The requests to backends in the last complete second, averaged over ten. */
  readonly requestsPerSecond: number;
}

export interface BackendTraffic extends Traffic {
  readonly name: string;
  /** As in the configuration: `http`, `pypi` … */
  readonly type: string;
  readonly prefix: string;
}

/**
 * `unknown` before it was asked; `answers`; `slow` while a question is open for long; `failing` where single URLs fail,
 * or it has failed just now; `down` where it is not asked for a moment, since it gave nothing but failures.
 */
export type UpstreamState = "unknown" | "answers" | "slow" | "failing" | "down";

/**
 * The vault's credentials at an upstream: `none` are configured; `set`, but not sent yet; `accepted` or `refused` when
 * they were last sent.
 */
export type UpstreamLogin = "none" | "set" | "accepted" | "refused";

export interface UpstreamStatus {
  /** Scheme and host, perhaps with a port. */
  readonly origin: string;
  /** The backends whose configuration names it; none for one that upstreams redirect to or name. */
  readonly backends: readonly string[];
  readonly state: UpstreamState;
  /** When the failures began that go on; null where none do. */
  readonly failingSince: number | null;
  /** The last failure in words, also where it is over; null for none. */
  readonly lastError: string | null;
  readonly lastErrorAt: number | null;
  readonly lastAnswerAt: number | null;
  /** The exchanges with it since the start, those without an answer included. */
  readonly requests: number;
  /** The number of failures by kind: `dns`, `refused`, `silent`, `503` … */
  readonly failures: Readonly<Record<string, number>>;
  /** How often a request was repeated. */
  readonly retries: number;
  /** The mean time to the first byte of an answer, in ms, over the last answers; null before there is one. */
  readonly firstByteMs: number | null;
  /** The requests that it still allows, where it says so; else null. */
  readonly quota: UpstreamQuota | null;
  readonly login: UpstreamLogin;
}

export interface UpstreamQuota {
  readonly remaining: number;
  /** Null where it does not say. */
  readonly limit: number | null;
}

/** Of a transfer that nothing has come of for so long, the average speed says nothing about its end. */
export const silentAfterSeconds = 5;

/** A transfer under way, as it is shown. */
export interface TransferView extends TransferStatus {
  /** The name of its entry: backend and key. */
  readonly name: string;
  /** The seconds that are left at this speed; null where that cannot be told. */
  readonly secondsLeft: number | null;
}

export interface DiskStatus {
  readonly directory: string;
  readonly cacheBytes: number;
  /** `cache_max_size`; null without it. */
  readonly maxBytes: number | null;
  /** What is free on the disk, and how large it is; null where the system does not tell. */
  readonly freeBytes: number | null;
  readonly diskBytes: number | null;
  /** What the cache leaves free. */
  readonly minFreeBytes: number;
  /** By how much the cache grows, as of the last days; null before that is known. */
  readonly growthBytesPerDay: number | null;
  /** When it meets its limits at this rate; null where it does not grow, or that is not known. */
  readonly fullAt: number | null;
}
