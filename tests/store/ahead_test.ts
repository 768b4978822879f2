import assert from "node:assert/strict";
import { FakeNow } from "../support/fake_now.ts";
import { HeldRemovals, isPending, largeEntry, putLarge, stageLarge } from "../support/large_bodies.ts";
import { selectorOf, StoreFixture, type StoreFixtureOptions } from "../support/store_fixture.ts";
import { waitUntil } from "../support/wait_until.ts";

const MB = 1_000_000;
const sizeBytes = 30 * MB;

Deno.test("near the cap room is made in the background: who comes near it waits for no eviction", async () => {
  await using cache = await filledCache({ maxBytes: 600 * MB });
  const { fixture, evicted } = cache;
  const staged = await stageLarge(fixture, selectorOf("/new"), sizeBytes);
  assert.equal(fixture.store.usedBytes(), 600 * MB, "the cache is full");
  assert.deepEqual(evicted, [], "nothing was evicted yet");
  await waitUntil("a tenth is free", () => fixture.store.usedBytes() === 540 * MB);
  await fixture.store.commit(staged, largeEntry(selectorOf("/new"), sizeBytes));
  const held = cache.entries.map((entry) => fixture.store.hasBody(entry));
  assert.deepEqual(held, cache.entries.map((_, i) => i >= 2), "what was used longest ago is gone");
  assert.deepEqual(evicted, [2]);
});

Deno.test("while room is made ahead, what fits is granted at once, and what does not waits for that room", async () => {
  await using cache = await filledCache({ maxBytes: 600 * MB });
  const { fixture, evicted } = cache;
  using removals = new HeldRemovals();
  const first = await stageLarge(fixture, selectorOf("/1"), 20 * MB);
  await removals.reached;
  const second = await stageLarge(fixture, selectorOf("/2"), 10 * MB);
  const third = await fixture.store.stage(selectorOf("/3"));
  const granted = third.reserve(25 * MB);
  assert.ok(await isPending(granted));
  assert.equal(fixture.store.usedBytes(), 600 * MB, "a body counts until it is gone");
  removals.release();
  assert.equal(await granted, true);
  await waitUntil("the eviction is over", () => evicted.length > 0);
  assert.equal(fixture.store.usedBytes(), 565 * MB);
  for (const one of [first, second, third]) one.discard();
  assert.deepEqual(evicted, [2], "one eviction did for all");
});

Deno.test("the cap holds while room is made ahead and many bodies come at once", async () => {
  const maxBytes = 400 * MB;
  await using fixture = new StoreFixture({ maxBytes });
  let most = 0;
  let kept = 0;
  const look = () => most = Math.max(most, fixture.store.usedBytes(), fixture.bytesOnDisk());
  const put = async (i: number) => {
    const selector = selectorOf(`/${i}`);
    const staged = await stageLarge(fixture, selector, 9 * MB + i * 1000);
    look();
    await fixture.store.commit(staged, largeEntry(selector, 9 * MB + i * 1000));
    look();
    kept++;
  };
  for (let i = 0; i < 120; i += 6) await Promise.all(Array.from({ length: 6 }, (_, j) => put(i + j)));
  assert.equal(kept, 120);
  assert.ok(most <= maxBytes, `${most} bytes`);
  assert.ok(fixture.bytesOnDisk() > maxBytes * 0.8, "no more is evicted than is of use");
});

Deno.test("near cache_min_free room is made in the background as well", async () => {
  const disk: { cache?: StoreFixture } = {};
  const freeBytes = () => 1000 * MB - (disk.cache?.bytesOnDisk() ?? 0);
  await using cache = await filledCache({ minFreeBytes: 400 * MB, freeBytes }, (fixture) => disk.cache = fixture);
  const { fixture, evicted } = cache;
  const staged = await stageLarge(fixture, selectorOf("/new"), sizeBytes);
  assert.equal(freeBytes(), 400 * MB);
  assert.deepEqual(evicted, []);
  await waitUntil("there is room again", () => freeBytes() === 460 * MB);
  staged.discard();
});

Deno.test("where others take the room that is made ahead, that is tried once a minute", async () => {
  let freeBytes = 900 * MB;
  await using cache = await filledCache({ minFreeBytes: 400 * MB, freeBytes: () => freeBytes });
  const { fixture, evicted } = cache;
  using now = new FakeNow();
  freeBytes = 401 * MB;
  const staged = await fixture.store.stage(selectorOf("/new"));
  const reserve = async (bytes: number) => {
    assert.ok(await staged.reserve(bytes));
    return await isPending(new Promise(() => {}));
  };
  await reserve(1);
  await waitUntil("some bodies are evicted", () => evicted.length === 1);
  for (let bytes = 2; bytes < 10; bytes++) await reserve(bytes);
  assert.equal(evicted.length, 1);
  now.advance(60_000);
  await reserve(10);
  await waitUntil("more bodies are evicted", () => evicted.length === 2);
  staged.discard();
});

Deno.test("a store that is closed while room is made ahead stops that, and waits for the body that is going", async () => {
  await using cache = await filledCache({ maxBytes: 600 * MB });
  const { fixture, evicted } = cache;
  using removals = new HeldRemovals();
  const staged = await stageLarge(fixture, selectorOf("/new"), sizeBytes);
  await removals.reached;
  staged.discard();
  const restarted = fixture.restartAfter(() => assert.deepEqual(evicted, [1]));
  assert.ok(await isPending(restarted));
  removals.release();
  await restarted;
  assert.equal(fixture.store.usedBytes(), 18 * sizeBytes, "and it is written down");
});

interface FilledCache extends AsyncDisposable {
  readonly fixture: StoreFixture;
  /** 19 of 30 MB, the one used longest ago first. */
  readonly entries: readonly ReturnType<typeof largeEntry>[];
  /** How many bodies each eviction removed. */
  readonly evicted: number[];
}

async function filledCache(
  options: StoreFixtureOptions,
  opened: (fixture: StoreFixture) => void = () => {},
): Promise<FilledCache> {
  const evicted: number[] = [];
  const fixture = new StoreFixture({ ...options, events: { evicted: (blobs) => void evicted.push(blobs) } });
  opened(fixture);
  const entries = [];
  for (let i = 0; i < 19; i++) {
    entries.push(await putLarge(fixture, selectorOf(`/${i}`), { sizeBytes, daysAgo: 30 - i }));
  }
  return { fixture, entries, evicted, [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose]() };
}
