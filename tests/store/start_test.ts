import assert from "node:assert/strict";
import { bytesOf, selectorOf, StoreFixture } from "../support/store_fixture.ts";
import { waitUntil } from "../support/wait_until.ts";

const files = 5_000;

Deno.test("over 10,000 files", async (t) => {
  await using fixture = new StoreFixture({ maxBytes: 30_000_000 });
  const selector = selectorOf("/hit");
  const hit = await fixture.put(selector, bytesOf("hit"));
  const damaged = await fixture.put(selectorOf("/damaged"), bytesOf("damaged"));
  await fixture.restartAfter(() => {
    generate(fixture, hit.sha256);
    Deno.removeSync(`${fixture.root}/usage.json`);
  });

  await t.step("a hit is served before anything is counted", () => {
    assert.deepEqual(fixture.read(selector), bytesOf("hit"));
    assert.equal(fixture.store.usedBytes(), 0);
  });

  await t.step("without a usage.json, all is counted before a byte is granted", async () => {
    const staged = await fixture.store.stage(selectorOf("/new"));
    assert.equal(await staged.reserve(500), true);
    assert.equal(fixture.store.usedBytes(), (files + 2) * 1000 + 500);
    staged.discard();
  });

  await t.step("the count is right although bodies come and go while it runs", async () => {
    await fixture.restartAfter(() => Deno.truncateSync(fixture.blobPath(damaged.sha256), 999));
    const counted = fixture.store.usedBytes();
    assert.equal(counted, (files + 2) * 1000, "as it was written down");
    assert.equal(fixture.store.openBody(damaged), null);
    const names = ["a", "b", "c", "d", "e", "f"];
    await Promise.all(names.map((name) => fixture.put(selectorOf(`/${name}`), bytesOf(name))));
    await fixture.put(selectorOf("/hit2"), bytesOf("hit"));
    const right = (files + 1 + names.length) * 1000;
    await waitUntil("the count is right", () => fixture.store.usedBytes() === right);
  });
});

/** As many blobs as entries that nobody asks for. Links, since they are made quickly. */
function generate(fixture: StoreFixture, sha256: string): void {
  const body = `${fixture.root}/body`;
  Deno.writeFileSync(body, bytesOf("generated"));
  const entry = `${fixture.root}/entries/test/hit~.json`;
  for (let shard = 0; shard < 256; shard++) {
    const hex = shard.toString(16).padStart(2, "0");
    Deno.mkdirSync(`${fixture.root}/blobs/sha256/${hex}`, { recursive: true });
    Deno.mkdirSync(`${fixture.root}/entries/test/${hex}`, { recursive: true });
  }
  for (let i = 0; i < files; i++) {
    const name = i.toString(16).padStart(8, "0");
    const hex = name.slice(-2);
    Deno.linkSync(body, `${fixture.root}/blobs/sha256/${hex}/${hex}${name}${sha256.slice(10)}`);
    Deno.linkSync(entry, `${fixture.root}/entries/test/${hex}/${name}~.json`);
  }
}
