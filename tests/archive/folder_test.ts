import assert from "node:assert/strict";
import { FolderReader } from "../../src/archive/folder.ts";
import type { VaultError } from "../../src/errors.ts";
import { createTempDir } from "../support/temp_dir.ts";

const changes: [how: string, code: string, change: (path: string) => void][] = [
  ["longer", "bundle_wrong", (path) => Deno.writeTextFileSync(path, "more", { append: true })],
  ["shorter", "bundle_interrupted", (path) => Deno.truncateSync(path, 2)],
];

for (const [how, code, change] of changes) {
  Deno.test(`a member that becomes ${how} while it is read is an error, and is not read on`, async () => {
    await using dir = await createTempDir();
    const path = dir.join("body");
    Deno.writeTextFileSync(path, "body");
    const member = await new FolderReader(dir.path).open("body", 4);
    change(path);
    const read = async () => {
      while (await member!.next() !== null);
    };
    await assert.rejects(read(), (error: VaultError) => error.code === code && error.message.includes(`become ${how}`));
  });
}

Deno.test("members that are links, pipes or devices are not there", async () => {
  await using dir = await createTempDir();
  Deno.writeTextFileSync(dir.join("file"), "body");
  await Deno.symlink(dir.join("file"), dir.join("link"));
  await Deno.symlink("/dev/zero", dir.join("device"));
  assert.equal((await new Deno.Command("mkfifo", { args: [dir.join("pipe")] }).output()).code, 0);
  const reader = new FolderReader(dir.path);
  for (const name of ["link", "device", "pipe"]) {
    assert.deepEqual([await reader.has(name), await reader.open(name)], [false, null], name);
  }
});
