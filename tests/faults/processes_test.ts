import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { ServerProcess } from "../support/server_process.ts";
import { bytesOf, readStaged, recordOf, selectorOf, StoreFixture } from "../support/store_fixture.ts";
import { waitUntil } from "../support/wait_until.ts";
import { walk } from "../support/walk.ts";

const program = fileURLToPath(new URL("../support/store_program.ts", import.meta.url));
const selector = selectorOf("/a");

function start(...args: string[]): ServerProcess {
  const permissions = ["--no-prompt", "--allow-read", "--allow-write", "--allow-sys=statfs"];
  return new ServerProcess([Deno.execPath(), "run", "--quiet", "--frozen", ...permissions, program, ...args]);
}

Deno.test("what a killed process has staged is gone on with by the next one", async () => {
  await using fixture = new StoreFixture();
  await fixture.restartAfter(() => Deno.removeSync(fixture.root, { recursive: true }));
  await using owner = start("stage", fixture.root, "/a", "5000");
  await owner.waitForLine(/staged/);
  await owner.stop("SIGKILL");
  await fixture.restartAfter(() => {});
  const resumed = await fixture.store.resume(selector);
  assert.deepEqual(resumed?.resume, recordOf(selector, bytesOf("/a", 5000)));
  assert.deepEqual(readStaged(resumed!), bytesOf("/a", 5000));
});

Deno.test("a living process keeps what it has staged; when it ends, who has waited goes on with it", async () => {
  await using fixture = new StoreFixture();
  await using owner = start("stage", fixture.root, "/a", "5000");
  await owner.waitForLine(/staged/);
  await fixture.restartAfter(() => {});
  assert.equal(await fixture.store.resume(selector), null);
  assert.equal(partsOf(fixture).length, 1, "still there");
  assert.equal(fixture.store.usedBytes(), 0, "and the owner's to count");
  // A store that ends while it waits neither hangs nor takes anything later.
  await fixture.restartAfter(() => {});
  await owner.stop("SIGKILL");
  const resumed = await waitUntil("the bytes are adopted", () => fixture.store.resume(selector));
  assert.deepEqual(readStaged(resumed), bytesOf("/a", 5000));
  assert.equal(fixture.store.usedBytes(), 5000);
});

Deno.test("of two stores that wait for a process to end, one goes on with what it has staged", async () => {
  await using fixture = new StoreFixture();
  await using owner = start("stage", fixture.root, "/a", "5000");
  await owner.waitForLine(/staged/);
  await using first = new StoreFixture({ root: fixture.root });
  await using second = new StoreFixture({ root: fixture.root });
  const stores = [first.store, second.store];
  for (const store of stores) assert.equal(await store.resume(selector), null);
  await owner.stop("SIGKILL");
  const resumed = await waitUntil("the bytes are adopted", async () => {
    const all = await Promise.all(stores.map((store) => store.resume(selector)));
    return all.find((one) => one !== null);
  });
  assert.deepEqual(readStaged(resumed), bytesOf("/a", 5000));
  assert.equal(partsOf(fixture).length, 1);
  resumed.discard();
});

Deno.test("two processes that keep the same and different bodies at once lose no entry and break no blob", async () => {
  await using fixture = new StoreFixture();
  const rounds = 20;
  await using left = start("commit", fixture.root, "left", `${rounds}`);
  await using right = start("commit", fixture.root, "right", `${rounds}`);
  for (const one of [left, right]) assert.deepEqual((await one.status).code, 0, one.output);
  for (const name of ["common", "left", "right"]) {
    for (let round = 0; round < rounds; round++) {
      const key = `/${name}/${round}`;
      assert.deepEqual(fixture.read(selectorOf(key)), bytesOf(key, 2000 + round), key);
    }
  }
  assert.equal(walk(`${fixture.root}/blobs`).length, 3 * rounds);
  await fixture.restartAfter(() => {});
});

function partsOf(fixture: StoreFixture): string[] {
  return walk(`${fixture.root}/staging`).filter((path) => path.endsWith(".part"));
}
