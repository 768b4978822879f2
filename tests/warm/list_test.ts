import assert from "node:assert/strict";
import { AskedPaths } from "../../src/warm/access_log.ts";
import { readLogs } from "../../src/cli/read_logs.ts";
import { readList } from "../../src/warm/list.ts";
import { openListFile } from "../../src/warm/list_text.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { type Access, accessLine } from "../../src/server/access_line.ts";
import { formatJson, formatText } from "../../src/observe/log_format.ts";
import { noSettings, openText, openWarmScene } from "./scene.ts";

const backends = [
  { type: "dockerhub", name: "hub", config: {} },
  { type: "pypi", name: "pypi", config: {} },
  { type: "apt", name: "debian", config: { mirror_url: "http://deb.example.com/debian" } },
];

Deno.test("the package URLs of a CycloneDX document are its lines, those of its components' components too", async () => {
  const document = {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    metadata: { component: { name: "app", purl: "pkg:docker/org/app@1.0" } },
    components: [
      { name: "requests", purl: "pkg:pypi/requests@2.32.0", components: [{ purl: "pkg:pypi/idna@3.7" }] },
      { name: "curl", purl: "pkg:deb/debian/curl@7.88?arch=amd64&distro=debian-12" },
      { name: "tar", purl: "pkg:deb/debian/tar@1.34?arch=amd64&distro=debian-12" },
      { name: "left-pad", purl: "pkg:npm/left-pad@1.3.0" },
      { name: "no url" },
    ],
  };
  const { lines, notes } = await read("sbom.json", JSON.stringify(document));
  assert.deepEqual(lines, [
    "docker:org/app:1.0",
    "pypi:idna==3.7",
    "pypi:requests==2.32.0",
    "apt:debian/bookworm/main depends=no suites=yes arch=amd64 curl=7.88 tar=1.34",
  ]);
  assert.deepEqual(notes, ['sbom.json: Left out: 1 package of the type "npm", which no backend serves']);
});

Deno.test("SPDX documents of both kinds name packages", async () => {
  const purl = (referenceLocator: string) => ({
    referenceCategory: "PACKAGE-MANAGER",
    referenceType: "purl",
    referenceLocator,
  });
  const two = {
    spdxVersion: "SPDX-2.3",
    packages: [{ name: "a", externalRefs: [purl("pkg:pypi/a@1")] }, { name: "b" }],
  };
  assert.deepEqual((await read("a.spdx.json", JSON.stringify(two))).lines, ["pypi:a==1"]);
  const three = {
    "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
    "@graph": [
      { type: "software_Package", software_packageUrl: "pkg:pypi/b@2" },
      {
        type: "software_Package",
        externalIdentifier: [{ externalIdentifierType: "packageUrl", identifier: "pkg:pypi/c@3" }],
      },
    ],
  };
  assert.deepEqual((await read("b.spdx.json", JSON.stringify(three))).lines, ["pypi:b==2", "pypi:c==3"]);
});

Deno.test("a plain list has its lines with their numbers; what is neither is refused with what there is", async () => {
  const { listed } = await read("list.txt", "# images\n\ndocker:alpine\n/hub/x # y\n");
  assert.deepEqual(listed, [{ text: "docker:alpine", at: "list.txt:3" }, { text: "/hub/x", at: "list.txt:4" }]);
  assert.deepEqual((await read("docker:alpine:3.20 platforms=linux/arm64", "")).lines, [
    "docker:alpine:3.20 platforms=linux/arm64",
  ]);
  await assert.rejects(
    read("notes.txt", "what we need\n"),
    /neither a list .*docker:alpine:3\.20.* nor one of: .*requirements\.txt/s,
  );
  await assert.rejects(read("gone.txt", null), /Cannot read the list "gone\.txt": there is no such file/);
});

Deno.test("a path that a backend serves is the vault's where there is no such file; a file is read, which is said", async () => {
  for (const path of ["/debian/pool/a.deb", "/pypi/simple/a/", "/v2/library/alpine/manifests/3.20", "/hub/v2/"]) {
    assert.deepEqual((await read(path, null)).listed, [{ text: path, at: null }], path);
  }
  const folder = new Deno.errors.IsADirectory("Is a directory (os error 21)");
  assert.deepEqual(await read("/debian/pool", folder), {
    ...{ listed: [{ text: "/debian/pool", at: null }], lines: ["/debian/pool"], notes: [] },
  });
  const forbidden = await read("/debian/a", new Deno.errors.NotCapable());
  assert.deepEqual(forbidden.lines, ["/debian/a"]);
  assert.match(forbidden.notes.join(), /"\/debian\/a" is taken as a path of the vault/);
  const both = await read("/debian/list.txt", "/debian/pool/a.deb\n");
  assert.deepEqual(both.listed, [{ text: "/debian/pool/a.deb", at: "/debian/list.txt:1" }]);
  assert.match(both.notes.join(), /"\/debian\/list\.txt" is read as a file; for the path of the vault,/);
});

