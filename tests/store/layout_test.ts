import assert from "node:assert/strict";
import { escapePath, FsLayout, stagingName, variantOf } from "../../src/store/fs_layout.ts";

const devices = ["con", "CON", "prn", "aux", "nul", "NUL.tar.gz", "com1", "Lpt9.txt"];

/** Keys that differ, however much some of them look alike. */
const keys = [
  ...["", "/", "//", "///", "a", "/a", "/a/", "/a//", "//a", "/A", "/a/b", "/a//b", "/a%2Fb", "/a\\b", "/ä", "/Ä"],
  ...[
    "/.",
    "/..",
    "/...",
    "/a/..",
    "/../a",
    "/../../etc/passwd",
    "../a",
    "..",
    "/.a",
    "/a.",
    "/a..",
    "/=2E",
    "/%2e%2e",
  ],
  ...["/a?b", "/a?b=c&d", "/a*", "/a:b", "C:/a", "/c:", "/a~", "/a~.json", "/~", "/a|b", '/a"b', "/<a>", "/a b", "/a "],
  ...["/a.json", "/a=", "/=a", "/=", "/==", "/=3D", "/=r/a", "=r/a", "/=l/a", "/=3Dr/a", "/a=h", "/=u0041", "/=41"],
  ...[
    "/\0",
    "/\x01",
    "/\x1f",
    "/\x7f",
    "/\n",
    "/\t",
    "/\u0100",
    "/\u{1F600}",
    "/\uD83D",
    "/\uDE00",
    "/\u202e",
    "/ÿ",
    "/ā",
  ],
  ...devices.flatMap((name) => [`/${name}`, `/${name}/a`, `/a/${name}`, name]),
  ...["/console", "/null", "/com", "/com10", "/=43on"],
  ...[
    `/${"a".repeat(179)}`,
    `/${"a".repeat(180)}`,
    `/${"a".repeat(181)}`,
    `/${"a".repeat(182)}`,
    `/${"%".repeat(4096)}`,
  ],
  ...[`/${"é".repeat(4096)}`, `/${"é".repeat(4095)}`, `/${"a".repeat(100)}=h${"0".repeat(40)}`, `/${"=".repeat(4096)}`],
  ...["/a/".repeat(2700), "/a/".repeat(2701), "/ab".repeat(2700), `/${"\u{1F600}".repeat(2000)}/${"b".repeat(200)}`],
  ...["/b/".repeat(199) + "b", "/b/".repeat(200) + "b", "x".repeat(8192)],
];

Deno.test("no two keys share a path", () => {
  const layout = new FsLayout("/cache");
  const byPath = new Map<string, string>();
  for (const key of keys) {
    const path = layout.entry("b", key);
    assert.ok(!byPath.has(path), `${shown(key)} and ${shown(byPath.get(path) ?? "")} share ${path}`);
    byPath.set(path, key);
  }
});

Deno.test("no path leaves its folder, and every name is legal on Linux, macOS and Windows", () => {
  const layout = new FsLayout("/cache");
  for (const key of keys) {
    for (const variant of ["", variantOf([["accept", "text/html"]])]) {
      const path = layout.entry("hub", key, variant);
      assert.ok(path.startsWith("/cache/entries/hub/"), shown(key));
      assert.ok(path.length < 900, `${shown(key)} has a path of ${path.length} bytes`);
      for (const name of path.slice(1).split("/")) assertLegal(name, key);
    }
  }
});

Deno.test("an entry's file is never in the place of another entry's folder", () => {
  const layout = new FsLayout("/cache");
  const files = new Set(keys.map((key) => layout.entry("hub", key)));
  for (const file of files) {
    const folders = file.split("/").map((_, i, parts) => parts.slice(0, i).join("/"));
    assert.deepEqual(folders.filter((folder) => files.has(folder)), [], file);
  }
});

Deno.test("what people look for in the cache directory is called as it was asked for", () => {
  const layout = new FsLayout("/cache");
  assert.equal(layout.entry("apache", "/dist/x-1.0.tar.gz"), "/cache/entries/apache/dist/x-1.0.tar.gz~.json");
  assert.equal(layout.entry("apache", "/a?b=1"), "/cache/entries/apache/a=3Fb=3D1~.json");
  assert.equal(layout.blob("abcd"), "/cache/blobs/sha256/ab/abcd");
});

Deno.test("backends keep apart, whatever they are called", () => {
  const layout = new FsLayout("/cache");
  const names = ["a", "A", "..", "", "a/b", "con", "=", "a~", "b".repeat(300)];
  assert.equal(new Set(names.map((name) => layout.entry(name, "/x"))).size, names.length);
  for (const name of names) assert.equal(layout.entry(name, "/x").split("/").length, 5);
});

Deno.test("variants and staged bodies are named by all that selects them", () => {
  const selections = [[], [["a", ""]], [["a", "b"]], [["b", "a"]], [["a", "b"], ["c", "d"]], [["a,b", ""]]] as const;
  assert.equal(new Set(selections.map((selection) => variantOf(selection))).size, selections.length);
  const names = selections.flatMap((one) => [stagingName("a", "b", one), stagingName("ab", "", one)]);
  assert.equal(new Set(names).size, names.length);
  for (const name of names) assert.match(name, /^[0-9a-f]+$/);
});

Deno.test("escaping leaves short ordinary keys readable, and shortens long ones", () => {
  assert.equal(escapePath("/library/redis/manifests/7.2"), "library/redis/manifests/7.2");
  assert.equal(escapePath("/@types%2fnode"), "@types%2fnode");
  assert.ok(escapePath("/a".repeat(5000)).length < 60);
});

function assertLegal(name: string, key: string): void {
  assert.match(name, /^[\x21-\x7e]+$/, shown(key));
  assert.doesNotMatch(name, /[<>:"\\|?*]/, shown(key));
  assert.doesNotMatch(name, /[. ]$/, shown(key));
  assert.doesNotMatch(name, /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i, shown(key));
  assert.ok(name !== "." && name !== ".." && name.length <= 255, shown(key));
}

function shown(key: string): string {
  return JSON.stringify(key.slice(0, 60));
}
