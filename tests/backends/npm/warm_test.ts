import assert from "node:assert/strict";
import { lockFiles } from "../../../src/backends/npm/lock_files.ts";
import { parseRange } from "../../../src/backends/npm/version_range.ts";
import { createNpmPackage } from "../../support/npm/npm_package.ts";
import { NpmRegistry } from "../../support/npm/npm_registry.ts";
import { noSettings, openWarmScene } from "../../warm/scene.ts";

const versions = [
  "0.0.3",
  "0.0.4",
  "0.2.3",
  "0.2.9",
  "0.3.0",
  "1.0.0-rc.1",
  "1.0.0",
  "1.2.3",
  "1.2.4",
  "1.10.0",
  "2.0.0",
];

/** By node-semver, which npm and all others use. */
const ranges: Readonly<Record<string, string[] | null>> = {
  "*": ["0.0.3", "0.0.4", "0.2.3", "0.2.9", "0.3.0", "1.0.0", "1.2.3", "1.2.4", "1.10.0", "2.0.0"],
  "1.2.3": ["1.2.3"],
  "=1.2.3": ["1.2.3"],
  "v1.2.3": ["1.2.3"],
  "^1.2.3": ["1.2.3", "1.2.4", "1.10.0"],
  "^0.2.3": ["0.2.3", "0.2.9"],
  "^0.0.3": ["0.0.3"],
  "^0": ["0.0.3", "0.0.4", "0.2.3", "0.2.9", "0.3.0"],
  "~1.2.3": ["1.2.3", "1.2.4"],
  "~1": ["1.0.0", "1.2.3", "1.2.4", "1.10.0"],
  "1.x": ["1.0.0", "1.2.3", "1.2.4", "1.10.0"],
  "1.2": ["1.2.3", "1.2.4"],
  ">=1.2.4 <2": ["1.2.4", "1.10.0"],
  ">= 1.2.4 < 2.0.0": ["1.2.4", "1.10.0"],
  ">1.2": ["1.10.0", "2.0.0"],
  "<=0.2": ["0.0.3", "0.0.4", "0.2.3", "0.2.9"],
  "<0.2": ["0.0.3", "0.0.4"],
  "1.2.3 - 1.10": ["1.2.3", "1.2.4", "1.10.0"],
  "0.0.3 || ^2": ["0.0.3", "2.0.0"],
  ">=1.0.0-rc.1 <1.2": ["1.0.0-rc.1", "1.0.0"],
  "^1.0.0-rc.1": ["1.0.0-rc.1", "1.0.0", "1.2.3", "1.2.4", "1.10.0"],
  "latest": null,
  "^1.2.3 beta": null,
};

for (const [range, expected] of Object.entries(ranges)) {
  Deno.test(`the range ${range} means ${expected?.join(", ") ?? "nothing"}`, () => {
    const parsed = parseRange(range);
    assert.deepEqual(parsed && versions.filter((version) => parsed.includes(version)), expected);
  });
}

const integrity = "sha512-x";

