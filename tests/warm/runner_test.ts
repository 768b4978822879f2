import assert from "node:assert/strict";
import { startFakeUpstream } from "../support/fake_upstream.ts";
import { Pattern } from "../support/pattern.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { waitUntil } from "../support/wait_until.ts";
import { openWarmScene } from "./scene.ts";

function files(origin: string, more: object = {}): unknown {
  return { type: "http", name: "files", config: { base_url: origin, retries: 0, ttl: "1h", ...more } };
}

Deno.test("paths and URLs are fetched once, and a second run downloads nothing", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: "aa" });
  upstream.serve("/b", { body: "bbb" });
  await using scene = await openWarmScene([files(upstream.origin)]);
  const lines = ["/files/{a,b}", `${upstream.origin}/a`, "/files/a"];
  const first = await scene.warm(lines);
  assert.deepEqual(first.outcomes, {
    "/files/a": { kind: "new", sizeBytes: 2 },
    "/files/b": { kind: "new", sizeBytes: 3 },
  });
  assert.equal(upstream.requests.length, 2);
  const second = await scene.warm(lines);
  assert.deepEqual(second.outcomes, {
    "/files/a": { kind: "cached", sizeBytes: 2 },
    "/files/b": { kind: "cached", sizeBytes: 3 },
  });
  assert.equal(upstream.requests.length, 2);
});

Deno.test("what fails is said with its reason, and the rest goes on", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: "aa" });
  upstream.serve("/private", { body: "me", headers: { "cache-control": "private" } });
  await using scene = await openWarmScene([files(upstream.origin, { ttl: undefined })]);
  const { outcomes, failures } = await scene.warm(["/files/none", "/files/private", "nothing:x", "/files/a", "/else"]);
  assert.deepEqual(Object.keys(outcomes).sort(), ["/else", "/files/a", "/files/none", "/files/private"]);
  assert.equal(outcomes["/files/a"]!.kind, "new");
  const reasonOf = (name: string) => {
    const outcome = outcomes[name]!;
    return outcome.kind === "failed" ? outcome.reason : outcome.kind;
  };
  assert.match(reasonOf("/files/none"), /upstream answered 404/);
  assert.match(reasonOf("/files/private"), /forbids caches to store it/);
  assert.match(reasonOf("/else"), /Nothing is served at "\/else"/);
  assert.match(failures.join(), /^list:3: "nothing:x" is no line of a list/);
});

Deno.test("a stale copy that cannot be revalidated is a failure", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: "aa" });
  await using scene = await openWarmScene([files(upstream.origin, { ttl: "0s" })]);
  assert.equal((await scene.warm(["/files/a"])).counts, "new 1");
  upstream.serve("/a", { status: 503 });
  const { outcomes } = await scene.warm(["/files/a"]);
  assert.deepEqual(outcomes["/files/a"], {
    kind: "failed",
    reason: "the cached copy is stale, and could not be revalidated upstream",
  });
});

Deno.test("what upstream sends again with the same bytes is cached, and other bytes are new", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: "aa" });
  await using scene = await openWarmScene([files(upstream.origin, { ttl: "0s" })]);
  const counts = [];
  for (const body of ["aa", "aa", "bb"]) {
    upstream.serve("/a", { body });
    counts.push((await scene.warm(["/files/a"])).counts);
  }
  assert.deepEqual(counts, ["new 1", "cached 1", "new 1"]);
  assert.equal(upstream.count("/a", "GET"), 3);
});

Deno.test("a dry run asks with HEAD, and fetches nothing", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: "aa" });
  upstream.serve("/b", { body: "bbb" });
  await using scene = await openWarmScene([files(upstream.origin)]);
  await scene.warm(["/files/a"]);
  const { outcomes } = await scene.warm(["/files/{a,b,c}"], { dryRun: true });
  assert.deepEqual(outcomes, {
    "/files/a": { kind: "cached", sizeBytes: 2 },
    "/files/b": { kind: "planned", sizeBytes: 3 },
    "/files/c": { kind: "failed", reason: "the vault answered 404 (not_found)" },
  });
  assert.equal(upstream.count("/b", "GET"), 0);
});

Deno.test("never more is under way than there are jobs", async () => {
  await using upstream = startFakeUpstream();
  for (let n = 1; n <= 6; n++) upstream.serve(`/${n}`, { body: "x" });
  const holds = [1, 2, 3].map((n) => upstream.hold(`/${n}`));
  await using scene = await openWarmScene([files(upstream.origin)]);
  const running = scene.warm(["/files/[1-6]"], { jobs: 2 });
  await Promise.all(holds.slice(0, 2).map((hold) => hold.reached));
  assert.equal(upstream.requests.length, 2);
  for (const hold of holds) hold.release();
  assert.equal((await running).counts, "new 6");
});

Deno.test("a run that is stopped ends at once, and the next program resumes what came", async () => {
  await using upstream = startFakeUpstream();
  await using dir = await createTempDir();
  upstream.serve("/big", { body: new Pattern(4 * 1024 * 1024), etag: '"1"' });
  const hold = upstream.hold("/big", 2 * 1024 * 1024);
  const controller = new AbortController();
  const scene = await openWarmScene([files(upstream.origin)], { cache_dir: dir.path });
  const running = scene.warm(["/files/big"], { signal: controller.signal });
  await hold.reached;
  await waitUntil("half of it is here", () => scene.app.arrivingBytes() === 2 * 1024 * 1024);
  controller.abort(new Error("stopped"));
  await assert.rejects(running, /stopped/);
  await scene.app.close(0);
  hold.release();
  await using later = await openWarmScene([files(upstream.origin)], { cache_dir: dir.path });
  assert.equal((await later.warm(["/files/big"])).counts, "new 1");
  assert.match(upstream.requests.at(-1)!.range ?? "", /^bytes=[1-9]\d*-$/);
});
