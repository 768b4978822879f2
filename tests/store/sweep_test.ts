import assert from "node:assert/strict";
import { withFolder } from "../../src/store/files.ts";
import { statOrNull } from "../../src/store/regular_files.ts";
import { FsLayout, variantOf } from "../../src/store/fs_layout.ts";
import { FakeNow } from "../support/fake_now.ts";
import { bytesOf, createRecordingLog, selectorOf, StoreFixture } from "../support/store_fixture.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { waitUntil } from "../support/wait_until.ts";
import { walk } from "../support/walk.ts";

const hourMs = 3_600_000;

Deno.test("entries of evicted bodies go, and the folders they leave empty; all else stays", async () => {
  const log = createRecordingLog();
  await using fixture = new StoreFixture({ maxBytes: 10_000, log });
  for (const key of ["/deep/er/old", "/held", "/young", "/foreign"]) await fixture.put(selectorOf(key), bytesOf(key));
  const lost = ["/deep/er/old", "/young", "/foreign"];
  for (const key of lost) loseBody(fixture, key);
  const aside = ["notes.txt", "half~.json", "other~.json", "list~.json"];
  writeEntry(fixture, "half~.json", '{"backend":"test"');
  writeEntry(fixture, "other~.json", Deno.readTextFileSync(pathOf(fixture, "/foreign")));
  writeEntry(fixture, "list~.json", "[]");
  writeEntry(fixture, "notes.txt", Deno.readTextFileSync(pathOf(fixture, "/foreign")));
  for (const key of ["/deep/er/old", "/held"]) age(pathOf(fixture, key));
  for (const name of aside) age(`${fixture.root}/entries/test/${name}`);
  Deno.mkdirSync(`${fixture.root}/entries/gone/empty`, { recursive: true });
  Deno.symlinkSync(fixture.root, `${fixture.root}/entries/link`);
  await evictSome(fixture);
  await waitUntil("the entries are swept", () => log.lines.find((line) => line.includes(" not there")));
  assert.deepEqual(log.lines.slice(1), ["INFO Removed 1 entry whose body is not there"]);
  const names = [...Deno.readDirSync(`${fixture.root}/entries/test`)].map(({ name }) => name);
  const expected = [...aside, "held~.json", "young~.json", "foreign~.json"];
  assert.deepEqual(names.filter((name) => !name.startsWith("filler")).toSorted(), expected.toSorted());
  const folders = [...Deno.readDirSync(`${fixture.root}/entries`)].map(({ name }) => name);
  assert.deepEqual(folders.toSorted(), ["link", "test"]);
});

Deno.test("what tells the selections of a document apart stays while one of them has its body", async () => {
  const log = createRecordingLog();
  await using fixture = new StoreFixture({ maxBytes: 10_000, log });
  const asked = (accept: string) => selectorOf("/doc", [["accept", accept]]);
  for (const accept of ["html", "xml", "json"]) {
    await fixture.put(asked(accept), bytesOf(accept), { selectedBy: [["accept", accept]] });
  }
  const path = (accept: string) => pathOf(fixture, "/doc", variantOf([["accept", accept]]));
  const loseAll = (...accepts: string[]) => {
    for (const accept of accepts) loseBodyAt(fixture, path(accept));
    for (const name of walk(`${fixture.root}/entries/test`)) age(`${fixture.root}/entries/test/${name}`);
  };
  loseAll("json", "xml");
  await evictSome(fixture);
  await waitUntil("two are swept", () => log.lines.includes("INFO Removed 2 entries whose bodies are not there"));
  await fixture.restart();
  assert.deepEqual(fixture.read(asked("html")), bytesOf("html"));
  loseAll("html");
  await evictSome(fixture);
  await waitUntil("all are swept", () => !walk(`${fixture.root}/entries`).some((name) => name.includes("doc~")));
});

Deno.test("an hour lies between two sweeps", async () => {
  const log = createRecordingLog();
  await using fixture = new StoreFixture({ maxBytes: 10_000, log });
  const swept = () => log.lines.filter((line) => line.includes(" not there")).length;
  using now = new FakeNow();
  const lose = async (key: string) => {
    await fixture.put(selectorOf(key), bytesOf(key));
    loseBody(fixture, key);
    age(pathOf(fixture, key));
    await evictSome(fixture);
  };
  await lose("/first");
  await waitUntil("the first is swept", () => swept() === 1);
  now.advance(hourMs - 1);
  await lose("/second");
  assert.equal(statOrNull(pathOf(fixture, "/second"))?.isFile, true);
  now.advance(1);
  await lose("/third");
  await waitUntil("both others are swept", () => swept() === 2);
  for (const key of ["/second", "/third"]) assert.equal(statOrNull(pathOf(fixture, key)), null);
});

