import assert from "node:assert/strict";
import type { AppFixture } from "../support/app_fixture.ts";
import { startApp } from "../support/app_fixture.ts";
import { type FakeUpstream, startFakeUpstream } from "../support/fake_upstream.ts";
import { waitUntil } from "../support/wait_until.ts";
import { askApi } from "./ask_api.ts";

const encoder = new TextEncoder();

/**
 * Sends 200 requests of every kind: hits, misses, stale and revalidated copies, 206, 304, 404, 405, 416, 502, HEAD,
 * clients that share a transfer, strangers.
 */
async function sendRequests(app: AppFixture, upstream: FakeUpstream): Promise<void> {
  const headers = { "cache-control": "max-age=3600" };
  for (let file = 0; file < 20; file++) {
    upstream.serve(`/f${file}`, { body: encoder.encode("x".repeat(1000 + file)), headers, etag: '"1"' });
  }
  upstream.serve("/stale", { body: "old", headers: { "cache-control": "max-age=0" }, etag: '"s"' });
  upstream.serve("/gone", { status: 404 });
  upstream.serve("/broken", { status: 503 });
  await Promise.all(Array.from({ length: 20 }, () => app.ask("/files/f0")));
  for (let round = 0; round < 6; round++) {
    for (let file = 0; file < 20; file++) await app.ask(`/files/f${file}`);
  }
  for (let nth = 0; nth < 10; nth++) {
    await app.ask("/files/stale");
    await app.ask("/files/gone");
  }
  for (let nth = 0; nth < 5; nth++) {
    await app.ask("/files/broken");
    await app.ask("/nowhere/x");
    await app.ask(`/files/f${nth}`, { headers: { range: "bytes=0-9" } });
    await app.ask(`/files/f${nth}`, { headers: { range: "bytes=9999-" } });
    await app.ask(`/files/f${nth}`, { headers: { "if-none-match": '"1"' } });
    await app.ask(`/files/f${nth}`, { method: "POST" });
    await app.ask(`/files/f${nth}?other`, { method: "HEAD" });
    await app.ask(`/files/f${nth}`, { method: "HEAD" });
  }
}

interface Counted {
  readonly requests: number;
  readonly hits: number;
  readonly misses: number;
  readonly sentBytes: number;
}

/** What the access log says of the backend. */
function countedInLog(lines: readonly string[]): Counted {
  const pattern = /^\w+ (?:cache (\w+)|request) files \S+ (\d+) (\d+) bytes /;
  const found = lines.flatMap((line) => {
    const [all, cache = "none", , bytes] = pattern.exec(line) ?? [];
    return all === undefined ? [] : [{ cache, bytes: Number(bytes) }];
  });
  const of = (...caches: string[]) => found.filter(({ cache }) => caches.includes(cache)).length;
  return {
    requests: found.length,
    hits: of("hit", "stale", "revalidated"),
    misses: of("miss"),
    sentBytes: found.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

Deno.test("after 200 requests the log, the metrics, their JSON, the API and the history say the same", async () => {
  await using upstream = startFakeUpstream();
  await using app = await startApp({ upstream: upstream.origin });
  await sendRequests(app, upstream);
  // The line of an answer is written when its body has ended, which may be after its client has read it.
  await waitUntil("all lines are in the log", () => app.lines.filter((line) => / client 127/.test(line)).length >= 200);
  const log = countedInLog(app.lines);
  assert.equal(log.requests, 195);

  const stats = await askApi(app, "/stats");
  const { total, backends: [files] } = stats.body;
  assert.deepEqual(total, { ...log, errors: 5, fetchedBytes: await app.metric("vault_fetched_bytes_total") });
  assert.deepEqual({ ...files, ...total }, files);

  const inMetrics = {
    requests: await app.metric("vault_requests_total", 'backend="files"'),
    hits: await app.metric("vault_requests_total", 'backend="files"', 'cache="hit"') +
      await app.metric("vault_requests_total", 'backend="files"', 'cache="revalidated"') +
      await app.metric("vault_requests_total", 'backend="files"', 'cache="stale"'),
    misses: await app.metric("vault_requests_total", 'backend="files"', 'cache="miss"'),
    sentBytes: await app.metric("vault_sent_bytes_total", 'backend="files"'),
  };
  assert.deepEqual(inMetrics, log);

  const { requests, cache_hit_rate, total_bytes_served } = JSON.parse((await app.ask("/metrics?format=json")).text);
  assert.deepEqual(requests, { files: log.requests });
  assert.equal(cache_hit_rate, log.hits / (log.hits + log.misses));
  assert.equal(stats.body.hitRate, cache_hit_rate);
  assert.equal(total_bytes_served, log.sentBytes);

  const history = (await askApi(app, "/history")).body;
  for (const sum of [history.hour, history.day, history.month]) {
    assert.deepEqual(sum, { total, backends: { files: total } });
  }

  const recent = (await askApi(app, "/requests")).body;
  const inLog = app.lines.filter((line) => / client 127/.test(line) && !/ none \/-?\/?(?:metrics|-)/.test(line));
  assert.deepEqual(
    recent.map(({ requestId, status }: { requestId: string; status: number }) => `${requestId} ${status}`),
    inLog.slice(-50).reverse().map((line) =>
      `${/ id ([\w-]+)/.exec(line)![1]} ${/ \S+ (\d{3}) \d+ bytes/.exec(line)![1]}`
    ),
  );
});
