import assert from "node:assert/strict";
import { addPins, pinnedDigests, removePins } from "../../src/inventory/pins.ts";
import { bytesOf, createRecordingLog, selectorOf, StoreFixture } from "../support/store_fixture.ts";
import { waitUntil } from "../support/wait_until.ts";

/** A store with room for ten bodies of 1000 bytes, whose pins are those of its directory. */
function openSmall(log = createRecordingLog()): StoreFixture {
  const root = Deno.makeTempDirSync({ prefix: "vault-test-" });
  return new StoreFixture({ root, maxBytes: 10_000, log, pinned: () => pinnedDigests(root) });
}

async function fill(fixture: StoreFixture, names: readonly string[]): Promise<void> {
  for (const name of names) await fixture.put(selectorOf(name), bytesOf(name));
}

const names = (count: number, word: string) => Array.from({ length: count }, (_, at) => `/${word}/${at}`);

Deno.test("what is pinned survives many evictions and restarts at a small cap; unpinned, it goes", async () => {
  const fixture = openSmall();
  try {
    await fill(fixture, ["/kept/a", "/kept/b", "/other"]);
    await addPins(fixture.root, ["test/kept/**"]);
    for (const round of [1, 2]) {
      await fill(fixture, names(15, `round${round}`));
      await fixture.restart();
      for (const name of ["/kept/a", "/kept/b"]) assert.deepEqual(fixture.read(selectorOf(name)), bytesOf(name));
    }
    assert.equal(fixture.read(selectorOf("/other")), null);
    // What comes later under a pinned name is pinned as well.
    await fill(fixture, ["/kept/late", ...names(15, "round4")]);
    assert.deepEqual(fixture.read(selectorOf("/kept/late")), bytesOf("/kept/late"));
    await removePins(fixture.root, ["test/kept/**"]);
    for (const name of ["/kept/a", "/kept/b", "/kept/late"]) {
      const { sha256 } = fixture.store.find(selectorOf(name))!;
      Deno.utimeSync(fixture.blobPath(sha256), new Date(0), new Date(0));
    }
    await fill(fixture, names(15, "round5"));
    assert.equal(fixture.read(selectorOf("/kept/a")), null);
  } finally {
    await fixture[Symbol.asyncDispose]();
    Deno.removeSync(fixture.root, { recursive: true });
  }
});

Deno.test("where the pins cannot be read nothing is evicted, and the log says why", async () => {
  const log = createRecordingLog();
  const fixture = openSmall(log);
  try {
    await fill(fixture, names(9, "a"));
    Deno.writeTextFileSync(`${fixture.root}/pins.json`, "garbage");
    const staged = await fixture.store.stage(selectorOf("/b"));
    assert.equal(await staged.reserve(5000), false);
    staged.discard();
    await waitUntil(
      "the log says it",
      () => log.lines.some((line) => /Cannot evict .* Cannot read the pins/.test(line)),
    );
    assert.equal(fixture.bytesOnDisk(), 9000);
  } finally {
    await fixture[Symbol.asyncDispose]();
    Deno.removeSync(fixture.root, { recursive: true });
  }
});
