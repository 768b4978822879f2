import assert from "node:assert/strict";
import type { Entry } from "../../src/store/store.ts";
import {
  bytesOf,
  createRecordingLog,
  entryOf,
  recordOf,
  selectorOf,
  StoreFixture,
  type StoreFixtureOptions,
  writeStaged,
} from "../support/store_fixture.ts";
import { waitUntil } from "../support/wait_until.ts";
import { walk } from "../support/walk.ts";

const dayMs = 86_400_000;

Deno.test("the cap holds at every moment: of many reservations at once only as many are granted as fit", async () => {
  await using fixture = new StoreFixture({ maxBytes: 10_000 });
  const staged = await Promise.all(
    Array.from({ length: 40 }, (_, i) => fixture.store.stage(selectorOf(`/${i}`))),
  );
  const granted = await Promise.all(staged.map((one) => one.reserve(700)));
  assert.equal(granted.filter((one) => one).length, 14);
  assert.equal(fixture.store.usedBytes(), 14 * 700);
  for (const one of staged) one.discard();
  assert.equal(fixture.store.usedBytes(), 0);
});

Deno.test("another limit counts while the store is open", async () => {
  await using fixture = new StoreFixture({ maxBytes: 10_000, minFreeBytes: 0 });
  for (const name of "abcdefgh") await fixture.put(selectorOf(`/${name}`), bytesOf(name, 1000));
  const staged = await fixture.store.stage(selectorOf("/more"));
  await fixture.store.configure({ maxBytes: 4000, minFreeBytes: 0 });
  assert.equal(await staged.reserve(5000), false);
  assert.equal(await staged.reserve(1000), true);
  assert.ok(fixture.store.usedBytes() <= 4000, `${fixture.store.usedBytes()} bytes`);
  staged.discard();
  await fixture.store.configure({ maxBytes: null, minFreeBytes: 0 });
  await fixture.put(selectorOf("/large"), bytesOf("l", 20_000));
  assert.ok(fixture.store.usedBytes() >= 20_000);
});

Deno.test("for what is announced nothing is evicted before it comes, and what can never fit is refused at once", async () => {
  await using fixture = new StoreFixture({ maxBytes: 10_000 });
  for (const name of "abcdefgh") await fixture.put(selectorOf(`/${name}`), bytesOf(name, 1000));
  const staged = await fixture.store.stage(selectorOf("/large"));
  assert.equal(await staged.reserve(1, 10_001), false);
  assert.equal(await staged.reserve(100, 9000), true);
  assert.equal(fixture.store.usedBytes(), 8200);
  assert.equal(await staged.reserve(2000, 9000), true, "as many again as have come");
  assert.ok(fixture.store.usedBytes() <= 10_000 && fixture.store.usedBytes() > 4000, "the rest is still held");
  assert.equal(await staged.reserve(9000, 9000), true);
  assert.ok(fixture.store.usedBytes() <= 10_000);
  staged.discard();
});

Deno.test("the cap holds while bodies are reserved, written, committed and evicted side by side", async () => {
  const maxBytes = 20_000;
  await using fixture = new StoreFixture({ maxBytes });
  const most = { used: 0, onDisk: 0 };
  const look = () => {
    most.used = Math.max(most.used, fixture.store.usedBytes());
    most.onDisk = Math.max(most.onDisk, fixture.bytesOnDisk());
  };
  let kept = 0;
  await Promise.all(Array.from({ length: 40 }, async (_, i) => {
    const selector = selectorOf(`/${i}`);
    const body = bytesOf(`${i}`, 1000 + 100 * i);
    const staged = await fixture.store.stage(selector);
    if (!await staged.reserve(body.byteLength)) return staged.discard();
    look();
    writeStaged(staged, body);
    look();
    await fixture.store.commit(staged, entryOf(selector, body));
    look();
    kept++;
  }));
  assert.ok(most.used <= maxBytes && most.onDisk <= maxBytes, JSON.stringify(most));
  assert.ok(kept > 5, `${kept} kept`);
});

