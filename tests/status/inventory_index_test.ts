import assert from "node:assert/strict";
import { noLog } from "../../src/observe/log.ts";
import { HitCounts } from "../../src/status/hit_counts.ts";
import type { InventoryOrder, InventoryQuery } from "../../src/status/inventory.ts";
import { InventoryIndex } from "../../src/status/inventory_index.ts";
import { makeEntries } from "../bench/many_entries.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { waitUntil } from "../support/wait_until.ts";

/** The number in the name of an entry: a higher one was stored earlier. */
function numberOf({ name }: { readonly name: string }): number {
  return Number(/artifact-(\d+)-/.exec(name)?.[1]);
}

Deno.test("what is in the cache, in all orders, page by page, as of the last reading", async () => {
  await using dir = await createTempDir();
  makeEntries(dir.path, 300, ["debian", "docker"]);
  const clock = { now: Date.UTC(2026, 0, 31) };
  const hits = new HitCounts();
  hits.add("debian/busy");
  const index = new InventoryIndex({ dir: dir.path, hits, log: noLog, now: () => clock.now });

  assert.deepEqual([index.known().isReading, index.knownEntries], [false, null], "to look causes nothing");
  const before = index.summary();
  assert.deepEqual([before.at, before.isReading, before.entries], [null, true, 0]);
  const all = async (query: Omit<InventoryQuery, "limit">) => {
    const found = [];
    let cursor: string | undefined;
    do {
      const page = await index.page({ ...query, cursor, limit: 70 });
      assert.ok(page.entries.length <= 70);
      found.push(...page.entries);
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    return found;
  };
  const names = (await all({})).map(({ name }) => name);
  assert.deepEqual([names.length, names], [300, names.toSorted()]);
  const after = index.summary();
  assert.deepEqual([after.at, after.isReading, after.entriesRead, after.entries], [clock.now, false, 0, 300]);
  assert.deepEqual(after.backends.map(({ name, entries, unusedEntries }) => [name, entries, unusedEntries]), [
    ["debian", 150, 150],
    ["docker", 150, 150],
  ]);
  assert.deepEqual([after.newest.length, after.newest.slice(0, 2).map(numberOf)], [20, [0, 1]]);
  assert.deepEqual(after.neverUsed.slice(0, 2).map(numberOf), [299, 298]);
  assert.deepEqual(after.mostUsed, [{ name: "debian/busy", hits: 1 }]);

  const ascending = Array.from({ length: 300 }, (_, number) => number);
  const orders: readonly (readonly [InventoryOrder, readonly number[]])[] = [
    ["newest", ascending],
    ["oldest", ascending.toReversed()],
  ];
  for (const [sort, expected] of orders) assert.deepEqual((await all({ sort })).map(numberOf), expected, sort);
  const sizes = (await all({ sort: "size" })).map(({ sizeBytes }) => sizeBytes);
  assert.deepEqual(sizes, sizes.toSorted((a, b) => b - a));
  for (const sort of ["used", "unused"] as const) assert.equal((await all({ sort })).length, 300);

  const chosen = await all({ search: "ARTIFACT-12", backend: "docker" });
  assert.deepEqual(chosen.map(numberOf).toSorted((a, b) => a - b), [121, 123, 125, 127, 129]);
  assert.deepEqual((await all({ search: "-12", backend: "docker", sort: "oldest" })).map(numberOf), [
    129,
    127,
    125,
    123,
    121,
  ]);
  for (const nothing of [{ search: "nowhere" }, { backend: "deb" }]) assert.deepEqual(await all(nothing), []);
  for (const cursor of ["", "x", "1-", "-1", "a-zzzzzzzz", "../1-1"]) {
    await assert.rejects(index.page({ cursor, limit: 1 }), { code: "bad_request" });
  }

  makeEntries(dir.path, 301, ["debian", "docker"]);
  clock.now += 59_000;
  assert.equal(index.summary().isReading, false);
  index.changed();
  assert.equal(index.known().isReading, false, "to look causes nothing");
  assert.equal(index.summary().isReading, true);
  await waitUntil("the directory has been read again", () => index.knownEntries === 301);
  await index.close();
  index.changed();
  assert.equal(index.summary().isReading, false, "nothing is read any more");
});
