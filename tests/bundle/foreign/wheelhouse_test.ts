import assert from "node:assert/strict";
import { gunzipSync, gzipSync } from "node:zlib";
import { FsLayout } from "../../../src/store/fs_layout.ts";
import { createForeignSite, type ForeignSite } from "../../support/foreign_import.ts";
import { startBackends } from "../../support/app_fixture.ts";
import { createSdist, createWheel, type PackageFile, sha256Hex } from "../../support/pypi/python_package.ts";
import { PypiIndex } from "../../support/pypi/pypi_index.ts";
import { missingPrograms } from "../../support/programs.ts";
import { runToSuccess } from "../../support/run_command.ts";
import { createTempDir, type TempDir } from "../../support/temp_dir.ts";
import { zipOf } from "../../support/zip.ts";

const pypi = { type: "pypi", name: "pypi", config: {} };
const json = "application/vnd.pypi.simple.v1+json";

const app = createWheel("My.App", "1.0", { requiresPython: ">=3.8", dependencies: ["lib"] });
const lib = createSdist("lib", "2.1");

function wheelhouse(dir: TempDir, ...files: PackageFile[]): string {
  const path = dir.join(`wheelhouse-${crypto.randomUUID()}`);
  Deno.mkdirSync(path);
  for (const { filename, bytes } of files) Deno.writeFileSync(`${path}/${filename}`, bytes);
  return path;
}

interface Page {
  readonly files: readonly Readonly<Record<string, unknown>>[];
}

/** The page of a project at a site without upstream, with all files that it lists. */
async function pageOf(site: ForeignSite, project: string): Promise<Page> {
  await using vault = await site.serve({ offline_indexes: "full" });
  return await (await fetch(`${vault.origin}/pypi/simple/${project}/`, { headers: { accept: json } })).json();
}

Deno.test("packages of a wheelhouse are listed with hashes and metadata, and served offline", async () => {
  await using dir = await createTempDir();
  await using site = await createForeignSite([pypi]);
  const imported = await site.import(wheelhouse(dir, app, lib));
  assert.equal(imported.description, "a wheelhouse, a folder of Python packages");
  assert.deepEqual(imported.lines, [
    "imported the page of lib",
    `imported ${lib.filename}`,
    "imported the page of my-app",
    `imported ${app.filename}`,
    `imported ${app.filename}.metadata`,
  ]);
  await using vault = await site.serve();
  const page = `${vault.origin}/pypi/simple/my-app/`;
  const { files: [file] } = await (await fetch(page, { headers: { accept: json } })).json();
  assert.equal(file.filename, app.filename);
  assert.deepEqual(file.hashes, { sha256: app.sha256 });
  assert.equal(file["requires-python"], ">=3.8");
  assert.deepEqual(await (await fetch(new URL(file.url, page))).bytes(), app.bytes);
  assert.deepEqual(await (await fetch(`${new URL(file.url, page)}.metadata`)).bytes(), app.metadata);
});

Deno.test("a second wheelhouse adds its files to those of the first, and the first again changes nothing", async () => {
  await using dir = await createTempDir();
  await using site = await createForeignSite([pypi]);
  const newer = createWheel("My.App", "1.1");
  await site.import(wheelhouse(dir, app));
  for (const file of [newer, app]) {
    const { lines } = await site.import(wheelhouse(dir, file));
    assert.deepEqual(lines.filter((line) => !/^(?:imported|cached) /.test(line)), []);
  }
  assert.deepEqual((await pageOf(site, "my-app")).files.map(({ filename }) => filename), [
    app.filename,
    newer.filename,
  ]);
});

Deno.test("where an index's page is cached, its files are taken, and others are left out", async () => {
  await using dir = await createTempDir();
  await using index = new PypiIndex();
  index.add(app);
  const backends = [{ type: "pypi", name: "pypi", config: { index_url: index.indexUrl } }];
  await using site = await createForeignSite(backends);
  {
    await using vault = await startBackends(backends, { cacheDir: site.cacheDir });
    assert.equal((await fetch(`${vault.origin}/pypi/simple/my-app/`)).status, 200);
  }
  const [unlisted, wrong] = [createWheel("My.App", "9"), createWheel("My.App", "1.0")];
  const before = await pageOf(site, "my-app");
  assert.deepEqual((await site.import(wheelhouse(dir, unlisted, { ...wrong, filename: app.filename }))).lines, [
    `left_out ${app.filename}: the cached page of my-app lists it with another hash; purge the page to have one made of the files`,
    `left_out ${unlisted.filename}: the cached page of my-app does not list it; purge the page to have one made of the files`,
  ]);
  const { lines } = await site.import(wheelhouse(dir, app));
  assert.equal(lines[0], `imported ${app.filename}`);
  assert.deepEqual(await pageOf(site, "my-app"), before);
});