Deno.test("room is made by removing what was used longest ago, also after a restart", async () => {
  const evicted: [number, number][] = [];
  const log = createRecordingLog();
  const events = { evicted: (blobs: number, bytes: number) => void evicted.push([blobs, bytes]) };
  await using fixture = new StoreFixture({ maxBytes: 10_000, events, log });
  const names = ["c", "a", "j", "b", "e", "d", "i", "f", "h", "g"];
  const entries = new Map<string, Entry>();
  for (const name of names) entries.set(name, await fixture.put(selectorOf(`/${name}`), bytesOf(name)));
  for (const [i, name] of names.toSorted().entries()) usedDaysAgo(fixture, entries.get(name)!, 10 - i);
  await fixture.restart();
  fixture.read(selectorOf("/a"));
  await fixture.put(selectorOf("/new"), bytesOf("new"));
  const held = names.toSorted().filter((name) => fixture.store.hasBody(entries.get(name)!));
  assert.equal(held.join(""), "adefghij", "1000 bytes had to go, and 5 % of the cache with them");
  assert.deepEqual(evicted, [[2, 2000]]);
  assert.deepEqual(log.lines, ["INFO Evicted 2 bodies, 2 KiB, to keep within cache_max_size (9.8 KiB)"]);
  assert.equal(fixture.store.find(selectorOf("/b"))?.sha256, entries.get("b")!.sha256, "entries stay for now");
});

Deno.test("a small cache is filled to its cap before anything is evicted", async () => {
  let evictions = 0;
  await using fixture = await fixtureOfBodies({ maxBytes: 10_000, events: { evicted: () => void evictions++ } }, 10);
  await fixture.restart();
  assert.equal(fixture.bytesOnDisk(), 10_000);
  assert.equal(evictions, 0);
});

Deno.test("what is used most is not evicted, however old it is", async () => {
  await using fixture = new StoreFixture({ maxBytes: 5000 });
  const favourite = await fixture.put(selectorOf("/favourite"), bytesOf("favourite"));
  for (let i = 0; i < 8; i++) {
    await fixture.restart();
    const other = await fixture.put(selectorOf(`/${i}`), bytesOf(`${i}`));
    usedDaysAgo(fixture, other, 1);
    usedDaysAgo(fixture, favourite, 2);
    assert.deepEqual(fixture.read(selectorOf("/favourite")), bytesOf("favourite"), `round ${i}`);
  }
});

Deno.test("a body that cannot fit evicts nothing", async () => {
  let freeBytes = 100_000;
  await using fixture = await fixtureOfBodies(
    { maxBytes: 10_000, minFreeBytes: 50_000, freeBytes: () => freeBytes },
    9,
  );
  await park(fixture, "/parked", 500);
  const staged = await fixture.store.stage(selectorOf("/new"));
  assert.equal(await staged.reserve(10_001), false, "larger than the cache");
  assert.equal(fixture.bytesOnDisk(), 9500, "not even parked bytes");
  freeBytes = 40_000;
  assert.equal(await staged.reserve(1), false, "the disk is full of other things");
  assert.equal(fixture.bytesOnDisk(), 9500);
  staged.discard();
});

Deno.test("with other bodies under way, one that only their end would make room for evicts nothing", async () => {
  await using fixture = new StoreFixture({ maxBytes: 10_000 });
  await fixture.put(selectorOf("/a"), bytesOf("a", 3000));
  const underWay = await fixture.stage(selectorOf("/b"), bytesOf("b", 6000));
  const waiting = await fixture.store.stage(selectorOf("/c"));
  assert.equal(await waiting.reserve(5000), false);
  assert.deepEqual(fixture.read(selectorOf("/a")), bytesOf("a", 3000));
  underWay.discard();
  assert.equal(await waiting.reserve(5000), true);
  waiting.discard();
});

