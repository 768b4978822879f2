import assert from "node:assert/strict";
import { probeFolder } from "../../src/store/probe.ts";
import { Unreadable } from "../../src/store/unreadable.ts";
import { createRecordingLog, StoreFixture } from "../support/store_fixture.ts";
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

Deno.test("a cache that takes no downloads is of no use, though its own folder takes files", async () => {
  await using fixture = new StoreFixture();
  assert.equal(fixture.store.probe(), null);
  await fixture.restartAfter(() => {
    Deno.removeSync(`${fixture.root}/staging`, { recursive: true });
    Deno.writeTextFileSync(`${fixture.root}/staging`, "");
  });
  assert.equal(fixture.store.probe(), "Cannot write to the cache directory: there is a file in its place");
  await fixture.restartAfter(() => Deno.removeSync(`${fixture.root}/staging`));
});

Deno.test("files that this user may not read are reported once, those that are not there never", () => {
  const log = createRecordingLog();
  const unreadable = new Unreadable("/cache", log);
  unreadable.failed("/cache/a", new Deno.errors.NotFound());
  unreadable.check("/cache/not-there");
  unreadable.failed("/cache/b", new Deno.errors.PermissionDenied());
  unreadable.failed("/cache/c", new Deno.errors.PermissionDenied());
  assert.deepEqual(log.lines, [
    'WARNING Cannot read "/cache/b" in the cache: this user may not, so it counts as missing, and others may as well. ' +
    'Everything in the cache directory has to belong to the user of the vault: chown -R USER "/cache"',
  ]);
});