Deno.test("of a folder with a few wheels among other things, the wheels are imported; without one it is no wheelhouse", async () => {
  await using dir = await createTempDir();
  await using site = await createForeignSite([pypi]);
  const path = wheelhouse(dir, app);
  Deno.writeTextFileSync(`${path}/README`, "not a package");
  assert.equal((await site.import(path)).lines.length, 3);
  Deno.removeSync(`${path}/${app.filename}`);
  Deno.writeTextFileSync(`${path}/some-thing-1.0.tar.gz`, "perhaps a package, perhaps not");
  await assert.rejects(site.import(path), /it is no bundle, and nothing else that is recognised: an OCI image layout;/);
});

Deno.test("a package that is damaged is left out, whole ones beside it are imported", async () => {
  await using dir = await createTempDir();
  await using site = await createForeignSite([pypi]);
  const wheel = createWheel("cut", "1.0", { dataBytes: 100_000 });
  const sdist = createSdist("cut", "2.0", { dependencies: Array.from({ length: 500 }, () => crypto.randomUUID()) });
  const bytesOf = (text: string) => new TextEncoder().encode(text);
  const damaged: Readonly<Record<string, readonly [bytes: Uint8Array<ArrayBuffer>, says: RegExp]>> = {
    "cut-1.0-py3-none-any.whl": [wheel.bytes.slice(0, 60_000), /: it is no zip archive, or its end is missing$/],
    "cut-1.1-py3-none-any.whl": [bytesOf("junk"), /: it is no zip archive, or its end is missing$/],
    "cut-1.2-py3-none-any.whl": [wheel.bytes.slice(50_000), /: it has been cut: its end lists more than there is$/],
    "cut-1.3-py3-none-any.whl": [
      withByte(wheel.bytes, 50_000),
      /: it has other bytes than it lists as "cut\/data\.bin"$/,
    ],
    "cut-1.4-py3-none-any.whl": [zipOf({ "a.txt": "a" }), /: it has no \.dist-info\/METADATA, and is no wheel$/],
    "cut-1.5-py3-none-any.whl": [
      zipOf({
        "a.py": "a",
        "cut-1.5.dist-info/METADATA": "",
        "cut-1.5.dist-info/RECORD": `a.py,sha256=${"A".repeat(43)},1\n`,
      }),
      /: it has other bytes as "a\.py" than its RECORD says$/,
    ],
    "cut-2.0.tar.gz": [sdist.bytes.slice(0, 300), /: it cannot be unpacked \(gzip\): /],
    "cut-2.1.tar.gz": [
      gzipped(new Uint8Array(gunzipSync(sdist.bytes)).slice(0, 700)),
      /: it has been cut: it ends within a file$/,
    ],
    "cut-2.2.tar.gz": [gzipped(bytesOf("text".repeat(1000))), /: it is no tar archive, or a damaged one$/],
    "cut-2.3.zip": [zipOf({ "a.txt": "a" }).slice(0, 60), /: it is no zip archive/],
  };
  const files = Object.entries(damaged).map(([filename, [bytes]]) => ({ ...wheel, filename, bytes }));
  const { lines } = await site.import(wheelhouse(dir, ...files, app, lib));
  for (const [filename, [, says]] of Object.entries(damaged)) {
    const line = lines.find((line) => line.startsWith(`left_out ${filename}: `));
    assert.match(line ?? lines.join("\n"), says);
  }
  assert.equal(lines.length, files.length + 5, lines.join("\n"));
  for (const whole of [app, lib]) assert.ok(lines.includes(`imported ${whole.filename}`), lines.join("\n"));
  await using vault = await site.serve();
  assert.notEqual((await vault.ask("/pypi/simple/cut/")).status, 200);
});

function withByte(bytes: Uint8Array, at: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes);
  copy[at]! ^= 1;
  return copy;
}

function gzipped(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(gzipSync(bytes));
}

Deno.test("a file of the same name with other bytes does not take the place of the one that a made page lists", async () => {
  await using dir = await createTempDir();
  await using site = await createForeignSite([pypi]);
  await site.import(wheelhouse(dir, app));
  const before = await pageOf(site, "my-app");
  const other = createWheel("My.App", "1.0", { dataBytes: 10 });
  const newer = createWheel("My.App", "1.1");
  const { lines } = await site.import(wheelhouse(dir, other, newer));
  assert.deepEqual(lines.filter((line) => line.startsWith("left_out")), [
    `left_out ${app.filename}: the page of my-app that was made of files lists it with another hash, and keeps that; ` +
    "where this one is meant, purge the page, and import all that belongs on it again",
  ]);
  const { files } = await pageOf(site, "my-app");
  assert.deepEqual(files.map(({ filename }) => filename), [app.filename, newer.filename]);
  assert.deepEqual(files[0], before.files[0]);
});