Deno.test("cache_min_free is kept: room is made while bytes are promised, and nothing is granted beyond it", async () => {
  let others = 50_000;
  const log = createRecordingLog();
  await using fixture: StoreFixture = new StoreFixture({
    log,
    minFreeBytes: 20_000,
    freeBytes: () => 100_000 - others - fixture.bytesOnDisk(),
  });
  for (const name of ["a", "b"]) await fixture.put(selectorOf(`/${name}`), bytesOf(name, 10_000));
  const first = await fixture.store.stage(selectorOf("/1"));
  assert.equal(await first.reserve(6000), true);
  const second = await fixture.store.stage(selectorOf("/2"));
  assert.equal(await second.reserve(4000), true, "what is promised and not yet written counts");
  assert.equal(fixture.bytesOnDisk(), 20_000);
  const third = await fixture.store.stage(selectorOf("/3"));
  assert.equal(await third.reserve(1), true);
  assert.equal(fixture.bytesOnDisk(), 10_000, "one body had to go");
  assert.deepEqual(log.lines, [
    "INFO Evicted 1 body, 9.8 KiB, to keep cache_min_free (19.5 KiB) of the disk free",
  ]);
  others = 80_000;
  const fourth = await fixture.store.stage(selectorOf("/4"));
  assert.equal(await fourth.reserve(1), false);
  for (const one of [first, second, third, fourth]) one.discard();
});

Deno.test("staged bytes that nobody goes on with are the first to go", async () => {
  await using fixture = new StoreFixture({ maxBytes: 10_000 });
  await fixture.put(selectorOf("/a"), bytesOf("a", 4000));
  await park(fixture, "/parked", 4000);
  await fixture.put(selectorOf("/b"), bytesOf("b", 4000));
  assert.equal(await fixture.store.resume(selectorOf("/parked")), null);
  assert.deepEqual(fixture.read(selectorOf("/a")), bytesOf("a", 4000));
});

Deno.test("a cap that was lowered removes nothing until something new needs room, and the log says what lacks", async () => {
  const log = createRecordingLog();
  await using fixture = new StoreFixture({ maxBytes: 10_240, log });
  for (const name of ["a", "b", "c", "d"]) await fixture.put(selectorOf(`/${name}`), bytesOf(name, 2048));
  await fixture.restart({ maxBytes: 5120 });
  await waitUntil("the log says it", () => log.lines.length > 0);
  assert.deepEqual(log.lines, [
    "WARNING The cache is beyond its limits, and nothing is removed, since nothing new needs the room yet: " +
    "cache_max_size is 5 KiB, 8 KiB are in use, and 3 KiB are lacking",
  ]);
  assert.equal(fixture.bytesOnDisk(), 8192);
  await fixture.put(selectorOf("/new"), bytesOf("new", 100));
  assert.ok(fixture.bytesOnDisk() <= 5120);
});

const usageFiles: readonly [what: string, text: string | null][] = [
  ["is missing", null],
  ["is empty", ""],
  ["is garbage", "\0\0\0"],
  ["is null", "null"],
  ["holds something else", "{}"],
  ["holds a string", '{"blobBytes":"9000"}'],
  ["holds less than nothing", '{"blobBytes":-9000}'],
  ["holds no whole number", '{"blobBytes":0.5}'],
];

Deno.test("without a sound usage.json the cache is counted before the first byte is granted", async (t) => {
  await using fixture = await fixtureOfBodies({ maxBytes: 10_000 }, 9);
  for (const [what, text] of usageFiles) {
    await t.step(`it ${what}`, async () => {
      await fixture.restartAfter(() => replaceUsage(fixture, text));
      assert.equal(fixture.store.usedBytes(), 0, "nothing is known yet");
      const staged = await fixture.store.stage(selectorOf("/new"));
      assert.equal(await staged.reserve(500), true);
      assert.equal(fixture.store.usedBytes(), 9500);
      staged.discard();
    });
  }
});

