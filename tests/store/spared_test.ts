import assert from "node:assert/strict";
import type { Entry } from "../../src/store/store.ts";
import {
  bytesOf,
  createRecordingLog,
  entryOf,
  selectorOf,
  sha256Of,
  StoreFixture,
  type StoreFixtureOptions,
} from "../support/store_fixture.ts";
import { waitUntil } from "../support/wait_until.ts";
import { walk } from "../support/walk.ts";

const backends = [{ name: "test", offline: false }, { name: "carried", offline: true }];
const absence = { status: 404, at: Date.now(), message: "not there" } as const;
const names = ["a", "b", "c", "d", "e"];

Deno.test("offline nothing is removed, whatever the limits say, and the log says what lacks", async (t) => {
  const limits: readonly [string, StoreFixtureOptions, RegExp][] = [
    ["cache_max_size", { maxBytes: 1024 }, /cache_max_size is 1 KiB, 9\.8 KiB are in use, and 8\.8 KiB are lacking$/],
    [
      "cache_min_free",
      { minFreeBytes: 2048, freeBytes: () => 1024 },
      /cache_min_free is 2 KiB, the disk has 1 KiB free, and 1 KiB are lacking$/,
    ],
  ];
  for (const [name, options, message] of limits) {
    await t.step(name, async () => {
      const log = createRecordingLog();
      await using fixture = await filled({ log });
      await fixture.restart({ ...options, offline: true });
      await waitUntil("the log says it", () => log.lines.length > 0);
      assert.match(log.lines[0]!, /^WARNING The cache is beyond its limits, .* since the vault is offline: /);
      assert.match(log.lines[0]!, message);
      const staged = await fixture.store.stage(selectorOf("/new"));
      assert.equal(await staged.reserve(500), false);
      staged.discard();
      assert.equal(fixture.bytesOnDisk(), 10_000);
    });
  }
});

Deno.test("offline nothing in the folder changes but access times, whatever is damaged or left over", async () => {
  await using fixture = await filled();
  const staged = await fixture.stage(selectorOf("/half"), bytesOf("half"));
  await staged.saveRecord({ ...entryOf(selectorOf("/half"), bytesOf("half")), ...resumable });
  staged.park();
  const damaged = fixture.store.find(selectorOf("/a"))!;
  let before: string[] = [];
  await fixture.restartAfter(() => {
    Deno.truncateSync(fixture.blobPath(damaged.sha256), 10);
    before = walk(fixture.root);
  }, { offline: true });
  assert.equal(fixture.store.openBody(damaged), null);
  assert.deepEqual(fixture.read(selectorOf("/b")), bytesOf("b", 2000));
  assert.equal(fixture.store.probe(), null);
  await fixture.restartAfter(() => assert.deepEqual(walk(fixture.root), before));
});

Deno.test("what a backend holds that is offline is never evicted, others make room for themselves", async () => {
  const log = createRecordingLog();
  await using fixture = new StoreFixture({ maxBytes: 10_000, backends, log });
  const carried = await putOld(fixture, { backend: "carried", key: "/x", requestHeaders: [] }, "carried", 30);
  const shared = await putOld(fixture, selectorOf("/shared"), "shared", 29);
  await fixture.store.putEntry({ ...shared, backend: "carried", key: "/shared" });
  for (const [i, name] of names.slice(0, 3).entries()) await putOld(fixture, selectorOf(`/${name}`), name, 10 - i);
  const staged = await fixture.stage(selectorOf("/new"), bytesOf("new", 4000));
  assert.ok(fixture.store.hasBody(carried) && fixture.store.hasBody(shared), "used longest ago, and still there");
  await fixture.store.commit(staged, entryOf(selectorOf("/new"), bytesOf("new", 4000)));
  const waiting = await fixture.store.stage(selectorOf("/large"));
  assert.equal(await waiting.reserve(7000), false, "4000 bytes stay for good");
  waiting.discard();
  assert.ok(fixture.store.hasBody(carried) && fixture.store.hasBody(shared));
  assert.ok(fixture.read(selectorOf("/new")), "nothing was evicted in vain");
  const warnings = log.lines.filter((line) => line.startsWith("WARNING"));
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /No room in the cache for a body of 6\.8 KiB: .* cache_max_size is 9\.8 KiB, /);
});

Deno.test("a body that its upstream no longer has goes last, also after a restart", async () => {
  await using fixture = new StoreFixture({ maxBytes: 10_000, backends });
  const entries: Entry[] = [];
  for (const [i, name] of names.entries()) entries.push(await putOld(fixture, selectorOf(`/${name}`), name, 30 - i));
  fixture.store.rememberAbsence(selectorOf("/a"), absence);
  await fixture.restart();
  await fixture.put(selectorOf("/1"), bytesOf("1", 2000));
  const held = () => entries.map((entry) => fixture.store.hasBody(entry));
  assert.deepEqual(held(), [true, false, false, true, true]);
  const staged = await fixture.stage(selectorOf("/2"), bytesOf("2", 9500));
  assert.deepEqual(held(), [false, false, false, false, false], "and goes when nothing else is left");
  staged.discard();
});

Deno.test("a disk that is smaller than 20 GiB keeps a twentieth of it free where nobody says how much", async () => {
  await using fixture = new StoreFixture({ minFreeBytes: null, freeBytes: () => 10 * 1024 ** 3 });
  const staged = await fixture.store.stage(selectorOf("/new"));
  assert.equal(await staged.reserve(8 * 1024 ** 3), true, "no disk keeps more than 1 GiB");
  assert.equal(await staged.reserve(10 * 1024 ** 3), false);
  staged.discard();
});

const resumable = {
  url: "http://127.0.0.1/",
  validator: '"1"',
  sizeBytes: 5000,
  storedBytes: 1000,
  requestHeaders: [],
};

async function filled(options: StoreFixtureOptions = {}): Promise<StoreFixture> {
  const fixture = new StoreFixture(options);
  for (const name of names) await fixture.put(selectorOf(`/${name}`), bytesOf(name, 2000));
  return fixture;
}

async function putOld(
  fixture: StoreFixture,
  selector: ReturnType<typeof selectorOf>,
  name: string,
  daysAgo: number,
): Promise<Entry> {
  const entry = await fixture.put(selector, bytesOf(name, 2000));
  const then = new Date(Date.now() - daysAgo * 86_400_000);
  Deno.utimeSync(fixture.blobPath(sha256Of(bytesOf(name, 2000))), then, then);
  return entry;
}
