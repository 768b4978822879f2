import assert from "node:assert/strict";
import { isProjectName, normaliseName, projectsOf, versionOf } from "../../../src/backends/pypi/names.ts";

const normalised = { "Flask": "flask", "zope.interface": "zope-interface", "a_-._B": "a-b", "x": "x", "A--1": "a-1" };

for (const [name, expected] of Object.entries(normalised)) {
  Deno.test(`"${name}" is "${expected}" in URLs`, () => assert.equal(normaliseName(name), expected));
}

Deno.test("names have letters, digits and inner dots, dashes and underscores", () => {
  const texts = ["a", "1", "a.b", "A_-b2", "", "-a", "a-", ".", "..", "a/b", "a b", "ä", "a%2e"];
  assert.deepEqual(texts.filter(isProjectName), ["a", "1", "a.b", "A_-b2"]);
});

const projects: Readonly<Record<string, readonly string[]>> = {
  "Holy_Grail-1.0-py3-none-any.whl": ["holy-grail"],
  "torch-2.1.0+cu118-cp311-cp311-linux_x86_64.whl": ["torch"],
  "zope.interface-6.0-1-cp311-cp311-manylinux_2_5_x86_64.manylinux1_x86_64.whl": ["zope-interface"],
  "flask-3.0.0.tar.gz": ["flask"],
  "Flask-3.0.0.TAR.GZ": ["flask"],
  "zope.interface-6.0.zip": ["zope-interface"],
  "holy-grail-1.0.tar.gz": ["holy-grail", "holy"],
  "backports-2-support-1.0.tar.bz2": ["backports-2-support", "backports", "backports-2"],
  "foo-1.0-beta.tar.gz": ["foo", "foo-1-0"],
  "foo-v2.tgz": ["foo"],
  "holy-grail-latest.zip": ["holy-grail", "holy"],
  "foo-1.0-py2.7.egg": ["foo", "foo-1-0"],
  "foo-1.0.win32-py2.7.exe": ["foo", "foo-1-0-win32"],
  "foo-1.0-py3-none-any.whl.metadata": ["foo"],
  "foo-1.0.tar.gz.asc": ["foo"],
  "foo.tar.gz": [],
  "-1.0.tar.gz": [],
  "foo-1.0.txt": [],
  "foo-1.0": [],
  "": [],
};

for (const [filename, expected] of Object.entries(projects)) {
  Deno.test(`the projects that "${filename}" may belong to`, () => assert.deepEqual(projectsOf(filename), expected));
}

Deno.test("a name of nothing but dashes and digits does not make us look for ever", () => {
  assert.equal(projectsOf(`a${"-1".repeat(4000)}.tar.gz`).length, 8);
});

const versions: readonly (readonly [filename: string, project: string, version: string | null])[] = [
  ["Holy_Grail-1.0-py3-none-any.whl", "holy-grail", "1.0"],
  ["holy-grail-1.0.tar.gz", "holy-grail", "1.0"],
  ["Holy.Grail-1.0-1.zip", "holy-grail", "1.0-1"],
  ["holy_grail-1.0-py2.7.egg", "holy-grail", "1.0"],
  ["holy-grail-1.0.win-amd64-py2.7.exe", "holy-grail", "1.0"],
  ["holy-grail-1.0.linux-x86_64.tar.gz", "holy-grail", "1.0"],
  ["holy-grail-1.0.txt", "holy-grail", null],
  ["grail-1.0.tar.gz", "holy-grail", null],
];

for (const [filename, project, version] of versions) {
  Deno.test(`the version in "${filename}" is ${version}`, () => assert.equal(versionOf(filename, project), version));
}
