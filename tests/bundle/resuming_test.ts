import assert from "node:assert/strict";
import { FolderReader } from "../../src/archive/folder.ts";
import type { MemberSource } from "../../src/archive/member_source.ts";
import { importBundle } from "../../src/bundle/import_bundle.ts";
import { ImportFolder } from "../../src/bundle/import_folder.ts";
import { readHead } from "../../src/bundle/read_bundle.ts";
import { Spool } from "../../src/bundle/spool.ts";
import { cachedEntries } from "../../src/inventory/cached_entries.ts";
import { FsLayout } from "../../src/store/fs_layout.ts";
import { bytesOf, sha256Of } from "../support/store_fixture.ts";
import { BundleScene } from "./bundle_scene.ts";

const trust = { keys: [], isRequired: false };

async function openFilled(): Promise<BundleScene> {
  const scene = await BundleScene.open();
  for (const name of ["one", "two", "three"]) await scene.put(`files/${name}`, { sizeBytes: 300_000 });
  return scene;
}

interface ImportInside {
  readonly source: MemberSource;
  readonly signal?: AbortSignal;
}

async function importInside(scene: BundleScene, { source, signal }: ImportInside) {
  const spool = await Spool.open([scene.path("temporary")]);
  try {
    return await importBundle({
      ...{ source, trust, spool, signal, again: false, dryRun: false },
      cacheDir: scene.insideDir,
      limits: { maxBytes: null, minFreeBytes: null },
      backendFor: (name) => ({ name, isRoot: () => false, serves: () => true }),
      carryingOfType: () => ({}),
    });
  } finally {
    spool.close();
  }
}

async function openFolder(scene: BundleScene, path: string): Promise<ImportFolder> {
  const { indexSha256 } = await readHead(new FolderReader(path), trust);
  return await ImportFolder.open(scene.insideDir, indexSha256);
}

Deno.test("an import that turns out wrong takes nothing away from what came meanwhile by another way", async () => {
  await using scene = await openFilled();
  const path = await scene.export("bundle/");
  const whole = await scene.export("whole.tar");
  const [body] = await Array.fromAsync(cachedEntries(scene.outside.root));
  Deno.writeFileSync(`${path}blobs/sha256/${sha256Of(bytesOf("files/two", 300_000))}`, bytesOf("x", 300_000));
  const source = new FolderReader(path);
  const open = source.open.bind(source);
  let opened = 0;
  // While the last body is read, somebody imports all of them.
  source.open = async (name, sizeBytes) => {
    if (name.startsWith("blobs/") && sizeBytes === 300_000 && ++opened === 3) {
      assert.deepEqual((await scene.bundle("inside", "import", whole)).code, 0);
    }
    return await open(name, sizeBytes);
  };
  await assert.rejects(importInside(scene, { source }), /do not fit its name. Nothing of it was kept/);
  assert.ok(body !== undefined);
  assert.deepEqual(await scene.names(), ["files/one", "files/three", "files/two"]);
});

Deno.test("no body is in its place before the last byte of the bundle was read", async () => {
  await using scene = await openFilled();
  const source = new FolderReader(await scene.export("bundle/"));
  const finish = source.finish.bind(source);
  let seen: string[] | null = null;
  source.finish = () => {
    seen = scene.files().filter((name) => name.startsWith("blobs/"));
    return finish();
  };
  await importInside(scene, { source });
  assert.deepEqual(seen, []);
  assert.deepEqual(scene.files().filter((name) => name.startsWith("imports/")), []);
  assert.deepEqual(await scene.names(), await scene.names(scene.outside.root));
});

Deno.test("a bundle that is being imported cannot be imported a second time meanwhile", async () => {
  await using scene = await openFilled();
  const path = await scene.export("bundle/");
  const folder = await openFolder(scene, path);
  const { code, stderr } = await scene.bundle("inside", "import", path);
  assert.equal(code, 1);
  assert.match(stderr, /it is being imported by another process; wait for that one to end/);
  folder.close();
  assert.equal((await scene.bundle("inside", "import", path)).code, 0);
});

Deno.test("an import that is stopped leaves what is whole and no temporary files, and the next one resumes", async () => {
  await using scene = await openFilled();
  const source = new FolderReader(await scene.export("bundle/"));
  const abort = new AbortController();
  const open = source.open.bind(source);
  let opened = 0;
  source.open = (name, sizeBytes) => {
    if (sizeBytes === 300_000 && ++opened === 3) abort.abort();
    return open(name, sizeBytes);
  };
  await assert.rejects(
    importInside(scene, { source, signal: abort.signal }),
    /^VaultError: it was stopped\. The cache has 2 of 3 bodies; import the bundle again, and it resumes there/,
  );
  assert.deepEqual([...Deno.readDirSync(scene.path("temporary"))], []);
  const { bodies } = await importInside(scene, { source: new FolderReader(scene.path("bundle")) });
  assert.deepEqual([bodies.added, bodies.there], [1, 2]);
  assert.deepEqual(await scene.names(), await scene.names(scene.outside.root));
});

