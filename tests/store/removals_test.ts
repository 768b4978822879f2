import assert from "node:assert/strict";
import { BlobUsage } from "../../src/store/blob_usage.ts";
import { FsLayout } from "../../src/store/fs_layout.ts";
import { Removals } from "../../src/store/removals.ts";
import { fillStaged, HeldRemovals, isPending, largeEntry, putLarge, stageLarge } from "../support/large_bodies.ts";
import { bytesOf, recordOf, selectorOf, StoreFixture } from "../support/store_fixture.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { waitUntil } from "../support/wait_until.ts";

const MB = 1_000_000;
const sizeBytes = 40 * MB;
const signal = new AbortController().signal;

Deno.test("a large body that is discarded counts until it is gone", async () => {
  await using fixture = new StoreFixture();
  using removals = new HeldRemovals();
  const staged = await stageLarge(fixture, selectorOf("/a"), sizeBytes);
  assert.ok(await staged.reserve(sizeBytes + 5 * MB));
  staged.discard();
  await removals.reached;
  assert.equal(fixture.store.usedBytes(), sizeBytes, "what was never written is free");
  staged.discard();
  removals.release();
  await waitUntil("nothing counts", () => fixture.store.usedBytes() === 0);
  assert.equal(fixture.bytesOnDisk(), 0);
});

Deno.test("a small body that is discarded is gone at once", async () => {
  await using fixture = new StoreFixture();
  const staged = await fixture.stage(selectorOf("/a"), bytesOf("a"));
  staged.discard();
  assert.equal(fixture.store.usedBytes(), 0);
  assert.equal(fixture.bytesOnDisk(), 0);
});

Deno.test("who needs the room of a body that is going waits for it, and nothing is evicted or given up", async () => {
  await using fixture = new StoreFixture({ maxBytes: 100 * MB });
  const kept = await putLarge(fixture, selectorOf("/kept"), { sizeBytes });
  await park(fixture, 10 * MB);
  const useless = await stageLarge(fixture, selectorOf("/new"), sizeBytes);
  using removals = new HeldRemovals();
  useless.discard();
  const staged = await fixture.store.stage(selectorOf("/new"));
  const granted = staged.reserve(50 * MB);
  assert.ok(await isPending(granted));
  removals.release();
  assert.equal(await granted, true);
  assert.ok(fixture.store.hasBody(kept));
  assert.ok(await fixture.store.resume(selectorOf("/parked")));
  staged.discard();
});

Deno.test("who needs the room of parked bytes waits until they are gone", async () => {
  await using fixture = new StoreFixture({ maxBytes: 100 * MB });
  const kept = await putLarge(fixture, selectorOf("/kept"), { sizeBytes });
  await park(fixture, sizeBytes);
  using removals = new HeldRemovals();
  const staged = await fixture.store.stage(selectorOf("/new"));
  const granted = staged.reserve(60 * MB);
  await removals.reached;
  assert.ok(await isPending(granted));
  assert.equal(fixture.store.usedBytes(), 2 * sizeBytes);
  removals.release();
  assert.equal(await granted, true);
  assert.ok(fixture.store.hasBody(kept));
  assert.equal(await fixture.store.resume(selectorOf("/parked")), null);
  fillStaged(staged, 60 * MB);
});

Deno.test("a store closes once, however often it is told to, and when what it removes is gone", async () => {
  await using fixture = new StoreFixture();
  const staged = await stageLarge(fixture, selectorOf("/a"), sizeBytes);
  using removals = new HeldRemovals();
  staged.discard();
  const closed = fixture.store.close();
  assert.ok(await isPending(closed));
  removals.release();
  await Promise.all([closed, fixture.store.close()]);
  assert.equal(fixture.bytesOnDisk(), 0);
  await fixture.store.close();
});

Deno.test("a large body that is damaged is a miss while it is going, and can be kept again", async () => {
  await using fixture = new StoreFixture();
  const selector = selectorOf("/a");
  const entry = await putLarge(fixture, selector, { sizeBytes });
  Deno.truncateSync(fixture.blobPath(entry.sha256), sizeBytes + 1);
  await fixture.restartAfter(() => {});
  await fixture.checkUsage();
  using removals = new HeldRemovals();
  for (let time = 0; time < 2; time++) assert.equal(fixture.store.openBody(entry), null);
  await removals.reached;
  const committed = fixture.store.commit(await stageLarge(fixture, selector, sizeBytes), entry);
  assert.ok(await isPending(committed));
  removals.release();
  await committed;
  assert.ok(fixture.store.hasBody(entry));
  assert.equal(fixture.store.usedBytes(), sizeBytes);
});

