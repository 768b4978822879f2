import assert from "node:assert/strict";
import { cachedBackends, cachedEntries, type CachedEntriesOptions } from "../../src/inventory/cached_entries.ts";
import { entryName } from "../../src/inventory/entry_name.ts";
import { bytesOf, entryOf, StoreFixture } from "../support/store_fixture.ts";

async function openFilled(): Promise<StoreFixture> {
  const fixture = new StoreFixture();
  const keys = [["docker", "/a/b"], ["docker", "/a/c"], ["apt", "dists/a"], ["apt", "pool/b.deb"], ["old.name", "/x"]];
  for (const [backend = "", key = ""] of keys) {
    const selector = { backend, key, requestHeaders: [] };
    await fixture.store.putEntry(entryOf(selector, bytesOf(key), { url: "http://127.0.0.1/" }));
  }
  return fixture;
}

async function namesIn({ root }: StoreFixture, options?: CachedEntriesOptions): Promise<string[]> {
  return (await Array.fromAsync(cachedEntries(root, options))).map(entryName);
}

Deno.test("all entries of all backends come, of those that are not configured as well", async () => {
  await using fixture = await openFilled();
  assert.deepEqual(await cachedBackends(fixture.root), ["apt", "docker", "old.name"]);
  const names = ["apt/dists/a", "apt/pool/b.deb", "docker/a/b", "docker/a/c", "old.name/x"];
  assert.deepEqual(await namesIn(fixture), names);
  assert.deepEqual(await namesIn(fixture, { backends: ["docker"] }), ["docker/a/b", "docker/a/c"]);
});

Deno.test("a prefix of names finds keys that begin with a slash and others", async () => {
  await using fixture = await openFilled();
  assert.deepEqual(await namesIn(fixture, { prefix: "apt/pool/" }), ["apt/pool/b.deb"]);
  assert.deepEqual(await namesIn(fixture, { prefix: "docker/a/" }), ["docker/a/b", "docker/a/c"]);
  assert.deepEqual(await namesIn(fixture, { prefix: "docker" }), ["docker/a/b", "docker/a/c"]);
  assert.deepEqual(await namesIn(fixture, { prefix: "nothing/" }), []);
});

Deno.test("a file without an entry in it is reported, and the others come", async () => {
  await using fixture = await openFilled();
  const path = `${fixture.root}/entries/docker/a/b~.json`;
  Deno.writeTextFileSync(path, "{");
  const reported: string[] = [];
  const names = await namesIn(fixture, { backends: ["docker"], unreadable: (path) => reported.push(path) });
  assert.deepEqual([names, reported], [["docker/a/c"], [path]]);
});

Deno.test("a cache directory that does not exist has no entries", async () => {
  await using fixture = new StoreFixture();
  assert.deepEqual(await namesIn(fixture), []);
  assert.deepEqual(await cachedBackends(`${fixture.root}/missing`), []);
});
