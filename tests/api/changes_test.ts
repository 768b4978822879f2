import assert from "node:assert/strict";
import { damageBlobs } from "../support/cache_dir.ts";
import { startWithFiles } from "../support/cached_files.ts";
import type { AppFixture } from "../support/app_fixture.ts";
import { waitUntil } from "../support/wait_until.ts";
import { type ApiAnswer, askApi, postApi } from "./ask_api.ts";

/** Starts a job and waits for its end. */
async function finish(app: AppFixture, path: string, body: unknown) {
  const started = await postApi(app, path, body);
  assert.equal(started.status, 202, JSON.stringify(started.body));
  const at = started.headers.get("location")!;
  assert.equal(at, `/-/api/v1/jobs/${started.body.id}`);
  return await waitUntil(`${path} has ended`, async () => {
    const { body: job } = await askApi(app, `/jobs/${started.body.id}`);
    return job.state === "running" ? undefined : job;
  });
}

Deno.test("purge removes entries by name, and the next client causes a fetch", async () => {
  await using scene = await startWithFiles(["/a", "/b"]);
  const { app, upstream } = scene;
  const planned = await finish(app, "/purge", { patterns: ["files/a"], dryRun: true });
  assert.deepEqual([planned.state, planned.result.entries, planned.result.names], ["done", 1, ["files/a"]]);
  assert.equal(app.held().entries, 2);
  const purged = await finish(app, "/purge", { patterns: ["files/a"] });
  assert.deepEqual([purged.result.entries, purged.result.bodies], [1, 1]);
  assert.equal((await askApi(app, "/entries/files/a")).status, 404);
  await app.ask("/files/a");
  assert.equal(upstream.count("/a"), 2, "the copy in memory is forgotten");
  assert.equal(upstream.count("/b"), 1);
});

Deno.test("everything is removed only where that is confirmed, and what is pinned only where that is said", async () => {
  await using scene = await startWithFiles(["/a", "/b"]);
  const { app } = scene;
  const unconfirmed = await finish(app, "/purge", { patterns: ["**"] });
  assert.equal(unconfirmed.state, "failed");
  assert.match(unconfirmed.error, /everything in the cache, 2 entries: confirm it with all/);
  assert.deepEqual((await postApi(app, "/pin", { patterns: ["files/a"] })).body, { added: ["files/a"], known: [] });
  assert.deepEqual((await postApi(app, "/pin", { patterns: ["files/a"] })).body, { added: [], known: ["files/a"] });
  assert.equal((await askApi(app, "/pins")).body[0].pattern, "files/a");
  assert.match((await finish(app, "/purge", { patterns: ["files/a"] })).error, /pinned, such as "files\/a"/);
  const unpinned = await postApi(app, "/unpin", { patterns: ["files/a", "files/z"] });
  assert.deepEqual(unpinned.body, { removed: ["files/a"], unknown: ["files/z"] });
  assert.equal((await finish(app, "/purge", { patterns: ["**"], all: true })).result.entries, 2);
  assert.equal(app.held().blobs, 0);
});

Deno.test("evict frees space, verify finds damage, and both leave the time at which they were done", async () => {
  await using scene = await startWithFiles(["/a", "/b"]);
  const { app } = scene;
  damageBlobs(app.cacheDir, 1);
  const verified = await finish(app, "/verify", { repair: true });
  assert.deepEqual([verified.result.damaged, verified.result.removed, verified.result.fetched], [1, 1, 1]);
  assert.deepEqual(verified.result.damages.map(({ what }: { what: string }) => what), ["damaged_body"]);
  assert.equal(await app.metric("vault_integrity_failures_total", 'where="stored"'), 1);
  assert.deepEqual((await askApi(app, "/problems")).body.map(({ code }: { code: string }) => code), ["damaged_body"]);
  const evicted = await finish(app, "/evict", { toBytes: 0 });
  assert.equal(evicted.result.leftBytes, 0);
  assert.equal(app.held().blobs, 0);
  for (const what of ["verify", "prune"]) {
    assert.ok(await app.metric("vault_last_done_time_seconds", `what="${what}"`) > 1.7e9, what);
  }
  assert.equal(await app.metric("vault_last_done_time_seconds", 'what="import"'), 0);
});

