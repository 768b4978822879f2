import assert from "node:assert/strict";
import { noLog } from "../../../src/observe/log.ts";
import { FsLayout } from "../../../src/store/fs_layout.ts";
import { MissList } from "../../../src/store/misses.ts";
import { FakeNow } from "../../support/fake_now.ts";
import { CacheScene, dayMs } from "./cache_scene.ts";

async function sceneWithMisses(): Promise<CacheScene> {
  const scene = new CacheScene();
  const list = new MissList(new FsLayout(scene.dir), noLog);
  using now = new FakeNow();
  now.adjust(-3 * dayMs);
  list.add("hub", "docker:alpine:3.20");
  list.add("hub", "docker:alpine:3.20");
  now.adjust(2 * dayMs);
  list.add("pypi", "pypi:requests==2.32.0");
  list.add("inner", "pypi:requests==2.32.0");
  await list.close();
  return scene;
}

Deno.test("cache misses prints the next list for warm: each line once, the latest last", async () => {
  await using scene = await sceneWithMisses();
  const { code, stdout, stderr } = await scene.run("misses");
  assert.deepEqual([code, stdout, stderr], [0, "docker:alpine:3.20\npypi:requests==2.32.0\n", ""]);
  assert.equal((await scene.run("misses", "--since", "2d")).stdout, "pypi:requests==2.32.0\n");
});

Deno.test("cache misses --json has counts and times", async () => {
  await using scene = await sceneWithMisses();
  const lines = (await scene.run("misses", "--json")).stdout.trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(lines.map(({ line, backend, count }) => [line, backend, count]), [
    ["docker:alpine:3.20", "hub", 2],
    ["pypi:requests==2.32.0", "pypi", 1],
    ["pypi:requests==2.32.0", "inner", 1],
  ]);
  assert.ok(lines.every(({ first, last }) => Date.parse(first) <= Date.parse(last)));
});

Deno.test("cache misses on a terminal is a table, and says so where nothing was missed", async () => {
  await using scene = await sceneWithMisses();
  const { stdout } = await scene.runOnTerminal("misses");
  assert.match(stdout, /^MISSED +BACKEND +TIMES +LAST\ndocker:alpine:3\.20 +hub +2 +3 d ago\n/);
  await using empty = new CacheScene();
  assert.equal((await empty.runOnTerminal("misses")).stdout, "Nothing was missed\n");
  assert.equal((await empty.run("misses")).stdout, "");
});

Deno.test("cache misses --clear forgets the list once it is written, and all of it", async () => {
  await using scene = await sceneWithMisses();
  const partly = await scene.run("misses", "--clear", "--since", "2d");
  assert.equal(partly.code, 2);
  assert.match(partly.stderr, /--clear forgets the whole list/);
  assert.match((await scene.run("misses", "--clear")).stdout, /alpine/);
  assert.deepEqual(await scene.run("misses", "--clear"), { code: 0, stdout: "", stderr: "" });
});
