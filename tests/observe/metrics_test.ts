import assert from "node:assert/strict";
import { FakeNow } from "../support/fake_now.ts";
import { Metrics } from "../../src/observe/metrics.ts";

function create(): Metrics {
  return new Metrics({
    version: "1.2.3",
    backends: ["http", "pypi"],
    cacheBytes: () => 4096,
    upstreams: () => [],
    transfers: () => [],
  });
}

const hit = { backend: "http", method: "GET", status: 200, cache: "hit" };

Deno.test("requests are counted by backend, method, status and cache result", () => {
  const metrics = create();
  metrics.requestEnded(hit, 100, 0.002);
  metrics.requestEnded(hit, 50, 0.2);
  metrics.requestEnded({ ...hit, cache: "miss", status: 206 }, 7, 20);
  const { body, contentType } = metrics.exposition();
  assert.equal(contentType, "text/plain; version=0.0.4; charset=utf-8");
  for (
    const line of [
      'vault_requests_total{backend="http",method="GET",status="200",cache="hit"} 2',
      'vault_requests_total{backend="http",method="GET",status="206",cache="miss"} 1',
      'vault_sent_bytes_total{backend="http"} 157',
      'vault_request_duration_seconds_bucket{backend="http",cache="hit",le="0.001"} 0',
      'vault_request_duration_seconds_bucket{backend="http",cache="hit",le="0.005"} 1',
      'vault_request_duration_seconds_bucket{backend="http",cache="hit",le="+Inf"} 2',
      'vault_request_duration_seconds_count{backend="http",cache="miss"} 1',
      'vault_request_duration_seconds_sum{backend="http",cache="miss"} 20',
    ]
  ) assert.ok(body.includes(`${line}\n`), line);
});

Deno.test("what alerts wait for is 0 before there is any, and the original tool's statistics do not show them", () => {
  const metrics = create();
  metrics.addBackends(["npm"]);
  const { body } = metrics.exposition();
  for (const backend of ["http", "npm"]) {
    for (const cache of ["hit", "miss"]) {
      const labels = `backend="${backend}",method="GET",status="200",cache="${cache}"`;
      assert.ok(body.includes(`vault_requests_total{${labels}} 0\n`), labels);
    }
  }
  assert.ok(body.includes('vault_errors_total{backend="none",code="overloaded"} 0\n'));
  assert.ok(body.includes('vault_upstream_failures_total{backend="npm",reason="407"} 0\n'));
  assert.deepEqual(metrics.statistics().requests, {});
});

Deno.test("a backend that was added later, or is known by its clients alone, counts in every sum", () => {
  const metrics = create();
  metrics.addBackends(["npm"]);
  for (const backend of ["http", "npm", "registry.example"]) metrics.digestMismatched(backend);
  metrics.bytesFetched("npm", 7);
  assert.ok(metrics.exposition().body.includes('vault_integrity_failures_total{where="arriving"} 3\n'));
  assert.equal(metrics.traffic().get("npm")?.fetchedBytes, 7);
});

Deno.test("a second scrape counts nothing twice", () => {
  const metrics = create();
  metrics.requestEnded(hit, 100, 0.002);
  metrics.exposition();
  const { body } = metrics.exposition();
  assert.ok(body.includes('vault_requests_total{backend="http",method="GET",status="200",cache="hit"} 1\n'));
  assert.ok(body.includes('vault_sent_bytes_total{backend="http"} 100\n'));
});