Deno.test("a list that cannot be read is refused in words", async () => {
  await assert.rejects(read("/etc/gone", null), /Cannot read the list "\/etc\/gone": there is no such file/);
  await assert.rejects(read("/debianx/a", null), /there is no such file; paths of the vault begin with .*\/debian/);
  const folder = new Deno.errors.IsADirectory("Is a directory (os error 21)");
  await assert.rejects(read("lists", folder), /Cannot read the list "lists": it is a folder; name the files in it$/);
  const denied = new Deno.errors.PermissionDenied("Permission denied (os error 13)");
  await assert.rejects(read("list", denied), /"list": this user may not read it$/);
});

Deno.test("what clients asked for is read from logs of both forms", () => {
  const now = Date.UTC(2026, 10, 29, 12);
  const base: Access = {
    ...{ method: "GET", path: "/a", backend: "files", status: 200, cache: "hit", bytes: 1, ms: 1, client: "10.0.0.1" },
    ...{ requestId: "1", upstream: "http://up", reason: "", note: "" },
  };
  const table: [Partial<Access>, number][] = [
    [{ path: "/old" }, now - 10 * 86_400_000],
    [{ path: "/a" }, now - 1000],
    [{ path: "/b?x=1", status: 206, cache: "miss", reason: "not cached" }, now],
    [{ path: "/head", method: "HEAD" }, now],
    [{ path: "/gone", status: 404 }, now],
    [{ path: "/-/healthz", backend: "none", cache: "none" }, now],
    [{ path: "/own", client: "own" }, now],
    [{ path: "/signed?token=***" }, now],
    [{ path: "/a" }, now],
  ];
  for (const format of [formatText, formatJson]) {
    const asked = new AskedPaths(now - 7 * 86_400_000);
    const lines = table.map(([fields, timestamp]) => {
      const access = { ...base, ...fields };
      return format({ timestamp, level: "INFO", message: accessLine(access), fields: access }).trimEnd();
    });
    lines.push("2026-11-29 12:00:00,000 - vault - INFO - Stopped", "not a line");
    for (const line of lines) asked.note(line);
    const paths = lines.flatMap((line, at) => asked.lastHere(line, at + 1) ?? []);
    assert.deepEqual([paths, asked.hidden], [["/b?x=1", "/a"], 1], format.name);
  }
});

Deno.test("a list of any length has its lines with their numbers, and a long file of another form is that form", async () => {
  const numbers = Array.from({ length: 80_000 }, (_, at) => at + 1);
  const long = numbers.map((number) => number % 2 === 0 ? `/hub/x/${number} # caf\u00e9` : `\t# ${number}`).join(
    "\r\n",
  );
  const { listed } = await read("list.txt", long);
  assert.equal(listed.length, 40_000);
  assert.ok(
    listed.every(({ text, at }, index) => text === `/hub/x/${2 * index + 2}` && at === `list.txt:${2 * index + 2}`),
  );
  const packages = numbers.map((number) => `package-${number}:amd64\t${number}.0-1\n`).join("");
  const [line, ...none] = (await read("packages.txt", packages)).lines;
  assert.ok(line?.startsWith("apt: depends=no package-1:amd64=1.0-1 ") && none.length === 0);
});

Deno.test("a long list that nobody reads is closed", async () => {
  await using vault = await openWarmScene(backends);
  await using dir = await createTempDir();
  const path = dir.join("list.txt");
  await Deno.writeTextFile(path, "docker:alpine:3.20\n".repeat(100_000));
  await (await readList(path, { sources: vault.sources, settings: noSettings, open: openListFile, note() {} }))
    .cancel();
});

Deno.test("logs are read twice, but for pipes, and what comes meanwhile is left out", async () => {
  await using dir = await createTempDir();
  const line = (path: string) => {
    const fields = {
      timestamp: "2026-11-29T12:00:00Z",
      method: "GET",
      path,
      backend: "files",
      status: 200,
      client: "c",
    };
    return `${JSON.stringify(fields)}\n`;
  };
  const [first, second] = [dir.join("1.log"), dir.join("2.log")];
  await Deno.writeTextFile(first, line("/a") + line("/b"));
  await Deno.writeTextFile(second, line("/c") + line("/a"));
  const lines = await readLogs([first, second], { since: 0, note() {} });
  await Deno.writeTextFile(first, line("/late"), { append: true });
  assert.deepEqual((await Array.fromAsync(lines)).map(({ text }) => text), ["/b", "/c", "/a"]);
});

async function read(named: string, text: string | Error | null) {
  await using vault = await openWarmScene(backends);
  const notes: string[] = [];
  const listed = await Array.fromAsync(
    await readList(named, {
      sources: vault.sources,
      settings: noSettings,
      open: () => typeof text === "string" ? openText(text) : Promise.reject(text ?? new Deno.errors.NotFound()),
      note: (message) => notes.push(message),
    }),
  );
  return { listed, lines: listed.map(({ text }) => text), notes };
}
