import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { FsLayout, variantOf } from "../../src/store/fs_layout.ts";
import { walkEntries } from "../../src/store/entry_walk.ts";
import type { Entry } from "../../src/store/store.ts";
import { bytesOf, createRecordingLog, entryOf, selectorOf, StoreFixture } from "../support/store_fixture.ts";

async function keysOf(fixture: StoreFixture, prefix = "", backend = "test"): Promise<string[]> {
  return (await Array.fromAsync(fixture.store.entries(backend, prefix))).map(({ key }) => key);
}

async function putAll(fixture: StoreFixture, keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    await fixture.store.putEntry(entryOf(selectorOf(key), bytesOf("a"), { url: "http://127.0.0.1/" }));
  }
}

/** A key of characters around the slash, and of very different lengths; always the same for the same number. */
function keyOf(seed: number): string {
  const bytes = bytesOf(`key ${seed}`, 12);
  const characters = Array.from(bytes.subarray(0, 2 + bytes[11]! % 9), (byte) => "/-.0ab/=~"[byte % 9]!);
  return characters.map((character) => character === "~" ? "~".repeat(200) : character).join("");
}

/** The longest key that has a path of its own, and longer ones. */
const longFolders = "/" + "folder/".repeat(85);
const longSegment = "s".repeat(150);

/** Keys whose files and folders lie in another order than their bytes, in many ways. */
const keys = [
  ...[
    "",
    "/",
    "//",
    "//a",
    "a",
    "a/b",
    "a-b",
    "!a",
    "~a",
    "0",
    "/a",
    "/a/",
    "/a//",
    "/a/b",
    "/a/b/c",
    "/a/b-c",
    "/a/b.c",
  ],
  ...["/a-b", "/a-b/c", "/a.b", "/a0", "/a!b", "/a b", "/a?b=1", "/a?b=1/2", "/a~", "/a~b", "/A", "/B/x", "/b", "/b/x"],
  ...["/=", "/=r/a", "/=l/a", "/=2E", "/.a", "/con", "/con/a", "/nul.txt", "/%2F", "/\0", "/\x7f", "/é", "/\u{1F600}"],
  ...["/\uFF5E", "/\u{1F600}/a", "/ÿ/a", "/z"],
  ...[`/${"x".repeat(200)}`, `/${"x".repeat(200)}/a`, `/${"x".repeat(201)}/a`, `/${"x".repeat(200)}-/a`, "/x", "/xy"],
  ...[`/${longSegment}${"é".repeat(200)}/a/b/c`, `/${longSegment}`, `/${longSegment}t`],
  ...[`${longFolders}a`, `${longFolders}abcdefghij`, `/f/${"g/".repeat(700)}`, "x".repeat(8192), "/".repeat(2000)],
];

