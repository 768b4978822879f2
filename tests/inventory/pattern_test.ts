import assert from "node:assert/strict";
import { entryName, parseEntryName } from "../../src/inventory/entry_name.ts";
import { anyOf, choosersIn, parsePattern } from "../../src/inventory/pattern.ts";

const wheel = "pypi/files/https/files.example.org/packages/aa/requests-2.32.0-py3-none-any.whl";

const cases: readonly [pattern: string, name: string, matches: boolean][] = [
  ["docker/library/alpine/manifests/3.20", "docker/library/alpine/manifests/3.20", true],
  ["docker/library/alpine/manifests/3.20", "docker/library/alpine/manifests/3.2", false],
  ["docker/library/*/manifests/*", "docker/library/alpine/manifests/3.20", true],
  ["docker/*/manifests/*", "docker/library/alpine/manifests/3.20", false],
  ["docker/**", "docker/library/alpine/manifests/3.20", true],
  ["docker/**", "docker2/library/alpine/manifests/3.20", false],
  ["docker/**/3.*", "docker/library/alpine/manifests/3.20", true],
  ["**/blobs/**", "docker/library/alpine/blobs/sha256:aa", true],
  ["*.whl", wheel, true],
  ["*.whl", `${wheel}.metadata`, false],
  ["requests-*", wheel, true],
  ["{requests,flask}-*.whl", wheel, true],
  ["requests", "pypi/simple/requests/", true],
  ["simple", "pypi/simple/requests/", false],
  ["pypi/simple/requests/", "pypi/simple/requests/", true],
  ["pypi/simple/*/", "pypi/simple/requests/", true],
  ["pypi/simple/*", "pypi/simple/requests/", true],
  ["files/.hidden*", "files/.hidden-file", true],
  ["files/**", "files/.a/b", true],
  ["!files/**", "other/a", false],
  ["http/a[1].txt", "http/a[1].txt", true],
  ["a[1].txt", "http/a[1].txt", true],
  ["http/a[1].txt", "http/a1.txt", true],
  ["http/+(a).txt", "http/+(a).txt", true],
  ["apt/pool/g++_[0-9]*.deb", "apt/pool/g++_14.2.deb", true],
  ["http/a\\*b", "http/a*b", true],
  ["http/a\\*b", "http/axb", false],
  ["http/b?x=*", "http/b?x=1", true],
  ["/files/x", "files/x", true],
  ["files/**/a", "files/a", true],
  ["files/**/a", "files/b/c/a", true],
  ["files/a**b", "files/a/b", false],
  ["files/a**b", "files/axb", true],
  ["files/*", "files/", false],
  ["{files,pypi/**}/a", "pypi/b/c/a", true],
  ["files/{a,b{c,d}}.txt", "files/bd.txt", true],
  ["files/{a}", "files/{a}", true],
  ["files/[!a-c]", "files/d", true],
  ["files/[!a-c]", "files/b", false],
  ["files/a[^b]c", "files/a/c", false],
  ["files/[", "files/[", true],
  ["files/[a", "files/a", false],
  ["files/?", "files/😀", true],
  ["http/(a|b)", "http/a", false],
];

Deno.test("a pattern chooses entries by their names", async (t) => {
  for (const [pattern, name, expected] of cases) {
    await t.step(`${pattern} ${expected ? "chooses" : "leaves"} ${name}`, () => {
      const { matches, prefix } = parsePattern(pattern);
      assert.equal(matches(name), expected);
      if (expected) assert.ok(name.startsWith(prefix), prefix);
    });
  }
});

Deno.test("the beginning that all chosen names have is known as far as the first special character", () => {
  assert.equal(parsePattern("docker/library/al*/manifests/3.20").prefix, "docker/library/");
  assert.equal(parsePattern("*.whl").prefix, "");
  assert.equal(parsePattern("pypi/simple/requests/").prefix, "pypi/simple/requests/");
});

Deno.test("without patterns everything is chosen", () => {
  assert.ok(anyOf([]).matches("a/b"));
  assert.ok(anyOf([parsePattern("a/*"), parsePattern("*.deb")]).matches("b/c.deb"));
  assert.ok(!anyOf([parsePattern("a/*"), parsePattern("*.deb")]).matches("b/c.dsc"));
});

Deno.test("a name leads back to its entry, whether its key begins with a slash or not", () => {
  for (const entry of [{ backend: "docker", key: "/a/b" }, { backend: "apt", key: "dists/a" }]) {
    assert.ok(
      parseEntryName(entryName(entry)).some(({ backend, key }) => backend === entry.backend && key === entry.key),
    );
  }
  assert.equal(entryName({ backend: "apt", key: "dists/a" }), "apt/dists/a");
  assert.deepEqual(parseEntryName("docker"), []);
});

Deno.test("a pattern with many stars takes no longer than its length times that of the name", () => {
  const { matches } = parsePattern(`files/**${"a**".repeat(1000)}b`);
  assert.ok(!matches(`files/${"a".repeat(4000)}`));
  assert.ok(parsePattern(`files/${"*a".repeat(1000)}*`).matches(`files/${"a".repeat(1000)}`));
  assert.ok(!parsePattern(`files/${"{a,a}".repeat(800)}b`).matches(`files/${"a".repeat(800)}`));
});

Deno.test("ten thousand patterns are as fast as a few where they are names", () => {
  const patterns = Array.from({ length: 10_000 }, (_, at) => parsePattern(`pypi/simple/${at}/`));
  const { matches } = anyOf(patterns);
  const chosen = Array.from({ length: 100_000 }, (_, at) => `pypi/simple/${at}/`).filter(matches);
  assert.equal(chosen.length, 10_000);
});

Deno.test("an empty and an endless pattern are refused", () => {
  for (const text of ["", "/", "//"]) assert.throws(() => parsePattern(text), { code: "config_invalid" });
  assert.throws(() => parsePattern("a".repeat(5000)), /has 5000 characters: at most 4096 are allowed/);
});

Deno.test("the patterns that choose a name are found as each finds it alone", () => {
  const patterns = [...new Set(cases.map(([pattern]) => pattern))].map(parsePattern);
  const choosersOf = choosersIn(patterns);
  for (const name of new Set(cases.map(([, name]) => name))) {
    const alone = [...patterns.keys()].filter((index) => patterns[index]!.matches(name));
    assert.deepEqual(choosersOf(name).toSorted((a, b) => a - b), alone, name);
  }
});

Deno.test("a name is compared with those of many patterns alone that begin as it does", () => {
  let compared = 0;
  const counted = (text: string) => {
    const pattern = parsePattern(text);
    return { ...pattern, matches: (name: string) => (compared++, pattern.matches(name)) };
  };
  const patterns = Array.from(
    { length: 10_000 },
    (_, at) => [`pypi/simple/p${at}/`, `docker/app${at}/**`, `q${at}-*.whl`],
  )
    .flat().map(counted);
  const choosersOf = choosersIn(patterns);
  for (
    const [name, ...wanted] of [
      ["pypi/simple/p77/", "pypi/simple/p77/"],
      ["docker/app123/manifests/3.20", "docker/app123/**"],
      ["pypi/files/q9999-1.0-py3-none-any.whl", "q9999-*.whl"],
      ["http/none"],
    ]
  ) {
    compared = 0;
    assert.deepEqual(choosersOf(name!).map((index) => patterns[index]!.text), wanted);
    assert.ok(compared <= 2, `${name}: ${compared}`);
  }
});
