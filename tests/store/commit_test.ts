import assert from "node:assert/strict";
import type { StagedBody } from "../../src/store/store.ts";
import {
  bytesOf,
  entryOf,
  readStaged,
  recordOf,
  selectorOf,
  sha256Of,
  StoreFixture,
  writeStaged,
} from "../support/store_fixture.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { waitUntil } from "../support/wait_until.ts";
import { walk } from "../support/walk.ts";

const selector = selectorOf("/a");

Deno.test("ten names of the same bytes, kept at once, are stored and counted once", async () => {
  await using fixture = new StoreFixture();
  const body = bytesOf("same", 5000);
  const selectors = Array.from({ length: 10 }, (_, i) => selectorOf(`/${i}`));
  const staged = await Promise.all(selectors.map((one) => fixture.stage(one, body)));
  await Promise.all(selectors.map((one, i) => fixture.store.commit(staged[i]!, entryOf(one, body))));
  assert.equal(fixture.store.usedBytes(), 5000);
  for (const one of selectors) assert.deepEqual(fixture.read(one), body);
});

Deno.test("keeping a body again replaces its blob, and counts it once", async () => {
  await using fixture = new StoreFixture();
  const entry = await fixture.put(selector, bytesOf("a"));
  // Somebody swapped the bytes for others of the same size: a check of sizes sees nothing.
  Deno.writeFileSync(fixture.blobPath(entry.sha256), bytesOf("b"));
  await fixture.put(selector, bytesOf("a"));
  assert.deepEqual(fixture.read(selector), bytesOf("a"));
  assert.equal(fixture.store.usedBytes(), 1000);
});

Deno.test("a changed document replaces the entry, and the old body stays until it is evicted", async () => {
  await using fixture = new StoreFixture();
  const old = await fixture.put(selector, bytesOf("old"));
  await fixture.put(selector, bytesOf("new"));
  assert.deepEqual(fixture.read(selector), bytesOf("new"));
  assert.equal(fixture.store.hasBody(old), true);
});

Deno.test("the entry appears only after its blob", async () => {
  await using fixture = new StoreFixture();
  const body = bytesOf("a", 50_000);
  const staged = await fixture.stage(selector, body);
  assert.equal(fixture.store.find(selector), null);
  const committed = fixture.store.commit(staged, entryOf(selector, body));
  const entry = await waitUntil("the entry appears", () => fixture.store.find(selector));
  assert.equal(fixture.store.hasBody(entry), true);
  await committed;
});

Deno.test("a crash between blob and entry leaves a miss, and the next commit takes the blob's place", async () => {
  await using fixture = new StoreFixture();
  const body = bytesOf("a");
  await fixture.restartAfter(() => {
    const blob = fixture.blobPath(sha256Of(body));
    Deno.mkdirSync(blob.slice(0, blob.lastIndexOf("/")), { recursive: true });
    Deno.writeFileSync(blob, body);
  });
  await fixture.checkUsage();
  assert.equal(fixture.store.find(selector), null);
  await fixture.put(selector, body);
  assert.deepEqual(fixture.read(selector), body);
});

for (const inTheWay of ["entries", "blobs"]) {
  Deno.test(`where ${inTheWay} cannot be written a commit throws storage_failed, and readers go on`, async () => {
    await using fixture = new StoreFixture();
    Deno.writeTextFileSync(`${fixture.root}/${inTheWay}`, "");
    const body = bytesOf("a", 300_000);
    const staged = await fixture.stage(selector, body);
    using early = staged.openReader(0);
    await assert.rejects(fixture.store.commit(staged, entryOf(selector, body)), { code: "storage_failed" });
    assert.deepEqual(readStaged(staged), body);
    assert.deepEqual(readStaged(staged, 1234), body.subarray(1234));
    assert.equal(early.statSync().size, body.byteLength);
    assert.equal(fixture.store.find(selector), null);
    staged.discard();
    assert.deepEqual(stagedFiles(fixture), []);
    Deno.removeSync(`${fixture.root}/${inTheWay}`, { recursive: true });
    await fixture.put(selector, body);
    assert.deepEqual(fixture.read(selector), body);
  });
}

Deno.test("a staged body that was cut behind our back is not committed", async () => {
  await using fixture = new StoreFixture();
  const body = bytesOf("a");
  const staged = await fixture.stage(selector, body);
  Deno.truncateSync(staged.path, 10);
  await assert.rejects(fixture.store.commit(staged, entryOf(selector, body)), { code: "storage_failed" });
  assert.equal(fixture.store.find(selector), null);
  staged.discard();
});

Deno.test("a staged body is read as one file before, during and after its commit", async () => {
  await using fixture = new StoreFixture();
  const body = bytesOf("a", 200_000);
  const staged = await fixture.stage(selector, body);
  assert.deepEqual(readStaged(staged), body);
  const { rename } = Deno;
  const during: string[] = [];
  Deno.rename = async (from, to) => {
    during.push(sha256Of(readStaged(staged)));
    await rename(from, to);
    during.push(sha256Of(readStaged(staged, 1234)));
  };
  try {
    await fixture.store.commit(staged, entryOf(selector, body));
  } finally {
    Deno.rename = rename;
  }
  assert.deepEqual(during.slice(-2), [sha256Of(body), sha256Of(body.subarray(1234))]);
  assert.deepEqual(readStaged(staged), body);
  assert.deepEqual(stagedFiles(fixture), []);
});

