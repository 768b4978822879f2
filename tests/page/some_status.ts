import { noTraffic } from "../../src/observe/traffic.ts";
import type { HistoryReport } from "../../src/status/history_report.ts";
import type { InventorySummary } from "../../src/status/inventory.ts";
import type { RecentRequest } from "../../src/status/recent_request.ts";
import type { DiskStatus, Overview, Status, TransferView, UpstreamStatus } from "../../src/status/status.ts";

/** The time at which all of it happened, in ms since the epoch. */
export const happenedAt = Date.UTC(2026, 0, 31, 12);

const sum = { total: noTraffic, backends: {} };

export const overview: Overview = {
  ...{ wellbeing: "well", sentence: "All is well.", version: "1", runtime: "2", startedAt: happenedAt },
  ...{ isOffline: false, notReady: null, warnings: [], requestsUnderWay: 0, total: noTraffic, backends: [] },
  requestsPerSecond: 0,
};

export const upstream: UpstreamStatus = {
  ...{ origin: "https://a.example", backends: ["files"], state: "failing", failingSince: happenedAt },
  ...{ lastError: "it is silent", lastErrorAt: happenedAt, lastAnswerAt: null, requests: 1, failures: {} },
  ...{ retries: 0, firstByteMs: null, quota: null, login: "none" },
};

export const request: RecentRequest = {
  ...{ at: happenedAt, method: "GET", path: "/files/a", backend: "files", entry: "files/a", status: 200, cache: "hit" },
  ...{ bytes: 1, ms: 2, client: "192.0.2.1", requestId: "id", upstream: "", reason: "", note: "" },
};

export const transfer: TransferView = {
  ...{ name: "files/big", backend: "files", key: "/big", upstream: "a.example", since: happenedAt, followers: 2 },
  ...{ receivedBytes: 50, sizeBytes: 100, bytesPerSecond: 10, silentSeconds: 0, secondsLeft: 5 },
};

const entry = { name: "files/a", backend: "files", sizeBytes: 1, storedAt: happenedAt, usedAt: null, isUnused: true };

export const summary: InventorySummary = {
  ...{ at: happenedAt, isReading: false, entriesRead: 0, entries: 1, mostUsed: [{ name: "files/a", hits: 3 }] },
  backends: [{ name: "files", entries: 1, entryBytes: 1, unusedEntries: 1 }],
  ...{ largest: [entry], newest: [entry], neverUsed: [entry] },
};

export const disk: DiskStatus = {
  ...{ directory: "/cache", cacheBytes: 10, maxBytes: 100, freeBytes: 1000, diskBytes: 2000, minFreeBytes: 5 },
  ...{ growthBytesPerDay: null, fullAt: null },
};

const history: HistoryReport = { now: sum, hour: sum, day: sum, month: sum, minutes: [], hours: [], days: [] };

/** A status of which everything is known beforehand. */
export const someStatus: Status = {
  overview: () => overview,
  upstreams: () => [upstream],
  transfers: () => [transfer],
  disk: () => disk,
  requests: () => [request],
  history: () => history,
  problems: () => [{
    ...{ code: "upstream_silent", title: "An upstream did not answer", advice: "Ask it", backend: "files", count: 2 },
    ...{ firstAt: happenedAt, lastAt: happenedAt, message: "it is silent", path: "/files/a", requestId: "id" },
  }],
  configuration: () => ({}),
  inventory: {
    summary: () => summary,
    known: () => summary,
    page: () => Promise.reject(new Error("not asked for")),
    sameBytes: () => Promise.resolve([]),
  },
};