Deno.test("all entries come exactly once, in the order of their keys' bytes", async () => {
  await using fixture = new StoreFixture();
  await putAll(fixture, keys.toReversed());
  assert.deepEqual(await keysOf(fixture), keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
});

Deno.test("a prefix ends anywhere in a key: at a slash, within a segment, in a shortened one", async (t) => {
  await using fixture = new StoreFixture();
  await putAll(fixture, keys);
  const all = await keysOf(fixture);
  const prefixes = [
    "/",
    "/a",
    "/a/",
    "/a/b",
    "/a-",
    "a",
    "a/",
    "//",
    "/x",
    "/con",
    "/=",
    "/é",
    "/f",
    "/f/g/",
    "x",
    "none",
    "/none/",
  ];
  const long = [
    `/${"x".repeat(150)}`,
    `/${"x".repeat(200)}/`,
    `${longFolders.slice(0, -3)}`,
    longFolders,
    "x".repeat(8000),
  ];
  for (const prefix of [...prefixes, ...long]) {
    await t.step(prefix.slice(0, 20), async () => {
      assert.deepEqual(await keysOf(fixture, prefix), all.filter((key) => key.startsWith(prefix)));
    });
  }
});

Deno.test("random keys of few characters come in the order of their bytes", async () => {
  await using fixture = new StoreFixture();
  const random = [...new Set(Array.from({ length: 500 }, (_, i) => keyOf(i)))].sort();
  await putAll(fixture, random.toReversed());
  assert.deepEqual(await keysOf(fixture), random);
});

Deno.test("another backend's entries are not among them, and a backend without entries has none", async () => {
  await using fixture = new StoreFixture();
  await putAll(fixture, ["/a"]);
  await fixture.store.putEntry(entryOf({ ...selectorOf("/b"), backend: "other" }, bytesOf("b")));
  assert.deepEqual(await keysOf(fixture), ["/a"]);
  assert.deepEqual(await keysOf(fixture, "", "other"), ["/b"]);
  assert.deepEqual(await keysOf(fixture, "", "none"), []);
});

Deno.test("of a key that varies each variant that can be found comes once, the newest first", async () => {
  await using fixture = new StoreFixture();
  const asked = (accept: string) => selectorOf("/b", [["accept", accept]]);
  const put = (accept: string) => fixture.put(asked(accept), bytesOf(accept), { selectedBy: [["accept", accept]] });
  const [html, json] = [await put("text/html"), await put("application/json")];
  await putAll(fixture, ["/a", "/c"]);
  const found = await Array.fromAsync(fixture.store.entries("test", ""));
  assert.deepEqual(found.map(({ key, sha256 }) => key === "/b" ? sha256 : key), ["/a", json.sha256, html.sha256, "/c"]);
  const newest = await fixture.put(selectorOf("/b"), bytesOf("all"));
  assert.deepEqual(await Array.fromAsync(fixture.store.entries("test", "/b")), [newest]);
});

Deno.test("an entry is what find gives for it", async () => {
  await using fixture = new StoreFixture();
  await fixture.put(selectorOf("/a"), bytesOf("a"), { freshUntil: 7, headers: [["etag", '"x"']] });
  assert.deepEqual(await Array.fromAsync(fixture.store.entries("test", "/")), [fixture.store.find(selectorOf("/a"))]);
});

Deno.test("what is written and removed meanwhile keeps nothing else from coming once", async () => {
  await using fixture = new StoreFixture();
  const lasting = ["/a/1", "/a/2", "/b/1", "/c/1", "/c/2", "/d"];
  await putAll(fixture, [...lasting, "/b/2", "/c/15"]);
  const found: string[] = [];
  for await (const { key } of fixture.store.entries("test", "/")) {
    found.push(key);
    if (key !== "/a/1") continue;
    Deno.removeSync(`${fixture.root}/entries/test/b/2~.json`);
    Deno.removeSync(`${fixture.root}/entries/test/c/15~.json`);
    await putAll(fixture, ["/a/0", "/a/15", "/c/3", "/e"]);
  }
  assert.deepEqual(found.filter((key) => lasting.includes(key)), lasting);
  assert.equal(new Set(found).size, found.length);
  assert.ok(!found.includes("/b/2") && !found.includes("/c/15"));
});

Deno.test("who reads no further leaves nothing open", async () => {
  await using fixture = new StoreFixture();
  await putAll(fixture, ["/a/1", "/a/2", `/f/${"g/".repeat(700)}`]);
  for await (const { key } of fixture.store.entries("test", "/")) {
    assert.equal(key, "/a/1");
    break;
  }
});

Deno.test("files that hold no entry, or that of another key, are left out", async () => {
  await using fixture = new StoreFixture();
  await putAll(fixture, ["/a", "/b", "/c/d", "/e"]);
  const folder = `${fixture.root}/entries/test`;
  Deno.writeTextFileSync(`${folder}/b~.json`, "{");
  Deno.copyFileSync(`${folder}/a~.json`, `${folder}/copy~.json`);
  Deno.symlinkSync(`${folder}/a~.json`, `${folder}/link~.json`);
  Deno.writeTextFileSync(`${folder}/note.txt`, "not ours");
  Deno.mkdirSync(`${folder}/a~.json.d`);
  Deno.mkdirSync(`${folder}/=41`);
  Deno.copyFileSync(`${folder}/a~.json`, `${folder}/=41/a~.json`);
  assert.deepEqual(await keysOf(fixture), ["/a", "/c/d", "/e"]);
});

Deno.test({
  name: "a folder that this user may not read is left out, and the log says so",
  ignore: Deno.build.os === "windows" || Deno.uid() === 0,
}, async () => {
  const log = createRecordingLog();
  await using fixture = new StoreFixture({ log });
  await putAll(fixture, ["/a/x", "/b/x", "/c"]);
  Deno.chmodSync(`${fixture.root}/entries/test/b`, 0);
  assert.deepEqual(await keysOf(fixture), ["/a/x", "/c"]);
  Deno.chmodSync(`${fixture.root}/entries/test/b`, 0o700);
  assert.match(log.lines.join("\n"), /WARNING Cannot read ".*\/entries\/test\/b" in the cache/);
});

Deno.test("keys that are too long for a path are sorted some at a time", async () => {
  await using fixture = new StoreFixture();
  const long = Array.from({ length: 25 }, (_, i) => `/${"long/".repeat(200)}${String(i).padStart(2, "0")}`);
  const all = ["/a", ...long, "/z"];
  await putAll(fixture, all.toReversed());
  const layout = new FsLayout(fixture.root);
  const options = { backend: "test", prefix: "", unreadable() {}, longKeysAtOnce: 4 };
  const found: Entry[] = await Array.fromAsync(walkEntries(layout, options));
  assert.deepEqual(found.map(({ key }) => key), all);
});

Deno.test("a variant of a key that is too long for a path comes with it", async () => {
  await using fixture = new StoreFixture();
  const key = `/${"long/".repeat(200)}`;
  for (const accept of ["a", "b"]) {
    await fixture.store.putEntry(entryOf(selectorOf(key), bytesOf(accept), { selectedBy: [["accept", accept]] }));
  }
  const found = await Array.fromAsync(fixture.store.entries("test", "/long/"));
  assert.deepEqual(
    found.map(({ selectedBy }) => variantOf(selectedBy)),
    ["b", "a"].map((v) => variantOf([["accept", v]])),
  );
});
