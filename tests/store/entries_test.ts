import assert from "node:assert/strict";
import type { HeaderList } from "../../src/http/headers.ts";
import type { Entry } from "../../src/store/store.ts";
import { FakeNow } from "../support/fake_now.ts";
import { bytesOf, entryOf, selectorOf, StoreFixture } from "../support/store_fixture.ts";
import { walk } from "../support/walk.ts";

const key = "/dist/app.tar.gz";
const path = "entries/test/dist/app.tar.gz~.json";

Deno.test("an entry comes back as it was kept, also after a restart", async () => {
  await using fixture = new StoreFixture();
  const headers: HeaderList = [["etag", 'W/"ä"'], ["last-modified", "Wed, 21 Oct 2015 07:28:00 GMT"], ["x", ""]];
  const entry = await fixture.put(selectorOf(key), bytesOf("a"), { headers, freshUntil: 5, generatedAt: -7 });
  assert.deepEqual(fixture.store.find(selectorOf(key)), entry);
  await fixture.restart();
  assert.deepEqual(fixture.store.find(selectorOf(key)), entry);
});

Deno.test("a renewed or replaced entry is what is found at once", async () => {
  await using fixture = new StoreFixture();
  const entry = await fixture.put(selectorOf(key), bytesOf("a"));
  assert.equal(fixture.store.find(selectorOf(key))?.freshUntil, 0);
  await fixture.store.putEntry({ ...entry, freshUntil: 7 });
  assert.equal(fixture.store.find(selectorOf(key))?.freshUntil, 7);
  const replaced = await fixture.put(selectorOf(key), bytesOf("b"));
  assert.deepEqual(fixture.store.find(selectorOf(key)), replaced);
});

Deno.test("an entry that was never kept is a miss", async () => {
  await using fixture = new StoreFixture();
  await fixture.put(selectorOf("/a/b"), bytesOf("a"));
  for (const other of ["/a", "/a/", "/a/b/", "/a/B", "/a/b?", "/a%2Fb", "a/b"]) {
    assert.equal(fixture.store.find(selectorOf(other)), null, other);
  }
  assert.equal(fixture.store.find({ ...selectorOf("/a/b"), backend: "other" }), null);
});

const garbage: readonly [what: string, text: string][] = [
  ["empty", ""],
  ["half-written", JSON.stringify(sound()).slice(0, 100)],
  ["no JSON", "\0\0\0\0"],
  ["null", "null"],
  ["a list", "[]"],
  ["a string", '"x"'],
  ["another key's, as on a file system that ignores case", JSON.stringify(sound({ key: key.toUpperCase() }))],
  ["another backend's", JSON.stringify(sound({ backend: "Test" }))],
  ["without a digest", JSON.stringify({ ...sound(), sha256: undefined })],
  ["with a path for a digest", JSON.stringify(sound({ sha256: "../../../../etc/passwd" }))],
  ["with a size below zero", JSON.stringify(sound({ sizeBytes: -1 }))],
  ["with a size in a string", JSON.stringify({ ...sound(), sizeBytes: "1000" })],
  ["with a size that is no whole number", JSON.stringify(sound({ sizeBytes: 1.5 }))],
  ["with a time that is no number", JSON.stringify({ ...sound(), validatedAt: null })],
  ["with headers that are no list", JSON.stringify({ ...sound(), headers: {} })],
  ["with a header that is no pair", JSON.stringify({ ...sound(), headers: [["etag"]] })],
  ["with nothing to select by", JSON.stringify({ ...sound(), selectedBy: undefined })],
];

Deno.test("an entry file that is garbage is a miss, and is replaced by the next commit", async (t) => {
  await using fixture = new StoreFixture();
  await fixture.put(selectorOf(key), bytesOf("a"));
  using now = new FakeNow();
  for (const [what, text] of garbage) {
    await t.step(what, () => {
      now.advance(1000);
      replaceLikeAnotherProcess(`${fixture.root}/${path}`, JSON.stringify(sound()));
      assert.deepEqual(fixture.store.find(selectorOf(key)), sound(), "what is not garbage is found");
      now.advance(1000);
      replaceLikeAnotherProcess(`${fixture.root}/${path}`, text);
      assert.equal(fixture.store.find(selectorOf(key)), null);
    });
  }
  const entry = await fixture.put(selectorOf(key), bytesOf("b"));
  assert.deepEqual(fixture.store.find(selectorOf(key)), entry);
});

Deno.test("an entry is looked at again after a second, also when the clock was put back meanwhile", async () => {
  await using fixture = new StoreFixture();
  using now = new FakeNow();
  await fixture.put(selectorOf(key), bytesOf("a"));
  replaceLikeAnotherProcess(`${fixture.root}/${path}`, JSON.stringify(sound()));
  assert.deepEqual(fixture.store.find(selectorOf(key)), sound());
  now.adjust(-24 * 3600_000);
  now.advance(1000);
  const changed = { ...sound(), url: "http://other/" };
  replaceLikeAnotherProcess(`${fixture.root}/${path}`, JSON.stringify(changed));
  assert.deepEqual(fixture.store.find(selectorOf(key)), changed);
});

