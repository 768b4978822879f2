import assert from "node:assert/strict";
import { probeFolder } from "../../src/store/probe.ts";
import { createTempDir } from "../support/temp_dir.ts";

Deno.test("a folder that takes files is of use, and nothing stays in it", async () => {
  await using dir = await createTempDir();
  assert.equal(probeFolder(dir.join("cache"), { offline: false }), null);
  assert.deepEqual([...Deno.readDirSync(dir.join("cache"))], []);
  assert.equal(probeFolder(dir.join("cache"), { offline: true }), null);
});

Deno.test("why a folder is of no use is said in words", async () => {
  await using dir = await createTempDir();
  Deno.writeTextFileSync(dir.join("file"), "");
  const reasonOf = (path: string, offline = false) => probeFolder(dir.join(path), { offline });
  assert.equal(reasonOf("file"), "Cannot write to the cache directory: there is a file in its place");
  assert.equal(
    reasonOf("file/cache"),
    "Cannot write to the cache directory: there is a file in its place, or on the way to it",
  );
  assert.equal(reasonOf("cache", true), "Cannot read the cache directory: it is not there any more");
});

Deno.test({
  name: "a missing permission is said as one",
  permissions: { read: true, write: false },
  fn() {
    const reason = "Cannot write to the cache directory: this process was started without the permission to";
    assert.equal(probeFolder("/tmp/cache", { offline: false }), reason);
  },
});
