import assert from "node:assert/strict";
import { DiskRoom } from "../../src/bundle/disk_room.ts";
import { SpoolFile } from "../../src/bundle/spool.ts";
import { createTempDir } from "../support/temp_dir.ts";

const MB = 1_000_000;

for (
  const [what, total, kept] of [["large", 1_000_000 * MB, 64 * 1024 * 1024], ["small", 300 * MB, 15 * MB]] as const
) {
  Deno.test(`temporary files leave room on a ${what} disk, which is looked at a few times`, () => {
    let [free, looks] = [280 * MB, 0];
    const room = new DiskRoom("/spool", () => {
      looks++;
      return { free, total };
    });
    const write = () => {
      for (;;) {
        room.take(MB / 4);
        free -= MB / 4;
      }
    };
    assert.throws(write, /the disk of "\/spool" has .* free, and .* would fill it; make room, or .* --temporary/);
    assert.ok(free >= kept && free < kept + MB, `${free} bytes are left`);
    assert.ok(looks < 20, `looked ${looks} times`);
  });
}

Deno.test("a temporary file that would fill the disk is not written to", async () => {
  await using dir = await createTempDir();
  using file = Deno.openSync(dir.join("facts"), { read: true, write: true, create: true });
  const free = () => 500_000 - file.statSync().size;
  const spooled = new SpoolFile(file, new DiskRoom(dir.path, () => ({ free: free(), total: 600_000 })));
  spooled.append(new Uint8Array(300_000));
  assert.throws(() => spooled.append(new Uint8Array(300_000)), /would fill it/);
  assert.equal(spooled.sizeBytes, 300_000);
});