Deno.test("a body that is kept again while it is evicted is there in the end, and counted", async () => {
  await using fixture = new StoreFixture({ maxBytes: 130 * MB });
  const old = await putLarge(fixture, selectorOf("/old"), { sizeBytes, daysAgo: 1 });
  const again = await stageLarge(fixture, selectorOf("/old"), sizeBytes);
  using removals = new HeldRemovals();
  const staged = await fixture.store.stage(selectorOf("/new"));
  const granted = staged.reserve(60 * MB);
  await removals.reached;
  const committed = fixture.store.commit(again, old);
  assert.ok(await isPending(committed));
  removals.release();
  await committed;
  assert.equal(await granted, true);
  assert.ok(fixture.store.hasBody(old));
  staged.discard();
  await waitUntil("the body counts once", () => fixture.store.usedBytes() === sizeBytes);
});

Deno.test("a body that is being kept is not removed", async () => {
  await using cache = await usageOfBlob();
  const { blobUsage, layout, sha256 } = cache;
  const renamed = Promise.withResolvers<void>();
  const placing = blobUsage.putBlob(sha256, 2 * sizeBytes, async (counted) => {
    await renamed.promise;
    Deno.truncateSync(layout.blob(sha256), 2 * sizeBytes);
    counted();
  });
  assert.equal(await blobUsage.remove(sha256, sizeBytes), false);
  renamed.resolve();
  await placing;
  assert.equal(blobUsage.bytes, 2 * sizeBytes);
});

Deno.test("a body that could not be put into its place changes nothing", async () => {
  await using cache = await usageOfBlob();
  const { blobUsage, sha256 } = cache;
  await assert.rejects(blobUsage.putBlob(sha256, 7, () => Promise.reject(new Error("no"))));
  assert.equal(blobUsage.bytes, sizeBytes);
  assert.equal(await blobUsage.remove(sha256, sizeBytes), true);
  assert.equal(blobUsage.bytes, 0);
});

const orders: readonly [what: string, steps: readonly ("remove" | "count" | "release" | "counted")[]][] = [
  ["while it is counted", ["count", "remove", "release", "counted"]],
  ["from before the count to its end", ["remove", "count", "counted", "release"]],
  ["from before the count into it", ["remove", "count", "release", "counted"]],
  ["from within the count to after it", ["count", "remove", "counted", "release"]],
];

for (const [what, steps] of orders) {
  Deno.test(`the count is right when a large body goes ${what}`, async () => {
    await using cache = await usageOfBlob();
    const { blobUsage, sha256 } = cache;
    using removals = new HeldRemovals();
    let removed: Promise<boolean> | undefined;
    let counted: Promise<unknown> | undefined;
    for (const step of steps) {
      if (step === "remove") removed = blobUsage.remove(sha256, sizeBytes);
      else if (step === "count") counted = blobUsage.count(signal);
      else if (step === "counted") await counted;
      else {
        removals.release();
        await removed;
      }
    }
    assert.equal(await removed, true);
    assert.equal(blobUsage.bytes, 0);
  });
}

async function usageOfBlob() {
  const dir = await createTempDir();
  const layout = new FsLayout(dir.path);
  const { sha256 } = largeEntry(selectorOf("/a"), sizeBytes);
  Deno.mkdirSync(layout.blob(sha256).replace(/\/[^/]*$/, ""), { recursive: true });
  Deno.createSync(layout.blob(sha256)).close();
  Deno.truncateSync(layout.blob(sha256), sizeBytes);
  let files = 0;
  const blobUsage = new BlobUsage(layout, {
    removals: new Removals(),
    temporary: () => dir.join(`${files++}.tmp`),
    saves: true,
  });
  await blobUsage.count(signal);
  assert.equal(blobUsage.bytes, sizeBytes);
  return { blobUsage, layout, sha256, [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose]() };
}

async function park(fixture: StoreFixture, bytes: number): Promise<void> {
  const staged = await stageLarge(fixture, selectorOf("/parked"), bytes);
  await staged.saveRecord(recordOf(selectorOf("/parked"), bytesOf("parked", 1000), { sizeBytes: 2 * bytes }));
  staged.park();
}
