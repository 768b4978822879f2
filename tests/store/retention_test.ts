import assert from "node:assert/strict";
import { retentionOf } from "../../src/config/retention.ts";
import { configOf } from "../support/app_fixture.ts";
import type { Entry } from "../../src/store/store.ts";
import { bytesOf, createRecordingLog, StoreFixture, type StoreFixtureOptions } from "../support/store_fixture.ts";
import { waitUntil } from "../support/wait_until.ts";
import { walk } from "../support/walk.ts";

const dayMs = 86_400_000;

/** Time that passes at once until the first pass, and then not at all. */
function onePass() {
  let passes = 0;
  const over = Promise.withResolvers<void>();
  return {
    /** Resolves when a pass is over. */
    over: over.promise,
    sleep(_ms: number, signal: AbortSignal): Promise<void> {
      if (passes++ === 0) return Promise.resolve();
      over.resolve();
      return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
    },
  };
}

interface Stored {
  readonly name: string;
  readonly body?: string;
  readonly usedDays: number;
}

/** The names of backend and key whose bodies are left after a pass, in their order. */
async function leftAfterPass(stored: readonly Stored[], options: StoreFixtureOptions): Promise<string[]> {
  await using fixture = new StoreFixture();
  const entries: Entry[] = [];
  for (const { name, body = name, usedDays } of stored) {
    const [backend = "", key = ""] = name.split("/");
    const entry = await fixture.put({ backend, key: `/${key}`, requestHeaders: [] }, bytesOf(body));
    const usedAt = new Date(Date.now() - usedDays * dayMs);
    Deno.utimeSync(fixture.blobPath(entry.sha256), usedAt, usedAt);
    entries.push(entry);
  }
  const pass = onePass();
  await fixture.restart({ ...options, retention: { ...options.retention!, sleep: pass.sleep } });
  await pass.over;
  const blobs = walk(`${fixture.root}/blobs`);
  return stored.map(({ name }) => name).filter((_, at) => blobs.some((path) => path.endsWith(entries[at]!.sha256)));
}

const thirtyDays = { keepMsOf: () => 30 * dayMs, keepUnnamedMs: 30 * dayMs };

Deno.test("what nobody has asked for in so long goes, once, and the log and the metrics say so", async () => {
  const log = createRecordingLog();
  const expired: [number, number][] = [];
  const left = await leftAfterPass(
    [{ name: "a/new", usedDays: 29 }, { name: "a/old", usedDays: 31 }, { name: "b/old", usedDays: 31 }],
    { retention: thirtyDays, log, events: { expired: (blobs, bytes) => void expired.push([blobs, bytes]) } },
  );
  assert.deepEqual([left, expired], [["a/new"], [[2, 2000]]]);
  const lines = log.lines.filter((line) => line.includes("retention"));
  assert.deepEqual(lines, ["INFO Removed 2 bodies, 2 KiB, that nobody has asked for in as long as retention allows"]);
});

Deno.test("each backend has its own retention, and a body of several stays while one of them keeps it", async () => {
  const keepMsOf = (backend: string) => backend === "long" ? 90 * dayMs : backend === "ever" ? Infinity : 30 * dayMs;
  const stored = [
    { name: "short/a", usedDays: 40 },
    { name: "long/a", usedDays: 40 },
    { name: "long/b", usedDays: 100 },
    { name: "ever/a", usedDays: 1000 },
    { name: "short/shared", body: "shared", usedDays: 40 },
    { name: "long/shared", body: "shared", usedDays: 40 },
  ];
  const left = await leftAfterPass(stored, { retention: { keepMsOf, keepUnnamedMs: 30 * dayMs } });
  assert.deepEqual(left, ["long/a", "ever/a", "short/shared", "long/shared"]);
});

Deno.test("pinned bodies and those of offline backends stay, and where pins cannot be read everything does", async () => {
  const stored = [{ name: "a/old", usedDays: 50 }, { name: "carried/old", usedDays: 50 }];
  const backends = [{ name: "a", offline: false }, { name: "carried", offline: true }];
  assert.deepEqual(await leftAfterPass(stored, { retention: thirtyDays, backends }), ["carried/old"]);
  const log = createRecordingLog();
  // deno-lint-ignore require-yield
  async function* unreadable(): AsyncGenerator<string> {
    throw new Error("no pins");
  }
  const left = await leftAfterPass(stored, { retention: thirtyDays, backends, pinned: unreadable, log });
  assert.deepEqual(left, ["a/old", "carried/old"]);
  assert.ok(log.lines.includes("WARNING Cannot remove what is unused: no pins"));
});

Deno.test("a body that is used while a pass looks at others stays", async () => {
  await using fixture = new StoreFixture();
  const entry = await fixture.put({ backend: "a", key: "/old", requestHeaders: [] }, bytesOf("old"));
  const path = fixture.blobPath(entry.sha256);
  Deno.utimeSync(path, new Date(0), new Date(0));
  const pass = onePass();
  let asked = false;
  const keepMsOf = () => {
    asked = true;
    Deno.utimeSync(path, new Date(), new Date(0));
    return 30 * dayMs;
  };
  await fixture.restart({ retention: { keepMsOf, keepUnnamedMs: 0, sleep: pass.sleep } });
  await waitUntil("the pass looks at the entry", () => asked);
  await pass.over;
  assert.deepEqual(fixture.read({ backend: "a", key: "/old", requestHeaders: [] }), bytesOf("old"));
});

Deno.test("the retention of a configuration is that of the backend, else the global one, else none", async () => {
  const backend = (name: string, more = {}) => ({
    type: "http",
    name,
    config: { base_url: "http://127.0.0.1:9", ...more },
  });
  const own = { retention: { unused_for: "7d" } };
  const plain = await configOf([backend("a")], { cacheDir: "/nowhere" });
  assert.equal(retentionOf(plain), null);
  const some = retentionOf(await configOf([backend("a", own), backend("b")], { cacheDir: "/nowhere" }))!;
  assert.deepEqual([some.keepMsOf("a"), some.keepMsOf("b"), some.keepUnnamedMs], [7 * dayMs, Infinity, Infinity]);
  const top = { retention: { unused_for: "90d" } };
  const all = retentionOf(await configOf([backend("a", own), backend("b")], { cacheDir: "/nowhere", top }))!;
  assert.deepEqual([all.keepMsOf("a"), all.keepMsOf("b"), all.keepMsOf("gone")], [7 * dayMs, 90 * dayMs, 90 * dayMs]);
});
