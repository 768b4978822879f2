import assert from "node:assert/strict";
import { parsePattern } from "../../../src/inventory/pattern.ts";
import { prune } from "../../../src/inventory/prune.ts";
import { purge } from "../../../src/inventory/purge.ts";
import { FsLayout } from "../../../src/store/fs_layout.ts";
import type { Entry } from "../../../src/store/store.ts";
import { CacheScene } from "./cache_scene.ts";

const signal = new AbortController().signal;

/** Writes an entry for a stored body, as another process does meanwhile. */
function writeLate(scene: CacheScene, entry: Entry): void {
  const late = { ...entry, backend: "late", key: "/late" };
  const path = new FsLayout(scene.dir).entry(late.backend, late.key);
  Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  Deno.writeTextFileSync(path, JSON.stringify(late));
}

Deno.test("a purge leaves a body for which an entry comes while it removes others", async () => {
  await using scene = new CacheScene();
  const entry = await scene.put("files/a");
  const purged = await purge(scene.dir, {
    ...{ patterns: [parsePattern("files/a")], pinned: false, dryRun: false, signal },
    named: () => writeLate(scene, entry),
    confirmsAll: () => false,
  });
  assert.deepEqual([purged.kind, purged.kind === "purged" && purged.removed.bodies], ["purged", 0]);
  assert.ok(Deno.statSync(scene.bodyPath(entry)).isFile);
});

Deno.test("a prune of one backend leaves a body for which an entry of another one comes meanwhile", async () => {
  await using scene = new CacheScene();
  const entry = await scene.put("files/a", { usedDays: 50 });
  let visits = 0;
  const pruned = await prune(scene.dir, {
    ...{ aim: { unusedForMs: 1 }, backends: ["files"], offline: [], dryRun: false, signal },
    // One body, then one entry.
    visited: () => ++visits === 2 && writeLate(scene, entry),
  });
  assert.deepEqual([visits, pruned.bodies, pruned.entries], [2, 0, 0]);
  assert.ok(Deno.statSync(scene.bodyPath(entry)).isFile);
});