Deno.test("an entry that is being replaced is not removed, whatever the old one says", async () => {
  const log = createRecordingLog();
  await using fixture = new StoreFixture({ maxBytes: 10_000, log });
  const selector = selectorOf("/a");
  await fixture.put(selector, bytesOf("a"));
  loseBody(fixture, "/a");
  await fixture.put(selectorOf("/b"), bytesOf("b"));
  loseBody(fixture, "/b");
  for (const key of ["/a", "/b"]) age(pathOf(fixture, key));
  const staged = await fixture.stage(selector, bytesOf("a"));
  const entry = fixture.store.find(selector)!;
  const { rename } = Deno;
  const released = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  Deno.rename = async (from, to) => {
    if (to === pathOf(fixture, "/a")) {
      Deno.removeSync(fixture.blobPath(entry.sha256));
      reached.resolve();
      await released.promise;
    }
    await rename(from, to);
  };
  try {
    const committed = fixture.store.commit(staged, entry);
    await reached.promise;
    await evictSome(fixture);
    await waitUntil("the other one is swept", () => statOrNull(pathOf(fixture, "/b")) === null);
    await waitUntil("the sweep is over", () => log.lines.some((line) => line.includes(" not there")));
    assert.ok(statOrNull(pathOf(fixture, "/a")));
    released.resolve();
    await committed;
  } finally {
    released.resolve();
    Deno.rename = rename;
  }
});

Deno.test("a folder that is removed as an empty one while it is written to is made again", async () => {
  await using dir = await createTempDir();
  const path = dir.join("a/b/c/file");
  let attempts = 0;
  await withFolder(path, () => {
    if (++attempts < 5 && attempts > 1) Deno.removeSync(dir.join("a"), { recursive: true });
    Deno.writeTextFileSync(path, "x");
  });
  assert.equal(Deno.readTextFileSync(path), "x");
  assert.equal(attempts, 5);
});

for (const Problem of [Deno.errors.NotFound, Deno.errors.AlreadyExists]) {
  Deno.test(`a folder that goes while it is made (${Problem.name}) is made again`, async () => {
    await using dir = await createTempDir();
    const { mkdir } = Deno;
    let attempts = 0;
    Deno.mkdir = (path, options) => ++attempts === 1 ? Promise.reject(new Problem("gone")) : mkdir(path, options);
    try {
      await withFolder(dir.join("a/file"), () => Deno.writeTextFileSync(dir.join("a/file"), "x"));
    } finally {
      Deno.mkdir = mkdir;
    }
    assert.equal(Deno.readTextFileSync(dir.join("a/file")), "x");
  });
}

Deno.test("a folder that cannot be made is reported", async () => {
  await using dir = await createTempDir();
  const source = dir.join("missing");
  await assert.rejects(
    withFolder(dir.join("a/file"), () => Deno.rename(source, dir.join("a/file"))),
    Deno.errors.NotFound,
  );
});

/** Evicts one body of a cache of 10,000 bytes: one that nobody else asks for. */
async function evictSome(fixture: StoreFixture): Promise<void> {
  const filler = await fixture.put(selectorOf("/filler"), bytesOf("filler"));
  Deno.utimeSync(fixture.blobPath(filler.sha256), 1, 1);
  const staged = await fixture.store.stage(selectorOf("/new"));
  assert.ok(await staged.reserve(10_000 - fixture.bytesOnDisk() + 1));
  staged.discard();
  assert.equal(fixture.store.hasBody(filler), false);
}

function pathOf(fixture: StoreFixture, key: string, variant = ""): string {
  return new FsLayout(fixture.root).entry("test", key, variant);
}

/** Removes the body of what is kept at `key`, as an eviction does. */
function loseBody(fixture: StoreFixture, key: string): void {
  loseBodyAt(fixture, pathOf(fixture, key));
}

function loseBodyAt(fixture: StoreFixture, path: string): void {
  Deno.removeSync(fixture.blobPath(JSON.parse(Deno.readTextFileSync(path)).sha256));
}

function writeEntry(fixture: StoreFixture, name: string, text: string): void {
  Deno.writeTextFileSync(`${fixture.root}/entries/test/${name}`, text);
}

/** As if it had been written an hour ago. */
function age(path: string): void {
  const then = new Date(Date.now() - hourMs);
  Deno.utimeSync(path, then, then);
}