/** What each client writes about the same packages; the last one comes from elsewhere. */
const files: Readonly<Record<string, { text: string; notes: number }>> = {
  "package-lock.json": {
    text: JSON.stringify({
      lockfileVersion: 3,
      packages: {
        "": { name: "app", dependencies: { tool: "^1" } },
        "node_modules/tool": { version: "1.0.0", resolved: "https://r.test/tool/-/tool-1.0.0.tgz", integrity },
        "node_modules/other/node_modules/@acme/tool": { version: "2.0.0-rc.1" },
        "node_modules/alias": { name: "real", version: "3.0.0" },
        "packages/own": { version: "1.0.0" },
        "node_modules/own": { link: true, resolved: "packages/own" },
        "node_modules/forked": { version: "1.0.0", resolved: "git+ssh://git@host.test/forked.git#abc" },
      },
    }),
    notes: 1,
  },
  "pnpm-lock.yaml": {
    text: `lockfileVersion: '9.0'
importers:
  .:
    dependencies:
      tool:
        specifier: ^1
        version: 1.0.0
packages:

  tool@1.0.0:
    resolution: {integrity: ${integrity}}
    engines: {node: '>=18'}

  '@acme/tool@2.0.0-rc.1':
    resolution: {integrity: ${integrity}}

  real@3.0.0:
    resolution: {integrity: ${integrity}}

  forked@https://codeload.host.test/forked/tar.gz/abc:
    resolution: {tarball: https://codeload.host.test/forked/tar.gz/abc}
    version: 1.0.0

snapshots:

  unlisted@9.9.9:
    dependencies:
      tool: 1.0.0
`,
    notes: 1,
  },
  "old/pnpm-lock.yaml": {
    text: `lockfileVersion: 5.4
packages:
  /tool/1.0.0:
    resolution: {integrity: ${integrity}}
  /@acme/tool/2.0.0-rc.1_react@18.0.0:
    resolution: {integrity: ${integrity}}
  /real@3.0.0(react@18.0.0):
    resolution: {integrity: ${integrity}}
`,
    notes: 0,
  },
  "yarn.lock": {
    text: `# yarn lockfile v1


"@acme/tool@^2.0.0-rc.1", "@acme/tool@next":
  version "2.0.0-rc.1"
  resolved "https://r.test/@acme/tool/-/tool-2.0.0-rc.1.tgz#aa"

"alias@npm:real@^3":
  version "3.0.0"
  resolved "https://r.test/real/-/real-3.0.0.tgz#aa"

"forked@git+https://host.test/forked.git":
  version "1.0.0"
  resolved "git+https://host.test/forked.git#abc"

tool@^1, tool@^1.0.0:
  version "1.0.0"
  resolved "https://r.test/tool/-/tool-1.0.0.tgz#aa"
  dependencies:
    real "^3"
`,
    notes: 1,
  },
  "berry/yarn.lock": {
    text: `__metadata:
  version: 8

"@acme/tool@npm:next":
  version: 2.0.0-rc.1
  resolution: "@acme/tool@npm:2.0.0-rc.1"
  checksum: 10c0/x
  languageName: node
  linkType: hard

"alias@npm:real@^3":
  version: 3.0.0
  resolution: "real@npm:3.0.0"

"app@workspace:.":
  version: 0.0.0-use.local
  resolution: "app@workspace:."

"tool@npm:^1":
  version: 1.0.0
  resolution: "tool@npm:1.0.0::__archiveUrl=https%3A%2F%2Fr.test%2Ftool-1.0.0.tgz"

"forked@https://host.test/forked.git":
  version: 1.0.0
  resolution: "forked@https://host.test/forked.git#commit=abc"
`,
    notes: 1,
  },
  "bun.lock": {
    text: `{
  "lockfileVersion": 1,
  "workspaces": {
    "": {
      "name": "app",
      "dependencies": {
        "tool": "^1",
      },
    },
  },
  "packages": {
    "@acme/tool": ["@acme/tool@2.0.0-rc.1", "", { "dependencies": { "tool": "^1" } }, "sha512-x"],

    "alias": ["real@3.0.0", "", {}, "sha512-x"],

    "own": ["own@workspace:packages/own"],

    "tool": ["tool@1.0.0", "", {}, "sha512-x"],

    "forked": ["forked@github:acme/forked#abc", {}, "acme-forked-abc"],
  }
}
`,
    notes: 1,
  },
  "deno.lock": {
    text: JSON.stringify({
      version: "5",
      specifiers: { "npm:tool@1": "1.0.0" },
      npm: {
        "tool@1.0.0": { integrity },
        "@acme/tool@2.0.0-rc.1_tool@1.0.0": { integrity },
        "real@3.0.0": { integrity },
      },
    }),
    notes: 0,
  },
};

for (const [path, { text, notes }] of Object.entries(files)) {
  Deno.test(`${path} is read as a list`, async () => {
    const form = lockFiles.find((form) => form.isForm({ path, text }))!;
    const noted: string[] = [];
    const lines = await form.linesOf({ path, text }, {
      settings: noSettings,
      note: (message) => noted.push(message),
      open: () => Promise.reject(new Error("no other file is asked for")),
    });
    assert.deepEqual(lines.toSorted(), ["npm:@acme/tool@2.0.0-rc.1", "npm:real@3.0.0", "npm:tool@1.0.0"]);
    assert.equal(noted.length, notes, noted.join("\n"));
    for (const message of noted) assert.match(message, /^forked is left out: it comes from .*, not from a registry$/);
  });
}

Deno.test("a lock file of npm 6 is refused with what to do", () => {
  const text = '{"lockfileVersion":1,"dependencies":{}}';
  const [form] = lockFiles;
  const reading = { settings: noSettings, note() {}, open: () => Promise.reject(new Error()) };
  assert.throws(() => form!.linesOf({ path: "package-lock.json", text }, reading), { code: "config_invalid" });
});

Deno.test("a line warms the document and the tarball of one version: by number, by tag, by range", async () => {
  await using registry = new NpmRegistry();
  for (const version of ["1.0.0", "1.1.0", "2.0.0"]) registry.publish(createNpmPackage("@acme/tool", version));
  registry.tag("@acme/tool", "old", "1.0.0");
  await using scene = await openWarmScene([{ type: "npm", name: "npm", config: { registry_url: registry.url } }]);
  const lines: Readonly<Record<string, string>> = {
    "npm:@acme/tool@1.0.0": "1.0.0",
    "npm:@acme/tool@old": "1.0.0",
    "npm:@acme/tool@^1": "1.1.0",
    "npm:@acme/tool@>=1 <2": "1.1.0",
    "npm:@acme/tool": "2.0.0",
  };
  for (const [line, version] of Object.entries(lines)) {
    const { outcomes, failures, notes } = await scene.warm([line]);
    assert.deepEqual(failures, []);
    assert.ok(`@acme/tool@${version}` in outcomes, `${line}: ${Object.keys(outcomes)}`);
    assert.equal(notes.length, line === "npm:@acme/tool@1.0.0" ? 0 : 1);
  }
  assert.deepEqual(registry.lines, [...new Set(registry.lines)]);
  assert.equal(registry.lines.length, 4);
  const { failures } = await scene.warm(["npm:@acme/tool@9", "npm:none", "npm:@acme", "npm:x backend=other"]);
  const text = failures.toSorted().join("\n");
  assert.match(text, /Nothing for "@acme\/tool@9": no version of it is in that range/);
  assert.match(text, /none document is not there/);
  assert.match(text, /"@acme" is no package; write npm:express@4\.18\.2/);
  assert.match(text, /No backend for npm packages is called "other"; there are npm/);
});
