import assert from "node:assert/strict";
import { HitCounts } from "../../src/status/hit_counts.ts";
import { ProblemGroups } from "../../src/status/problem_groups.ts";
import { explanations } from "../../src/status/problem_texts.ts";
import { reasonOf, RecentRequests } from "../../src/status/recent_requests.ts";
import { secondsLeft } from "../../src/status/running_status.ts";
import type { Access } from "../../src/server/access_line.ts";

const access: Access = {
  ...{ method: "GET", path: "/files/a", backend: "files", status: 200, cache: "hit", bytes: 1, ms: 1 },
  ...{ client: "127.0.0.1", requestId: "id", upstream: "", reason: "", note: "" },
};

Deno.test("the last 50 requests are kept, the latest first, with the name of their entry", () => {
  const recent = new RecentRequests(() => 7000);
  for (let number = 0; number < 120; number++) {
    const key = number % 2 === 0 ? `/${number}` : null;
    recent.add({ access: { ...access, path: `/files/${number}` }, code: null, key });
  }
  const list = recent.list();
  assert.deepEqual([list.length, recent.count], [50, 120]);
  assert.deepEqual(list.slice(0, 2).map(({ path, entry, at }) => [path, entry, at]), [
    ["/files/119", "", 7000],
    ["/files/118", "files/118", 7000],
  ]);
  assert.equal(list.at(-1)!.path, "/files/70");
});

Deno.test("requests a second are those of the last ten complete seconds", () => {
  let now = 100_000;
  const recent = new RecentRequests(() => now);
  const ask = (times: number) => {
    for (let time = 0; time < times; time++) recent.add({ access, code: null, key: null });
  };
  ask(30);
  assert.equal(recent.perSecond(), 0, "the second is not over");
  now += 1000;
  assert.equal(recent.perSecond(), 3);
  ask(20);
  now += 1000;
  assert.equal(recent.perSecond(), 5);
  now += 8999;
  assert.equal(recent.perSecond(), 5);
  now += 1;
  assert.equal(recent.perSecond(), 2);
  now += 3_600_000;
  assert.equal(recent.perSecond(), 0);
});

Deno.test("a request says in words why upstream was asked, and what came of it", () => {
  const cases: readonly [asked: Partial<Parameters<typeof reasonOf>[0]>, words: string][] = [
    [{ cache: "hit" }, ""],
    [{ cache: "bypass" }, "passed on to upstream; nothing is cached of such a request"],
    [{ cache: "miss", reason: "not cached" }, "not cached; fetched"],
    [{ cache: "miss", reason: "not cached", status: 404 }, "not cached"],
    [{ cache: "miss", reason: "not cached", note: "interrupted: it is silent" }, "not cached"],
    [{ cache: "miss", reason: "stale" }, "stale; upstream sent it anew"],
    [{ cache: "revalidated", reason: "stale" }, "stale; upstream says that it has not changed"],
    [{ cache: "stale", reason: "stale" }, "stale; upstream did not answer well, so the stale copy was served"],
  ];
  for (const [asked, words] of cases) assert.equal(reasonOf({ ...access, ...asked }), words);
});

Deno.test("the busiest entries are counted, however many others there are", () => {
  const hits = new HitCounts();
  for (let round = 0; round < 3; round++) {
    for (let number = 0; number < 5000; number++) {
      hits.add(`rare-${round}-${number}`);
      if (number % 10 === 0) { for (const name of ["first", "first", "second"]) hits.add(name); }
    }
  }
  assert.deepEqual(hits.most(2), [{ name: "first", hits: 3000 }, { name: "second", hits: 1500 }]);
  assert.ok(hits.most(1e6).length <= 2000);
});

Deno.test("problems are grouped by what they are and where, the latest first; faults of clients are none", () => {
  let now = 1;
  const groups = new ProblemGroups(() => now++);
  const failed = (code: Parameters<ProblemGroups["failed"]>[0], more: Partial<Access>) =>
    groups.failed(code, { ...access, ...more });
  failed("upstream_silent", { note: "first", path: "/files/1" });
  failed("upstream_silent", { backend: "other", note: "elsewhere" });
  failed("not_found", {});
  groups.noticed("damaged_body", "files");
  failed("upstream_silent", { note: "second", path: "/files/2", requestId: "later" });
  failed("unknown_route", { backend: "none" });
  const byBrowsers = [
    "/favicon.ico",
    "/favicon.ico?v=1",
    "/robots.txt",
    "/apple-touch-icon-120x120.png",
    "/.well-known/x",
  ];
  for (const path of byBrowsers) failed("unknown_route", { backend: "none", path });
  const shown = groups.list().map(({ code, backend, count, firstAt, lastAt, message, path }) =>
    [code, backend, count, firstAt, lastAt, message, path].join(" ")
  );
  assert.deepEqual(shown, [
    "unknown_route  1 5 5  /files/a",
    "upstream_silent files 2 1 4 second /files/2",
    "damaged_body files 1 3 3  ",
    "upstream_silent other 1 2 2 elsewhere /files/a",
  ]);
  for (let number = 0; number < 300; number++) failed("cache_full", { backend: `backend-${number}` });
  assert.deepEqual([groups.list().length, groups.list()[0]!.backend], [100, "backend-299"]);
});

Deno.test("each problem has a title without a full stop, and advice that is a sentence", () => {
  for (const [code, { title, advice }] of Object.entries(explanations)) {
    assert.match(title, /^[A-Z].*[^.]$/, code);
    assert.match(advice, /^[A-Za-z].{20,}[^.]$/, code);
  }
});

Deno.test("the time that is left is told of what moves and has a size", () => {
  const moving = {
    ...{ backend: "files", key: "/a", upstream: "a.example", since: 0, followers: 1 },
    ...{ receivedBytes: 50, sizeBytes: 100, bytesPerSecond: 20, silentSeconds: 4 },
  };
  assert.equal(secondsLeft(moving), 3);
  for (const more of [{ silentSeconds: 5 }, { sizeBytes: null }, { bytesPerSecond: 0 }]) {
    assert.equal(secondsLeft({ ...moving, ...more }), null, JSON.stringify(more));
  }
});
