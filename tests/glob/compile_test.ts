import assert from "node:assert/strict";
import { compileGlobs, compileRules, globProblem, programOf } from "../../src/glob/compile.ts";

/** What rules of a configuration mean. */
const rules: readonly [glob: string, has: readonly string[], hasNot: readonly string[]][] = [
  ["library/*", ["library/alpine"], ["library", "library/a/b", "mylibrary/a"]],
  ["team/**", ["team/a", "team/a/b", "team"], ["teams/a", "x/team/a"]],
  ["**/private", ["private", "a/private", "a/b/private"], ["a/private/b", "notprivate"]],
  ["a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["a/b/c", "ab"]],
  ["**", ["a", "a/b", ".a/.b"], []],
  ["*", ["a", ".hidden"], ["a/b"]],
  ["org/secret*", ["org/secret", "org/secrets"], ["org/secret/x", "org/my-secret"]],
  ["corp-{a,b}", ["corp-a", "corp-b"], ["corp-c", "corp-"]],
  ["{x,y}[0-9]", ["x1", "y9"], ["x", "xa", "z1"]],
  ["*-secret", ["a-secret", "-secret"], ["a-secret-b"]],
  ["file-?.txt", ["file-a.txt"], ["file-.txt", "file-ab.txt", "file-/.txt"]],
  ["[!a-c]x", ["dx"], ["ax", "cx", "x"]],
  ["**/maven-metadata.xml*", ["maven-metadata.xml", "a/b/maven-metadata.xml.sha1"], ["a/maven-metadata.xml/b"]],
  ["**/*.{jar,pom,war,module}", ["a/b.jar", "c.pom", "x/y/z.module"], ["a/b.jar.sha1", "jar"]],
  ["v*/**", ["v1/a", "v1.2/a/b", "v1"], ["w1/a", "a/v1/b"]],
  ["stale/*", ["stale/a", "stale/a/"], ["stale/a/b"]],
  ["a\\*b", ["a*b"], ["axb"]],
  ["g++_[0-9]*.deb", ["g++_14.deb"], ["g_14.deb"]],
  ["caf\u00e9/\u{1f600}?", ["caf\u00e9/\u{1f600}\u{1f601}"], ["caf\u00e9/\u{1f600}"]],
];

Deno.test("rules have the names that they say", async (t) => {
  for (const [glob, has, hasNot] of rules) {
    await t.step(glob, () => {
      const matches = compileRules([glob]);
      // Twice, since what was seen is remembered.
      for (const name of [...has, ...has]) assert.ok(matches(name), `${glob} has ${name}`);
      for (const name of [...hasNot, ...hasNot]) assert.ok(!matches(name), `${glob} has not ${name}`);
    });
  }
});

Deno.test("of several globs, one has to fit; of none, none does", () => {
  const matches = compileGlobs(["a/*", "**/b", "c"]);
  assert.deepEqual(["a/x", "x/y/b", "c", "c/", "d", "a/x/y"].filter(matches), ["a/x", "x/y/b", "c", "c/"]);
  assert.ok(!compileGlobs([])("a") && !compileGlobs([])(""));
});

Deno.test("what a glob has seen is forgotten again, and it stays right", () => {
  const matches = compileGlobs([`**/${"*a".repeat(60)}`]);
  const names = Array.from({ length: 300 }, (_, at) => `x/${"a".repeat(50 + at % 20)}${at}b`.repeat(1 + at % 3));
  for (const name of names) assert.ok(!matches(name));
  assert.ok(matches(`x/${"a".repeat(61)}`) && matches(`x/${"ba".repeat(60)}`));
});

Deno.test("globs that begin alike have all that each of them has", () => {
  const globs = ["a/b*", "a/b", "a/b", "a/bc", "a/{b,c}d", "a/{b,c}e", "**/x", "**/xy", "**", "a/[bc]", "*a", "*b"];
  const names = ["a/b", "a/bc", "a/bcc", "a/cd", "a/ce", "q/x", "q/xy", "q", "a/c", "ba", "bb", "a/", "", "a/d/e"];
  for (let at = 0; at < globs.length; at++) {
    const some = globs.filter((_, other) => other !== at && globs[other] !== "**");
    const alone = some.map((glob) => compileGlobs([glob]));
    const expected = names.filter((name) => alone.some((matches) => matches(name)));
    assert.deepEqual(names.filter(compileGlobs(some)), expected, some.join(" "));
  }
});

for (const glob of ["**/p#-*.whl", "*/p#-*.whl", "*-#.whl", "**/{p,q}#-*", "pypi/files/#/**"]) {
  Deno.test(`10,000 globs such as ${glob} take few steps for a character of a name`, () => {
    const program = programOf(Array.from({ length: 10_000 }, (_, at) => glob.replace("#", String(at))));
    const names = Array.from({ length: 2000 }, (_, at) => `pypi/files/${at * 7}/p${at * 7}-1.0-${at}.whl`);
    names.forEach((name) => program.matches(name));
    assert.ok(program.taken < 50 * names.join("").length, String(program.taken / names.join("").length));
  });
}

Deno.test("a thousand globs of which each begins the next one are compiled, and compared", () => {
  const matches = compileGlobs(Array.from({ length: 1000 }, (_, at) => `${"a".repeat(at + 1)}*b`));
  assert.deepEqual([matches(`${"a".repeat(500)}b`), matches(`${"a".repeat(500)}c`)], [true, false]);
});

Deno.test("no glob takes longer than its length times that of the name", () => {
  for (
    const glob of ["*a".repeat(500), `**/${"*".repeat(1000)}b`, `${"{a,b,*}".repeat(200)}!`, `${"a?*".repeat(400)}b`]
  ) {
    assert.equal(compileRules([glob])(`${"a".repeat(2000)}c`), false, glob.slice(0, 20));
  }
});

Deno.test("what would mean something else to other programs is named", () => {
  const found = (glob: string) => /^"(.*)" means nothing/.exec(globProblem(glob) ?? "")?.[1] ?? null;
  const table: readonly [string, string | null][] = [
    ["!a/**", "!"],
    ["**/!(a)", "!("],
    ["*.@(jar|pom)", "@("],
    ["(a|b)", "(a|b)"],
    ["{1..3}", "{1..3}"],
    ["[!a]*/{b,c}/?.x", null],
    ["a(1).txt", null],
    ["[ab]!c", null],
    ["\\a!b", null],
    ["[[:alpha:]]x", "[:alpha:]"],
    ["[[:alpha:]_]x", "[:alpha:]"],
    ["[![:digit:]]", "[:digit:]"],
    ["[]!(]a", null],
    ["[ab](c|d)", "(c|d)"],
    ["\\!a\\+(b)", null],
    ["g++", null],
  ];
  assert.deepEqual(table.map(([glob]) => [glob, found(glob)]), table);
});