Deno.test({
  name: "wheels are read as Python writes them: deflated, with large numbers, behind other bytes, with quoted names",
  ignore: missingPrograms("python3").length > 0,
  async fn() {
    await using dir = await createTempDir();
    await using site = await createForeignSite([pypi]);
    const path = wheelhouse(dir);
    await runToSuccess(["python3", "-c", writeWheels, path]);
    const { lines } = await site.import(path);
    assert.deepEqual(lines, [
      "imported the page of large",
      ...["large-1.0", "large-1.1"].flatMap((stem) => [
        `imported ${stem}-py3-none-any.whl`,
        `imported ${stem}-py3-none-any.whl.metadata`,
      ]),
    ]);
  },
});

const writeWheels = `
import base64, hashlib, sys, zipfile
zipfile.ZIP64_LIMIT = 100
def write(name, before, method):
    files = {"large/a,b.py": b"x = 1\\n" * 1000, "large/__init__.py": b"", f"{name}.dist-info/METADATA": b"Name: large\\n"}
    digest = lambda data: base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    rows = [f'"{path}",sha256={digest(data)},{len(data)}\\n' for path, data in files.items()]
    files[f"{name}.dist-info/RECORD"] = "".join(rows).encode()
    path = f"{sys.argv[1]}/{name}-py3-none-any.whl"
    open(path, "wb").write(before)
    with zipfile.ZipFile(path, "a", method) as wheel:
        wheel.comment = b"of a test"
        for path, data in files.items():
            wheel.writestr(path, data)
write("large-1.0", b"", zipfile.ZIP_DEFLATED)
write("large-1.1", b"#!/usr/bin/env python3\\n", zipfile.ZIP_STORED)
`;

Deno.test("without a backend for them, packages are left out with the lines that would serve them", async () => {
  await using dir = await createTempDir();
  await using site = await createForeignSite([{ type: "dockerhub", name: "hub", config: {} }]);
  assert.deepEqual((await site.import(wheelhouse(dir, app))).lines, [
    "left_out wheelhouse: no backend serves Python packages. This would serve them:\n  backends:\n  - type: pypi\n    name: pypi",
  ]);
});

Deno.test("the user says which of several backends is meant", async () => {
  await using dir = await createTempDir();
  const backends = [pypi, { type: "pypi", name: "own", config: { index_url: "https://own.example.org/simple" } }];
  await using site = await createForeignSite(backends);
  await site.import(wheelhouse(dir, app), { wheelhouse: "own" });
  await using vault = await site.serve();
  assert.equal((await vault.ask("/own/simple/my-app/")).status, 200);
  assert.notEqual((await vault.ask("/pypi/simple/my-app/")).status, 200);
});

for (const sizeBytes of [1000, 400_000, 17_000_000]) {
  Deno.test(`a cached body of ${sizeBytes} bytes that is damaged is imported again`, async () => {
    await using dir = await createTempDir();
    await using site = await createForeignSite([pypi]);
    const wheel = createWheel("My.App", "1.0", { dataBytes: sizeBytes });
    const source = wheelhouse(dir, wheel);
    await site.import(source);
    const path = new FsLayout(site.cacheDir).blob(sha256Hex(wheel.bytes));
    const damaged = Deno.readFileSync(path);
    damaged[100]! ^= 1;
    Deno.writeFileSync(path, damaged);
    const { lines } = await site.import(source);
    assert.ok(lines.includes(`imported ${wheel.filename}`), lines.join("\n"));
    assert.deepEqual(Deno.readFileSync(path), wheel.bytes);
    assert.ok((await site.import(source)).lines.includes(`cached ${wheel.filename}`));
  });
}

Deno.test("a source that the limits of the cache leave no room for is refused, and nothing is evicted for it", async () => {
  await using dir = await createTempDir();
  await using site = await createForeignSite([pypi], { cache_max_size: 200_000 });
  const [first, second] = ["one", "two"].map((name) => createWheel(name, "1.0", { dataBytes: 120_000 }));
  await site.import(wheelhouse(dir, first!));
  await assert.rejects(
    site.import(wheelhouse(dir, second!)),
    /Cannot import a wheelhouse.*: what is new in it has 11\d\.\d KiB, .* no room for it: cache_max_size is 195\.3 KiB/,
  );
  await assert.rejects(site.import(wheelhouse(dir, first!, second!)), /what is new in it has 11\d\.\d KiB, /);
  const { lines } = await site.import(wheelhouse(dir, first!));
  assert.deepEqual(lines.filter((line) => line === `cached ${first!.filename}`).length, 1, lines.join("\n"));
  assert.deepEqual((await pageOf(site, "one")).files.map(({ filename }) => filename), [first!.filename]);
  await using vault = await site.serve();
  assert.equal((await vault.ask("/pypi/simple/one/")).status, 200, "with a file that can be delivered");
});