Deno.test("what the upstream varies is kept side by side, and selected by the request's headers", async () => {
  await using fixture = new StoreFixture();
  const asked = (accept: string) => selectorOf(key, [["accept", accept], ["user-agent", accept.length.toString()]]);
  const put = (accept: string) => fixture.put(asked(accept), bytesOf(accept), { selectedBy: [["accept", accept]] });
  await put("text/html");
  const json = await put("application/json");
  for (const _round of ["in memory", "from disk"]) {
    assert.deepEqual(fixture.read(asked("text/html")), bytesOf("text/html"));
    assert.deepEqual(fixture.read(asked("application/json")), bytesOf("application/json"));
    assert.equal(fixture.store.find(asked("image/png")), null);
    assert.equal(fixture.store.find(selectorOf(key)), null);
    await fixture.restart();
  }
  await fixture.store.putEntry({ ...json, freshUntil: 77 });
  assert.equal(fixture.store.find(asked("application/json"))?.freshUntil, 77);
  assert.equal(fixture.store.find(asked("text/html"))?.freshUntil, 0);
});

Deno.test("a header that was not sent selects like an empty one", async () => {
  await using fixture = new StoreFixture();
  const entry = await fixture.put(selectorOf(key), bytesOf("a"), { selectedBy: [["accept", ""]] });
  assert.deepEqual(fixture.store.find(selectorOf(key)), entry);
  assert.deepEqual(fixture.store.find(selectorOf(key, [["accept", ""]])), entry);
  assert.equal(fixture.store.find(selectorOf(key, [["accept", "text/html"]])), null);
});

Deno.test("when the upstream varies no more, everyone gets the newest", async () => {
  await using fixture = new StoreFixture();
  const asked = selectorOf(key, [["accept", "text/html"]]);
  await fixture.put(asked, bytesOf("old"), { selectedBy: [["accept", "text/html"]] });
  const newest = await fixture.put(selectorOf(key), bytesOf("new"));
  assert.deepEqual(fixture.store.find(asked), newest);
});

Deno.test("another process' change of an entry is noticed after a second at the latest", async () => {
  await using fixture = new StoreFixture();
  const old = await fixture.put(selectorOf(key), bytesOf("old"));
  assert.deepEqual(fixture.store.find(selectorOf(key)), old);
  using now = new FakeNow();
  fixture.store.find(selectorOf(key));
  now.advance(1000);
  assert.deepEqual(fixture.store.find(selectorOf(key)), old, "looked at again, and unchanged");

  const newer = { ...old, freshUntil: 7 };
  replaceLikeAnotherProcess(`${fixture.root}/${path}`, JSON.stringify(newer));
  now.advance(999);
  assert.deepEqual(fixture.store.find(selectorOf(key)), old, "believed");
  now.advance(1);
  assert.deepEqual(fixture.store.find(selectorOf(key)), newer);

  Deno.removeSync(`${fixture.root}/${path}`);
  assert.deepEqual(fixture.store.find(selectorOf(key)), newer, "believed");
  now.advance(1000);
  assert.equal(fixture.store.find(selectorOf(key)), null);
});

Deno.test("two processes that write one entry in the same moment agree on it in the end", async () => {
  await using fixture = new StoreFixture();
  const ours = await fixture.put(selectorOf(key), bytesOf("ours"));
  fixture.store.find(selectorOf(key));
  const { mtime } = Deno.statSync(`${fixture.root}/${path}`);
  const theirs = { ...ours, freshUntil: 7 };
  replaceLikeAnotherProcess(`${fixture.root}/${path}`, JSON.stringify(theirs));
  Deno.utimeSync(`${fixture.root}/${path}`, mtime!, mtime!);
  using now = new FakeNow();
  now.advance(1000);
  assert.deepEqual(fixture.store.find(selectorOf(key)), theirs);
});

Deno.test("an entry that cannot be renewed throws storage_failed and is as it was", async () => {
  await using fixture = new StoreFixture();
  const entry = await fixture.put(selectorOf(key), bytesOf("a"));
  Deno.renameSync(`${fixture.root}/entries`, `${fixture.root}/elsewhere`);
  Deno.writeTextFileSync(`${fixture.root}/entries`, "");
  await assert.rejects(async () => await fixture.store.putEntry({ ...entry, freshUntil: 7 }), {
    code: "storage_failed",
  });
  Deno.removeSync(`${fixture.root}/entries`);
  Deno.renameSync(`${fixture.root}/elsewhere`, `${fixture.root}/entries`);
  assert.deepEqual(fixture.store.find(selectorOf(key)), entry);
  await fixture.restartAfter(() => assert.deepEqual(walk(`${fixture.root}/staging`), [], "no temporary file is left"));
});

function sound(overrides: Partial<Entry> = {}): Entry {
  return entryOf(selectorOf(key), bytesOf("a"), { storedAt: 1, validatedAt: 1, generatedAt: 1, ...overrides });
}

function replaceLikeAnotherProcess(file: string, text: string): void {
  Deno.writeTextFileSync(`${file}.new`, text);
  Deno.renameSync(`${file}.new`, file);
}