Deno.test("an upstream's quota is what it said last, and not there until it says so", () => {
  const metrics = create();
  assert.doesNotMatch((metrics.exposition()).body, /^vault_upstream_ratelimit_\w+\{/m);
  const told = { host: "a.example", name: "", resetSeconds: null };
  metrics.quotaTold("http", { ...told, limit: 100, remaining: 8 });
  metrics.quotaTold("http", { ...told, limit: null, remaining: 7 });
  const { body } = metrics.exposition();
  assert.ok(body.includes('vault_upstream_ratelimit_remaining{backend="http",host="a.example"} 7\n'));
  assert.ok(body.includes('vault_upstream_ratelimit_limit{backend="http",host="a.example"} 100\n'));
});

Deno.test("of the limits of a host, the one that is used up most counts, until its time is over", () => {
  const metrics = create();
  using now = new FakeNow();
  const told = (name: string, remaining: number, resetSeconds: number | null) =>
    metrics.quotaTold("hub", { host: "a.example", name, limit: 100, remaining, resetSeconds });
  told("resolvers", 90, 300);
  told("api", 10, 60);
  told("pages", 20, null);
  assert.deepEqual(metrics.quotaOf("a.example"), { remaining: 10, limit: 100 });
  now.advance(61_000);
  assert.deepEqual(metrics.quotaOf("a.example"), { remaining: 20, limit: 100 });
  assert.equal(metrics.quotaOf("b.example"), null);
  const { body } = metrics.exposition();
  assert.ok(body.includes('vault_upstream_ratelimit_remaining{backend="hub",host="a.example",name="pages"} 20\n'));
  assert.doesNotMatch(body, /ratelimit_\w+\{.*name="api"/);
  for (let number = 0; number < 1000; number++) told(`name-${number}`, 1, null);
  assert.ok(metrics.exposition().body.length < 100_000);
});

Deno.test("the engine's events are counted", () => {
  const metrics = create();
  metrics.transferStarted("http");
  metrics.transferStarted("http");
  metrics.transferEnded("http", "stored");
  metrics.followerJoined("http");
  metrics.bytesFetched("http", 1000);
  metrics.upstreamResumed("http");
  metrics.upstreamFailed("http", "503");
  metrics.digestMismatched("pypi");
  metrics.storeFailed("pypi");
  metrics.responseAborted("http");
  metrics.evicted(3, 300);
  metrics.expired(2, 200);
  const { body } = metrics.exposition();
  for (
    const line of [
      'vault_transfers_in_progress{backend="http"} 1',
      'vault_transfers_total{backend="http",outcome="stored"} 1',
      'vault_collapsed_requests_total{backend="http"} 1',
      'vault_fetched_bytes_total{backend="http"} 1000',
      'vault_upstream_resumes_total{backend="http"} 1',
      'vault_upstream_failures_total{backend="http",reason="503"} 1',
      'vault_digest_mismatches_total{backend="pypi"} 1',
      'vault_digest_mismatches_total{backend="http"} 0',
      'vault_store_failures_total{backend="pypi"} 1',
      'vault_aborted_responses_total{backend="http"} 1',
      "vault_evicted_blobs_total 3",
      "vault_evicted_bytes_total 300",
      "vault_expired_blobs_total 2",
      "vault_expired_bytes_total 200",
      "vault_cache_bytes 4096",
      `vault_build_info{version="1.2.3",deno="${Deno.version.deno}"} 1`,
    ]
  ) assert.ok(body.includes(`${line}\n`), line);
});

Deno.test("every metric has one HELP and one TYPE, and its lines follow them", () => {
  const metrics = create();
  metrics.requestEnded(hit, 1, 1);
  const { body } = metrics.exposition();
  const names = [...body.matchAll(/^# TYPE (\S+) (counter|gauge|histogram)$/gm)].map(([, name]) => name!);
  assert.equal(new Set(names).size, names.length);
  let current = "";
  for (const line of body.split("\n").filter((line) => line !== "")) {
    const [, kind, name] = /^# (HELP|TYPE) (\S+) /.exec(line) ?? [];
    if (kind === "HELP") current = name!;
    else assert.ok(line.startsWith(kind === "TYPE" ? `# TYPE ${current} ` : current), line);
  }
});

Deno.test("a backend's name cannot break the exposition", () => {
  const metrics = create();
  metrics.requestEnded({ ...hit, backend: 'a"b\\c\nd' }, 1, 1);
  const { body } = metrics.exposition();
  assert.ok(body.includes('vault_request_duration_seconds_count{backend="a\\"b\\\\c\\nd",cache="hit"} 1\n'));
});

Deno.test("the original's statistics leave out what belongs to no backend", () => {
  const metrics = create();
  assert.equal(metrics.statistics().cache_hit_rate, 0);
  for (const cache of ["hit", "stale", "revalidated", "miss"]) metrics.requestEnded({ ...hit, cache }, 10, 1);
  metrics.requestEnded({ ...hit, backend: "pypi", cache: "error", status: 502 }, 5, 1);
  metrics.requestEnded({ ...hit, backend: "none", cache: "none" }, 1000, 1);
  const { uptime, ...rest } = metrics.statistics();
  assert.ok(uptime >= 0);
  assert.deepEqual(rest, { requests: { http: 4, pypi: 1 }, cache_hit_rate: 0.75, total_bytes_served: 45 });
});

Deno.test("followers of transfers are counted at each scrape, by backend", () => {
  const transfers = [{ backend: "http", followers: 2 }, { backend: "http", followers: 1 }];
  const options = { version: "1", backends: ["http", "pypi"], cacheBytes: () => 0, upstreams: () => [] };
  const metrics = new Metrics({ ...options, transfers: () => transfers });
  const linesOf = () => metrics.exposition().body.match(/^vault_transfer_followers\{.*/gm);
  const idle = ['vault_transfer_followers{backend="http"} 0', 'vault_transfer_followers{backend="pypi"} 0'];
  assert.deepEqual(linesOf(), ['vault_transfer_followers{backend="http"} 3', idle[1]]);
  transfers.length = 0;
  assert.deepEqual(linesOf(), idle);
});
