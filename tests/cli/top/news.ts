import type { News } from "../../../src/cli/top/feed.ts";
import type { RecentRequest, Snapshot, Stats, Transfer, Upstream } from "../../../src/cli/top/snapshot.ts";

export const now = Date.UTC(2026, 10, 30, 12);
const mib = 1024 ** 2;
const longName = "npm/files/registry.npmjs.org/@a-scope-that-is-long/a-package/-/a-package-with-a-name-12.34.56.tgz";

export const stats: Stats = {
  wellbeing: "troubled",
  sentence: "https://registry.example.com does not answer well at the moment.",
  version: "1.2.3",
  startedAt: now - 3 * 3_600_000,
  requestsUnderWay: 3,
  requestsPerSecond: 12.5,
  hitRate: 0.931,
  total: { requests: 100, hits: 80, misses: 20, errors: 2, sentBytes: 0, fetchedBytes: 0 },
  disk: { cacheBytes: 12 * 1024 * mib, maxBytes: 100 * 1024 * mib, freeBytes: 40 * 1024 * mib },
};

const upstream: Upstream = {
  ...{ origin: "https://pypi.org", state: "answers", requests: 1234, firstByteMs: 45.2 },
  ...{ failingSince: null, lastError: null, lastErrorAt: null, quota: null, login: "none" },
};

export const transfer: Transfer = {
  ...{ name: longName, followers: 2, receivedBytes: 45 * mib, sizeBytes: 100 * mib },
  ...{ bytesPerSecond: 3 * mib, secondsLeft: 19 },
};

function request(at: number): RecentRequest {
  const isHit = at % 2 === 1;
  return {
    ...{ at: now - at * 1000, method: "GET", path: at % 3 === 0 ? `/${longName}` : "/pypi/simple/flask/" },
    ...{ status: at === 4 ? 502 : 200, cache: isHit ? "hit" : "revalidated", bytes: 1234 * at, ms: 3 * at },
    ...{ reason: isHit ? "" : "stale since 3 min; upstream says that it has not changed", note: "" },
  };
}

export const snapshot: Snapshot = {
  stats,
  upstreams: [
    { ...upstream, origin: "https://unasked.example.com", state: "unknown", requests: 0, firstByteMs: null },
    upstream,
    {
      ...{ origin: "https://registry.example.com", state: "failing", requests: 99, firstByteMs: 120, login: "refused" },
      ...{ failingSince: now - 60_000, lastError: "503 Service Unavailable", lastErrorAt: now - 5000 },
      quota: { remaining: 12, limit: 100 },
    },
  ],
  transfers: [transfer, { ...transfer, name: "files/unsized.iso", sizeBytes: null, secondsLeft: null }],
  requests: Array.from({ length: 30 }, (_, at) => request(at)),
  problems: [{
    ...{ title: "Upstream did not answer in time", backend: "pypi", count: 12, lastAt: now - 120_000 },
    message: "Cannot fetch it",
  }],
};

export const news: News = {
  url: "http://127.0.0.1:8080",
  snapshot,
  pace: { sentBytesPerSecond: 12 * mib, fetchedBytesPerSecond: 3 * mib, hitRate: 0.9 },
  raw: {},
  lost: null,
};