Deno.test("a commit leaves nothing to go on with", async () => {
  await using fixture = new StoreFixture();
  const body = bytesOf("a");
  const staged = await fixture.stage(selector, body);
  await staged.saveRecord(recordOf(selector, body.subarray(0, 500)));
  await fixture.store.commit(staged, entryOf(selector, body));
  assert.equal(await fixture.store.resume(selector), null);
  assert.deepEqual(stagedFiles(fixture), []);
});

Deno.test("a commit is a use: a body whose bytes were staged long ago is not the next to be evicted", async () => {
  await using fixture = new StoreFixture();
  const body = bytesOf("a");
  const staged = await fixture.stage(selector, body);
  const longAgo = new Date(Date.now() - 86_400_000);
  Deno.utimeSync(staged.path, longAgo, longAgo);
  const entry = entryOf(selector, body);
  await fixture.store.commit(staged, entry);
  assert.ok(Deno.statSync(fixture.blobPath(entry.sha256)).atime!.getTime() > longAgo.getTime() + 3_600_000);
});

Deno.test("only bodies of this store can be committed", async () => {
  await using fixture = new StoreFixture();
  await assert.rejects(fixture.store.commit({} as StagedBody, entryOf(selector, bytesOf("a"))), TypeError);
});

Deno.test("when the whole cache directory is removed while it runs, bodies are staged and kept as before", async () => {
  await using fixture = new StoreFixture();
  const lost = await fixture.stage(selectorOf("/lost"), bytesOf("lost"));
  await fixture.put(selector, bytesOf("a"));
  Deno.removeSync(fixture.root, { recursive: true });
  assert.equal(fixture.read(selector), null);
  await assert.rejects(fixture.store.commit(lost, entryOf(selectorOf("/lost"), bytesOf("lost"))), {
    code: "storage_failed",
  });
  lost.discard();
  for (const name of ["a", "b"]) {
    await fixture.put(selectorOf(`/${name}`), bytesOf(name));
    assert.deepEqual(fixture.read(selectorOf(`/${name}`)), bytesOf(name));
  }
  assert.equal(fixture.store.probe(), null);
  const folder = (await fixture.stage(selector, bytesOf("c"))).path.replace(/\/[^/]*$/, "");
  assert.ok(Deno.statSync(`${folder}.lock`).isFile, "other processes see that it is in use");
  await fixture.restartAfter(() => {});
  assert.deepEqual(fixture.read(selector), bytesOf("a"));
});

Deno.test("a directory that takes no files throws storage_failed for each body, and recovers by itself", async () => {
  await using dir = await createTempDir();
  Deno.writeTextFileSync(dir.join("cache"), "a file where the folder should be");
  await using fixture = new StoreFixture({ root: dir.join("cache") });
  await assert.rejects(fixture.store.stage(selector), { code: "storage_failed" });
  assert.match(fixture.store.probe() ?? "", /./);
  Deno.removeSync(dir.join("cache"));
  assert.equal(fixture.store.probe(), null);
  await fixture.put(selector, bytesOf("a"));
  assert.deepEqual(fixture.read(selector), bytesOf("a"));
});

Deno.test("probing leaves nothing behind", async () => {
  await using fixture = new StoreFixture();
  const before = walk(fixture.root);
  assert.equal(fixture.store.probe(), null);
  assert.deepEqual(walk(fixture.root), before);
});

Deno.test("bytes behind a cut are forgotten", async () => {
  await using fixture = new StoreFixture();
  const staged = await fixture.stage(selector, bytesOf("a", 3000));
  staged.truncate(1000);
  assert.equal(fixture.store.usedBytes(), 1000);
  assert.ok(await staged.reserve(1500));
  writeStaged(staged, bytesOf("b", 500), 1000);
  const body = new Uint8Array([...bytesOf("a", 1000), ...bytesOf("b", 500)]);
  assert.deepEqual(readStaged(staged), body);
  await fixture.store.commit(staged, entryOf(selector, body));
  assert.deepEqual(fixture.read(selector), body);
});

function stagedFiles(fixture: StoreFixture): string[] {
  return walk(`${fixture.root}/staging`).filter((path) => /\.(part|json)$/.test(path));
}

Deno.test("on its way into the store the file of a body is opened twice: to be written, and to be flushed", async () => {
  await using fixture = new StoreFixture();
  const body = bytesOf("a");
  using opened = openedFiles();
  const staged = await fixture.stage(selector, body);
  await fixture.store.commit(staged, entryOf(selector, body));
  assert.equal(opened.paths.filter((path) => path.endsWith(".part")).length, 2);
});

for (const end of ["discard", "commit"] as const) {
  Deno.test(`a staged body that nothing was written to: ${end} leaves no file open`, async () => {
    await using fixture = new StoreFixture();
    using opened = openedFiles();
    const staged = await fixture.store.stage(selector);
    const file = opened.files.at(-1)!;
    if (end === "discard") staged.discard();
    else await fixture.store.commit(staged, entryOf(selector, new Uint8Array()));
    assert.throws(() => file.statSync(), Deno.errors.BadResource);
  });
}

/** The files that are opened while it is in use; `files` are those that were not waited for. */
function openedFiles(): Disposable & { readonly paths: readonly string[]; readonly files: readonly Deno.FsFile[] } {
  const { open, openSync } = Deno;
  const paths: string[] = [];
  const files: Deno.FsFile[] = [];
  Deno.open = (path, options) => {
    paths.push(String(path));
    return open(path, options);
  };
  Deno.openSync = (path, options) => {
    paths.push(String(path));
    const file = openSync(path, options);
    files.push(file);
    return file;
  };
  return { paths, files, [Symbol.dispose]: () => void Object.assign(Deno, { open, openSync }) };
}
