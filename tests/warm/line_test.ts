import assert from "node:assert/strict";
import { VaultError } from "../../src/errors.ts";
import { expandAlternatives } from "../../src/warm/alternatives.ts";
import { isListLine, parseLine, withoutComment } from "../../src/warm/line.ts";
import { parsePackageUrl } from "../../src/warm/package_url.ts";
import { lineOfPath, type WarmSource } from "../../src/warming.ts";

const docker: WarmSource = {
  scheme: "docker",
  example: "docker:alpine:3.20",
  options: ["platforms"],
  words: ["referrers"],
  platforms: { example: "linux/arm64", isOne: (text) => text.includes("/") },
  pathOf: () => null,
  prefixes: ["/v2"],
  lineOf: ({ type, name, version }) => type === "docker" ? `docker:${name}:${version}` : null,
};
const files: WarmSource = {
  pathOf: ({ origin, pathname }) => origin === "https://files.example.com" ? `/files${pathname}` : null,
  prefixes: ["/files"],
};
const sources = [docker, files];

Deno.test("a line has a scheme, a subject, words, and the options that its source knows", () => {
  const [meaning] = parseLine("docker:alpine:3.20 platforms=linux/amd64 referrers", sources);
  assert.deepEqual(meaning, {
    kind: "line",
    source: docker,
    line: {
      scheme: "docker",
      subject: "alpine:3.20",
      words: ["referrers"],
      options: { platforms: "linux/amd64" },
    },
  });
});

Deno.test("paths, URLs and package URLs lead to a path or to another line", () => {
  const pathsOf = (text: string) => parseLine(text, sources).map((one) => one.kind === "path" ? one.path : one.line);
  assert.deepEqual(pathsOf("/files/a-{1,2}.tar.gz"), ["/files/a-1.tar.gz", "/files/a-2.tar.gz"]);
  assert.deepEqual(pathsOf("https://files.example.com/v[09-11]/x"), ["/files/v09/x", "/files/v10/x", "/files/v11/x"]);
  assert.deepEqual(pathsOf("/files/a%20b/é"), ["/files/a%20b/%C3%A9"]);
  assert.deepEqual(pathsOf("pkg:docker/alpine@3.20"), [
    { scheme: "docker", subject: "alpine:3.20", words: [], options: {} },
  ]);
});

Deno.test("what a path means alone is written with backslashes, and programs mean what they write", () => {
  for (
    const path of ["/files/a[1-9].txt", "/files/[a-f]", "/files/{a,b}", "/files/{a,{b,c}}[1-2]", "/files/a[1].txt"]
  ) {
    const [text] = parseLine(path, sources, "literal").map((one) => "path" in one ? one.path : "");
    const written = parseLine(lineOfPath(path), sources).map((one) => "path" in one ? one.path : "");
    assert.deepEqual(written, [text], path);
  }
  assert.equal(lineOfPath("/files/a[1].txt"), "/files/a[1].txt", "what is not expanded stays as it is");
});

Deno.test("a line that means nothing is refused with what one is like", () => {
  const refused = (text: string, pattern: RegExp) =>
    assert.throws(() => parseLine(text, sources), (error) => {
      assert.ok(error instanceof VaultError && error.code === "config_invalid");
      return pattern.test(error.message);
    });
  refused("alpine", /"alpine" is no line of a list; .*docker:alpine:3\.20, https:\/\/host\/path, \/backend\/path/);
  refused("dokcer:alpine", /no line of a list/);
  refused("https://elsewhere.example.com/x", /No backend fetches from https:\/\/elsewhere\.example\.com; add one/);
  refused("pkg:npm/left-pad@1.0.0", /No backend serves packages of the type "npm"/);
  refused("/files/a b", /write it as %20/);
  refused("pkg:npm", /not a package URL/);
  refused("docker:alpine platfroms=linux/amd64", /"platfroms=linux\/amd64" means .*did you mean "platforms="\?/);
  refused(
    "docker:alpine referers",
    /"referers" means nothing .*did you mean "referrers"\?\); known are referrers, plat/,
  );
  refused("docker:alpine platforms=amd64", /"amd64" is no platform; write linux\/arm64/);
  refused("docker:alpine platforms=", /"" is no platform/);
});

Deno.test("comments and white space are no part of a line", () => {
  assert.deepEqual(["# all", "  /a  # b", "/a#b", ""].map(withoutComment), ["", "/a", "/a#b", ""]);
  const lines = [
    "docker:alpine",
    "/a/b",
    "https://a/b",
    "pkg:pypi/x@1",
    "requests==2.0",
    "image: alpine",
    "curl\t7.88",
  ];
  assert.deepEqual(lines.map(isListLine), [true, true, true, true, false, false, false]);
});

Deno.test("alternatives are those of a shell and of curl", () => {
  const table: [string, string[]][] = [
    ["a", ["a"]],
    ["{a,b}{1,2}", ["a1", "a2", "b1", "b2"]],
    ["x{,.asc}", ["x", "x.asc"]],
    ["{a,b{1,2}}", ["a", "b1", "a", "b2"]],
    ["[1-3]", ["1", "2", "3"]],
    ["[08-10]", ["08", "09", "10"]],
    ["[a-c]", ["a", "b", "c"]],
    ["[::1]", ["[::1]"]],
    ["{a}", ["{a}"]],
  ];
  for (const [text, expected] of table) assert.deepEqual(expandAlternatives(text), expected, text);
  assert.deepEqual(expandAlternatives("\\[3-1]"), ["[3-1]"]);
  assert.throws(() => expandAlternatives("[1-1000000]"), /more than 100000/);
  assert.throws(() => expandAlternatives("[1-1000][1-1000]"), /more than 100000/);
});

Deno.test("a range that goes down is refused, since it stands for nothing", () => {
  assert.throws(
    () => expandAlternatives("/f[3-1].bin"),
    /"\[3-1\]" in "\/f\[3-1\]\.bin" .* write \[1-3\], or \\\[3-1\]/,
  );
  for (const text of ["[c-a]", "[C-A]", "{a,[2-1]}"]) {
    assert.throws(() => expandAlternatives(text), /stands for nothing/);
  }
});

Deno.test("package URLs are parsed as purl-spec says", () => {
  const parsed = parsePackageUrl("pkg:deb/debian/curl@7.88.1-10%2Bdeb12u5?arch=amd64&distro=debian-12#sub/path")!;
  assert.deepEqual({ ...parsed, qualifiers: [...parsed.qualifiers] }, {
    type: "deb",
    namespace: "debian",
    name: "curl",
    version: "7.88.1-10+deb12u5",
    qualifiers: [["arch", "amd64"], ["distro", "debian-12"]],
  });
  const shown = (text: string) => {
    const url = parsePackageUrl(text);
    return url && [url.type, url.namespace, url.name, url.version];
  };
  assert.deepEqual(shown("pkg:npm/%40angular/animation@12.3.1"), ["npm", "@angular", "animation", "12.3.1"]);
  assert.deepEqual(shown("pkg:npm/@angular/animation"), ["npm", "@angular", "animation", ""]);
  assert.deepEqual(shown("PKG://PyPI/django@1.11.1"), ["pypi", "", "django", "1.11.1"]);
  assert.deepEqual(shown("pkg:docker/cassandra@sha256:244fd47e07d1004f0aed9c"), [
    ...["docker", "", "cassandra", "sha256:244fd47e07d1004f0aed9c"],
  ]);
  assert.deepEqual(["requests", "pkg:", "pkg:pypi"].map(shown), [null, null, null]);
});
