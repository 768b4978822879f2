import assert from "node:assert/strict";
import { readTextOrNull } from "../../src/store/regular_files.ts";
import { runCaptured } from "../support/run_captured.ts";
import { bytesOf, selectorOf, StoreFixture, type StoreFixtureOptions } from "../support/store_fixture.ts";
import { waitUntil } from "../support/wait_until.ts";

const often: StoreFixtureOptions = { togetherEveryMs: 20 };

Deno.test("bytes that another process adds are counted soon, while it runs and when it ends", async () => {
  await using first = new StoreFixture(often);
  await first.put(selectorOf("/a"), bytesOf("a"));
  const second = new StoreFixture({ ...often, root: first.root });
  await second.put(selectorOf("/b"), bytesOf("b", 5000));
  await waitUntil("the first one counts it", () => first.store.usedBytes() === 6000);
  await second.put(selectorOf("/c"), bytesOf("c", 10));
  await second.store.close();
  await waitUntil("the first one counts the rest", () => first.store.usedBytes() === 6010);
});

Deno.test("bytes that a command removes are counted soon, and there is room for others at once", async () => {
  await using fixture = new StoreFixture({ ...often, maxBytes: 10_000 });
  for (const name of ["/a", "/b", "/c"]) await fixture.put(selectorOf(name), bytesOf(name, 3000));
  assert.equal((await runCaptured(["cache", "purge", "test/a", "--cache-dir", fixture.root])).code, 0);
  await waitUntil("the store counts it", () => fixture.store.usedBytes() === 6000);
  await fixture.put(selectorOf("/d"), bytesOf("d", 3000));
  for (const name of ["/b", "/c"]) assert.deepEqual(fixture.read(selectorOf(name)), bytesOf(name, 3000));
});

Deno.test("two processes that change one cache all the time agree in the end", async () => {
  await using first = new StoreFixture(often);
  const second = new StoreFixture({ ...often, root: first.root });
  for (let at = 0; at < 20; at++) {
    await first.put(selectorOf(`/first/${at}`), bytesOf(`first ${at}`));
    await second.put(selectorOf(`/second/${at}`), bytesOf(`second ${at}`));
  }
  await waitUntil("both count all of it", () => [first, second].every(({ store }) => store.usedBytes() === 40_000));
  await second.store.close();
});

Deno.test("what a command forgets is absent no more for a server soon, and what that has learnt meanwhile stays", async () => {
  await using fixture = new StoreFixture(often);
  const [gone, other, later] = ["/gone", "/other", "/later"].map((key) => selectorOf(key));
  const absence = { status: 404, at: Date.now(), message: "upstream has no such file" } as const;
  for (const selector of [gone!, other!]) fixture.store.rememberAbsence(selector, absence);
  const journal = () => readTextOrNull(`${fixture.root}/absent/test.jsonl`, 10_000) ?? "";
  await waitUntil("both are written down", () => journal().includes("/other"));
  const { code, stdout, stderr } = await runCaptured(["cache", "purge", "test/gone", "--cache-dir", fixture.root]);
  assert.deepEqual([code, stdout], [0, "test/gone\n"]);
  assert.equal(stderr, "Removed 0 bodies, 0 bytes, and 0 entries; 1 name that upstream did not have\n");
  fixture.store.rememberAbsence(later!, absence);
  await waitUntil("the server has forgotten it", () => fixture.store.findAbsence(gone!) === null);
  await fixture.restart();
  assert.deepEqual([gone, other, later].map((one) => fixture.store.findAbsence(one!)), [null, absence, absence]);
});