Deno.test("revalidate asks upstream although the copy is fresh", async () => {
  await using scene = await startWithFiles(["/a", "/b"]);
  const { app, upstream } = scene;
  upstream.serve("/b", { body: "another body", etag: '"new"' });
  const { result } = await finish(app, "/revalidate", { names: ["files/a", "files/none", "files/b"] });
  assert.deepEqual(
    result.entries.map(({ name, outcome }: { name: string; outcome: string }) => [name, outcome]),
    [["files/a", "revalidated"], ["files/none", "skipped"], ["files/b", "fetched"]],
  );
  assert.equal(upstream.requests.at(-1)!.headers.get("if-none-match"), '"/b"');
  assert.equal((await app.ask("/files/b")).text, "another body");
  assert.match((await finish(app, "/revalidate", { names: ["files/c"] })).error, /"files\/c" is not in the cache/);
});

Deno.test("warm fetches ahead what lines mean", async () => {
  await using scene = await startWithFiles(["/a"]);
  const { app, upstream } = scene;
  upstream.serve("/new", { body: "new" });
  const { result } = await finish(app, "/warm", {
    lines: ["/files/a", "/files/new", "/files/missing", "nonsense of a line"],
  });
  assert.deepEqual([result.new, result.cached, result.failed], [1, 1, 2]);
  assert.equal(result.failures.length, 2);
  assert.equal(upstream.count("/new"), 1);
  const refused = await postApi(app, "/warm", { lines: ["/files/a"], python: "3.12" });
  assert.deepEqual([refused.status, refused.body.code], [422, "config_invalid"]);
});

const changes = ["/purge", "/evict", "/verify", "/revalidate", "/warm", "/pin", "/unpin", "/stop"];

Deno.test("nothing is changed for others, nor by what makes no sense", async () => {
  await using scene = await startWithFiles(["/a", "/b"]);
  const { app } = scene;
  const strangers: readonly HeadersInit[] = [
    { "x-forwarded-for": "127.0.0.1" },
    { origin: "http://example.com" },
    { "sec-fetch-site": "cross-site" },
  ];
  const send = (path: string, body: string, headers: HeadersInit = {}): Promise<ApiAnswer> =>
    askApi(app, path, { method: "POST", body, headers: { "content-type": "application/json", ...headers } });
  const valid = JSON.stringify({ patterns: ["**"], all: true, pinned: true });
  const wrong = [
    "null",
    "[]",
    '"x"',
    "{",
    '{"patterns":[]}',
    '{"patterns":[""]}',
    '{"patterns":[1]}',
    '{"unknown":1}',
    '{"names":[]}',
    '{"toBytes":-1}',
    '{"toBytes":1,"unusedForMs":1}',
    `{"patterns":["${"x".repeat(5000)}"]}`,
    '{"__proto__":{"patterns":["**"]}}',
    '{"repair":"yes"}',
    '{"lines":[{}]}',
    '{"job":7}',
  ];
  for (const path of changes) {
    for (const headers of strangers) assert.equal((await send(path, valid, headers)).status, 403, path);
    assert.equal((await askApi(app, path)).status, 405);
    for (const body of wrong) {
      const { status, body: problem } = await send(path, body);
      const isAccepted = path === "/verify" && body === "{}";
      assert.ok(
        isAccepted || status === 400 || status === 422,
        `${path} ${body}: ${status} ${JSON.stringify(problem)}`,
      );
    }
    const form = await askApi(app, path, { method: "POST", body: new URLSearchParams({ patterns: "**" }) });
    assert.equal(form.status, 400);
    const large = await send(path, JSON.stringify({ patterns: ["x".repeat(2_000_000)] }));
    assert.equal(large.status, 413);
  }
  assert.equal(app.held().entries, 2);
  assert.deepEqual((await askApi(app, "/jobs")).body, []);
});
