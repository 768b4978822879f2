import assert from "node:assert/strict";
import { smallBodyBytes } from "../../src/store/blobs.ts";
import { OpenFiles } from "../../src/store/open_files.ts";
import type { BodyFile, StoredBody } from "../../src/store/store.ts";
import { createTempDir, type TempDir } from "../support/temp_dir.ts";
import { bytesOf, selectorOf, StoreFixture } from "../support/store_fixture.ts";

async function numbersIn(dir: TempDir): Promise<string> {
  await Deno.writeTextFile(dir.join("numbers"), "0123456789");
  return dir.join("numbers");
}

async function textAt(file: BodyFile, offset: number, length = 2): Promise<string> {
  const buffer = new Uint8Array(length);
  const read = await file.read(buffer, offset);
  return new TextDecoder().decode(buffer.subarray(0, read ?? 0));
}

Deno.test("a hundred files that are read in turn hold four descriptors, and each reads on where it was", async () => {
  await using dir = await createTempDir();
  const path = await numbersIn(dir);
  const pool = new OpenFiles(4);
  const files = Array.from({ length: 100 }, () => pool.add(() => Deno.openSync(path)));
  for (const [offset, expected] of [[0, "01"], [2, "23"], [7, "78"], [1, "12"]] as const) {
    for (const file of files) assert.equal(await textAt(file, offset), expected);
    assert.equal(pool.open, 4);
  }
  for (const file of files) file.close();
  assert.equal(pool.open, 0);
});

Deno.test("the file that was read longest ago is closed first, and one that is opened already counts", async () => {
  await using dir = await createTempDir();
  const path = await numbersIn(dir);
  const pool = new OpenFiles(2);
  const opened: string[] = [];
  const add = (name: string, file?: Deno.FsFile) => pool.add(() => (opened.push(name), Deno.openSync(path)), file);
  const [a, b, c] = [add("a", Deno.openSync(path)), add("b"), add("c")];
  for (const file of [a, b, a, c, a, b]) await textAt(file, 0);
  assert.deepEqual(opened, ["b", "c", "b"]);
  for (const file of [a, b, c]) file.close();
});

Deno.test("files that are being read at this moment are not closed for others", async () => {
  await using dir = await createTempDir();
  const path = await numbersIn(dir);
  const pool = new OpenFiles(1);
  const files = [pool.add(() => Deno.openSync(path)), pool.add(() => Deno.openSync(path))];
  assert.deepEqual(await Promise.all(files.map((file) => textAt(file, 3))), ["34", "34"]);
  for (const file of files) file.close();
  assert.equal(pool.open, 0);
});

Deno.test("a file that cannot be opened again fails the read and holds nothing", async () => {
  await using dir = await createTempDir();
  const path = await numbersIn(dir);
  const pool = new OpenFiles(1);
  const [a, b] = [pool.add(() => Deno.openSync(path)), pool.add(() => Deno.openSync(path))];
  await textAt(a, 0);
  await textAt(b, 0);
  await Deno.remove(path);
  await assert.rejects(textAt(a, 2), Deno.errors.NotFound);
  a.close();
  b.close();
  assert.equal(pool.open, 0);
});

Deno.test("a body that is evicted while nobody reads it fails, and one whose file is open is read on", async () => {
  await using fixture = new StoreFixture({ maxOpenFiles: 1 });
  const [waiting, open] = [await opened(fixture, "/waiting"), await opened(fixture, "/open")];
  for (const { file, path } of [waiting, open]) {
    await textAt(file, 0);
    Deno.renameSync(path, `${path}.gone`);
  }
  assert.equal(await open.file.read(new Uint8Array(2), 2), 2);
  await assert.rejects(textAt(waiting.file, 2), {
    code: "storage_failed",
    message: /removed while its client did not/,
  });
  for (const { file, path } of [waiting, open]) {
    file.close();
    Deno.renameSync(`${path}.gone`, path);
  }
});

Deno.test("a body that was evicted and fetched again meanwhile is read on", async () => {
  await using fixture = new StoreFixture({ maxOpenFiles: 1 });
  const { file, path, bytes } = await opened(fixture, "/again");
  const other = await opened(fixture, "/other");
  await textAt(other.file, 0);
  Deno.removeSync(path);
  Deno.writeFileSync(path, bytes);
  const buffer = new Uint8Array(1000);
  assert.equal(await file.read(buffer, 500), 1000);
  assert.deepEqual(buffer, bytes.subarray(500, 1500));
  file.close();
  other.file.close();
});

async function opened(fixture: StoreFixture, key: string) {
  const bytes = bytesOf(key, smallBodyBytes + 1);
  const entry = await fixture.put(selectorOf(key), bytes);
  const body: StoredBody | null = fixture.store.openBody(entry);
  assert.ok(body?.kind === "file");
  return { bytes, file: body.file, path: fixture.blobPath(entry.sha256) };
}