Deno.test("a usage.json that is wrong is corrected in the background", async () => {
  await using fixture = await fixtureOfBodies({ maxBytes: 10_000 }, 5);
  await fixture.restartAfter(() => replaceUsage(fixture, '{"blobBytes":123}'));
  assert.equal(fixture.store.usedBytes(), 123);
  await fixture.checkUsage();
  await fixture.restartAfter(() => {});
  assert.equal(fixture.store.usedBytes(), 5000, "and written down");
});

Deno.test("bytes that are promised while the cache is counted are not forgotten", async () => {
  await using fixture = await fixtureOfBodies({ maxBytes: 10_000 }, 5);
  await fixture.restartAfter(() => replaceUsage(fixture, '{"blobBytes":0}'));
  const staged = await fixture.store.stage(selectorOf("/new"));
  assert.equal(await staged.reserve(4000), true);
  await waitUntil("the blobs are counted", () => fixture.store.usedBytes() === 9000);
  assert.equal(await staged.reserve(4500), true);
  assert.equal(fixture.store.usedBytes(), 9500);
  staged.discard();
});

Deno.test("what another process removed or added is seen before anything is evicted for it", async () => {
  await using fixture = await fixtureOfBodies({ maxBytes: 10_000 }, 9);
  for (const path of walk(`${fixture.root}/blobs`).slice(0, 8)) Deno.removeSync(`${fixture.root}/blobs/${path}`);
  const staged = await fixture.store.stage(selectorOf("/new"));
  assert.equal(await staged.reserve(9000), true);
  assert.equal(fixture.store.usedBytes(), 10_000);
  assert.equal(fixture.bytesOnDisk(), 1000, "nothing was evicted");
  staged.discard();
});

Deno.test("the count is right whatever becomes of a body", async () => {
  await using fixture = new StoreFixture();
  const selector = selectorOf("/a");
  const used = () => fixture.store.usedBytes();
  const staged = await fixture.stage(selector, bytesOf("a", 3000));
  assert.ok(await staged.reserve(5000));
  assert.equal(used(), 5000, "reserved");
  await staged.saveRecord(recordOf(selector, bytesOf("a", 3000)));
  staged.park();
  assert.equal(used(), 3000, "parked");
  const resumed = await fixture.store.resume(selector);
  assert.ok(resumed && await resumed.reserve(4000));
  resumed.truncate(2000);
  assert.equal(used(), 2000, "cut");
  resumed.discard();
  assert.equal(used(), 0, "discarded");
  const entry = await fixture.put(selector, bytesOf("a", 3000));
  assert.equal(used(), 3000, "committed");
  await fixture.store.putEntry({ ...entry, freshUntil: 1 });
  assert.equal(used(), 3000, "renewed");
  await fixture.restartAfter(() => Deno.truncateSync(fixture.blobPath(entry.sha256), 100));
  await fixture.checkUsage();
  assert.equal(fixture.store.openBody(entry), null);
  assert.equal(used(), 0, "damaged");
});

async function fixtureOfBodies(options: StoreFixtureOptions, count: number): Promise<StoreFixture> {
  const fixture = new StoreFixture(options);
  for (let i = 0; i < count; i++) await fixture.put(selectorOf(`/${i}`), bytesOf(`${i}`));
  return fixture;
}

function replaceUsage(fixture: StoreFixture, text: string | null): void {
  Deno.removeSync(`${fixture.root}/usage.json`);
  if (text !== null) Deno.writeTextFileSync(`${fixture.root}/usage.json`, text);
}

function usedDaysAgo(fixture: StoreFixture, entry: Entry, days: number): void {
  const then = new Date(Date.now() - days * dayMs);
  Deno.utimeSync(fixture.blobPath(entry.sha256), then, then);
}

async function park(fixture: StoreFixture, key: string, length: number): Promise<void> {
  const staged = await fixture.stage(selectorOf(key), bytesOf(key, length));
  await staged.saveRecord(recordOf(selectorOf(key), bytesOf(key, length)));
  staged.park();
}