Deno.test("what a killed import has left is taken over by the next one, and not read again", async () => {
  await using scene = await openFilled();
  const path = await scene.export("bundle/");
  const sha256 = sha256Of(bytesOf("files/one", 300_000));
  const folder = await openFolder(scene, path);
  Deno.writeFileSync(folder.pathOf(sha256), bytesOf("files/one", 300_000));
  folder.noteVerified([{ sha256, info: Deno.lstatSync(folder.pathOf(sha256)) }]);
  folder.close();
  const { bodies } = await importInside(scene, { source: new FolderReader(path) });
  assert.deepEqual([bodies.added, bodies.there], [2, 1]);
  assert.deepEqual(await scene.names(), await scene.names(scene.outside.root));
});

Deno.test("a body that was damaged after a cut import is repaired by the one that resumes", async () => {
  await using scene = await openFilled();
  const path = await scene.export("bundle.tar");
  const bytes = Deno.readFileSync(path);
  Deno.writeFileSync(path, bytes.subarray(0, bytes.byteLength - 200_000));
  assert.equal((await scene.bundle("inside", "import", path)).code, 1);
  const stored = scene.files().filter((name) => name.startsWith("blobs/"));
  assert.equal(stored.length, 2);
  const damaged = new FsLayout(scene.insideDir).blob(stored[0]!.split("/").at(-1)!);
  Deno.writeFileSync(damaged, bytesOf("damage", 300_000));
  Deno.writeFileSync(path, bytes);
  Deno.removeSync(`${scene.insideDir}/entries`, { recursive: true });
  const { code, stdout } = await scene.bundle("inside", "import", path);
  assert.equal(code, 0);
  assert.match(
    stdout,
    /: 1 new body, .* 1 body, .* was there already; 1 body repaired, damaged until now; /,
  );
  assert.equal(sha256Of(Deno.readFileSync(damaged)), damaged.split("/").at(-1));
  const entries = await Array.fromAsync(cachedEntries(scene.insideDir));
  assert.equal(entries.filter(({ verifiedFile }) => verifiedFile !== undefined).length, 3);
});

for (const sizeBytes of [1000, 300_000]) {
  Deno.test(`a bundle brings its bytes in place of damaged ones of ${sizeBytes} bytes, and leaves sound ones alone`, async () => {
    await using scene = await BundleScene.open();
    const paths = new Map<string, string>();
    for (const name of ["sound", "flipped", "shorter"]) {
      const { sha256 } = await scene.put(`files/${name}`, { sizeBytes });
      paths.set(name, new FsLayout(scene.insideDir).blob(sha256));
    }
    const path = await scene.export("bundle.tar");
    assert.equal((await scene.bundle("inside", "import", path)).code, 0);
    const before = Deno.lstatSync(paths.get("sound")!);
    const flipped = Deno.readFileSync(paths.get("flipped")!);
    flipped[500]! ^= 1;
    Deno.writeFileSync(paths.get("flipped")!, flipped);
    Deno.truncateSync(paths.get("shorter")!, sizeBytes - 1);
    const { code, stdout } = await scene.bundle("inside", "import", path, "--again");
    assert.equal(code, 0);
    assert.match(stdout, /: 0 new bodies, .*; 1 body, .* was there already; 2 bodies repaired, damaged until now/);
    const after = Deno.lstatSync(paths.get("sound")!);
    assert.deepEqual([after.ino, after.atime], [before.ino, before.atime]);
    for (const path of paths.values()) assert.equal(sha256Of(Deno.readFileSync(path)), path.split("/").at(-1));
  });
}

Deno.test("what an import has left that nobody resumes is removed by another one after a week", async () => {
  await using scene = await openFilled();
  const left = await ImportFolder.open(scene.insideDir, "a".repeat(64));
  const path = left.pathOf("b".repeat(64));
  Deno.writeFileSync(path, bytesOf("b"));
  left.noteVerified([{ sha256: "b".repeat(64), info: Deno.lstatSync(path) }]);
  left.close();
  const bundle = await scene.export("bundle.tar");
  assert.equal((await scene.bundle("inside", "import", bundle)).code, 0);
  assert.equal(Deno.lstatSync(path).isFile, true);
  const longAgo = new Date(Date.now() - 8 * 24 * 3600 * 1000);
  const folder = `${scene.insideDir}/imports/${"a".repeat(64)}`;
  for (const one of [`${folder}/journal`, folder]) Deno.utimeSync(one, longAgo, longAgo);
  assert.equal((await scene.bundle("inside", "import", bundle, "--again")).code, 0);
  assert.deepEqual(scene.files().filter((name) => name.startsWith("imports/")), []);
});

Deno.test("a folder for temporary files that a killed process has left is removed, and that of a living one stays", async () => {
  await using scene = await BundleScene.open();
  const parent = scene.path("temporary");
  const living = await Spool.open([parent]);
  Deno.mkdirSync(`${parent}/bundle-killed`);
  Deno.writeTextFileSync(`${parent}/bundle-killed.lock`, "");
  Deno.mkdirSync(`${parent}/of-a-vault`);
  Deno.writeTextFileSync(`${parent}/of-a-vault.lock`, "");
  const next = await Spool.open([parent]);
  const names = [...Deno.readDirSync(parent)].map(({ name }) => name);
  assert.deepEqual(names.filter((name) => name.includes("killed")), []);
  assert.equal(names.length, 6);
  living.close();
  next.close();
});
