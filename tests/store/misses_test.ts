import assert from "node:assert/strict";
import { noLog } from "../../src/observe/log.ts";
import { FsLayout } from "../../src/store/fs_layout.ts";
import { forgetMisses, type Miss, MissList, readMissList, writtenMisses } from "../../src/store/misses.ts";
import { createRecordingLog } from "../support/store_fixture.ts";
import { FakeNow } from "../support/fake_now.ts";
import { createTempDir } from "../support/temp_dir.ts";

const countsOf = (misses: readonly Miss[]) => misses.map(({ backend, line, count }) => `${backend} ${line} ${count}`);

Deno.test("misses are counted by backend and line, the latest last, and survive a restart", async () => {
  await using dir = await createTempDir();
  const layout = new FsLayout(dir.path);
  using now = new FakeNow();
  const start = Date.now();
  const list = new MissList(layout, noLog);
  for (const [backend, line] of [["hub", "docker:a:1"], ["pypi", "pypi:b"], ["hub", "docker:a:1"], ["x", "pypi:b"]]) {
    list.add(backend!, line!);
    now.advance(1000);
  }
  const expected = ["pypi pypi:b 1", "hub docker:a:1 2", "x pypi:b 1"];
  assert.deepEqual(countsOf(await list.list()), expected);
  await list.close();
  assert.deepEqual(countsOf(readMissList(layout)), expected);
  const again = new MissList(layout, noLog);
  again.add("pypi", "pypi:b");
  await again.close();
  const [, , latest] = readMissList(layout);
  assert.deepEqual(latest, { backend: "pypi", line: "pypi:b", count: 2, first: start + 1000, last: start + 4000 });
});

Deno.test("what two processes count at once is added up", async () => {
  await using dir = await createTempDir();
  const layout = new FsLayout(dir.path);
  const lists = [new MissList(layout, noLog), new MissList(layout, noLog)];
  lists[0]!.add("files", "/files/first");
  await lists[0]!.close();
  for (const list of lists) list.add("files", "/files/a");
  await Promise.all(lists.map((list) => list.close()));
  assert.deepEqual(countsOf(readMissList(layout)), ["files /files/first 1", "files /files/a 2"]);
});

Deno.test("another process can read the list soon, and clear it", async () => {
  await using dir = await createTempDir();
  const layout = new FsLayout(dir.path);
  await forgetMisses(layout, []);
  const list = new MissList(layout, noLog);
  list.add("files", "/files/a");
  await list.close();
  await forgetMisses(layout, readMissList(layout));
  list.add("files", "/files/b");
  assert.deepEqual(countsOf(await list.list()), ["files /files/b 1"]);
  await list.close();
  assert.deepEqual(countsOf(readMissList(layout)), ["files /files/b 1"]);
});

Deno.test("what is missed while the list is written out stays on it", async () => {
  await using dir = await createTempDir();
  const layout = new FsLayout(dir.path);
  const list = new MissList(layout, noLog);
  using now = new FakeNow();
  for (const line of ["/files/a", "/files/b"]) list.add("files", line);
  await list.close();
  const written = readMissList(layout);
  now.adjust(1);
  for (const line of ["/files/b", "/files/c"]) list.add("files", line);
  await list.close();
  await writtenMisses(layout).forget(written);
  assert.deepEqual(countsOf(readMissList(layout)), ["files /files/b 2", "files /files/c 1"]);
  assert.deepEqual([...Deno.readDirSync(dir.path)].map(({ name }) => name), ["misses.jsonl"]);
});

Deno.test("a vault forgets what it has not written down yet as well, and keeps what was missed since", async () => {
  await using dir = await createTempDir();
  const layout = new FsLayout(dir.path);
  const list = new MissList(layout, noLog);
  using now = new FakeNow();
  for (const line of ["/files/a", "/files/b"]) list.add("files", line);
  const listed = await list.list();
  now.adjust(1);
  list.add("files", "/files/b");
  await list.forget(listed);
  assert.deepEqual(countsOf(await list.list()), ["files /files/b 2"]);
  await list.close();
  assert.deepEqual(countsOf(readMissList(layout)), ["files /files/b 2"]);
});

Deno.test("the list stays within bounds, on disk and in memory: what was missed longest ago is forgotten first", async () => {
  await using dir = await createTempDir();
  const layout = new FsLayout(dir.path);
  const list = new MissList(layout, noLog);
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 2000; i++) list.add("files", `/files/${round}/${i}/${"x".repeat(400)}`);
    await list.close();
    assert.ok(Deno.statSync(layout.misses).size <= 2 * 1024 * 1024);
  }
  list.add("files", "/files/" + "y".repeat(10_000));
  const misses = await list.list();
  assert.match(misses.at(-1)!.line, /^\/files\/4\/1999\//);
  assert.ok(misses.length > 1000 && misses.length < 3000, `${misses.length}`);
});

Deno.test("a link in place of the list is removed, and nothing is written through it", async () => {
  await using dir = await createTempDir();
  const layout = new FsLayout(dir.join("cache"));
  Deno.mkdirSync(layout.root);
  Deno.writeTextFileSync(dir.join("victim"), "precious");
  Deno.symlinkSync(dir.join("victim"), layout.misses);
  const list = new MissList(layout, noLog);
  list.add("files", "/files/a");
  await list.close();
  assert.equal(Deno.readTextFileSync(dir.join("victim")), "precious");
  assert.deepEqual(countsOf(readMissList(layout)), ["files /files/a 1"]);
});

Deno.test("lines that are cut or foreign are passed over", async () => {
  await using dir = await createTempDir();
  const layout = new FsLayout(dir.path);
  const sound = JSON.stringify(["files", "/files/a", 2, 5, 6]);
  const foreign = ["[1]", '["files","/x\\n/y",1,1,1]', '["files","/z",-1,1,1]', '["files","/z",1', "{}", "null"];
  Deno.writeTextFileSync(layout.misses, ["", ...foreign, sound, '["files","/fi'].join("\n"));
  assert.deepEqual(countsOf(readMissList(layout)), ["files /files/a 2"]);
  const list = new MissList(layout, noLog);
  list.add("files", "/files/b");
  await list.close();
  assert.deepEqual(countsOf(readMissList(layout)), ["files /files/a 2", "files /files/b 1"]);
});

Deno.test("where nothing can be written, the list is in memory, and the log says so once", async () => {
  await using dir = await createTempDir();
  Deno.writeTextFileSync(dir.join("file"), "");
  const log = createRecordingLog();
  const list = new MissList(new FsLayout(dir.join("file/cache")), log);
  for (const line of ["/files/a", "/files/b", "/files/a"]) {
    list.add("files", line);
    await list.close();
  }
  assert.deepEqual(countsOf(await list.list()), ["files /files/b 1", "files /files/a 2"]);
  assert.deepEqual(log.lines.map((line) => /kept in memory/.test(line)), [true]);
});
