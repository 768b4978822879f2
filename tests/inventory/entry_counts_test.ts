import assert from "node:assert/strict";
import { countEntries } from "../../src/inventory/entry_counts.ts";
import { CacheScene } from "../cli/cache/cache_scene.ts";

Deno.test("entries are counted by backend, the variants of a key once, and a long key too", async () => {
  await using scene = new CacheScene();
  for (const name of ["files/a", "files/a/b", `files/${"x".repeat(900)}`, "hub/a"]) await scene.put(name);
  for (const value of ["gzip", "br"]) {
    const selector = { backend: "files", key: "/varies", requestHeaders: [] };
    const entry = await scene.fixture.put(selector, new TextEncoder().encode(value), { url: "http://127.0.0.1/" });
    await scene.fixture.store.putEntry({ ...entry, selectedBy: [["accept-encoding", value]] });
  }
  const counts = await countEntries(scene.dir, new AbortController().signal);
  assert.deepEqual(counts, [{ backend: "files", entries: 4 }, { backend: "hub", entries: 1 }]);
  assert.deepEqual(await countEntries(`${scene.dir}/nothing`, new AbortController().signal), []);
});
