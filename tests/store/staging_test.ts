import assert from "node:assert/strict";
import type { ResumeRecord } from "../../src/store/store.ts";
import {
  bytesOf,
  createRecordingLog,
  entryOf,
  readStaged,
  recordOf,
  selectorOf,
  StoreFixture,
} from "../support/store_fixture.ts";
import { walk } from "../support/walk.ts";

const selector = selectorOf("/a");
const dayMs = 86_400_000;

Deno.test("parked bytes are gone on with by the next transfer, once", async () => {
  await using fixture = new StoreFixture();
  const record = await park(fixture, bytesOf("a", 5000), { storedBytes: 4000 });
  const resumed = await fixture.store.resume(selector);
  assert.deepEqual(resumed?.resume, record);
  assert.deepEqual(readStaged(resumed!), bytesOf("a", 5000));
  assert.equal(await fixture.store.resume(selector), null, "somebody has them");
  resumed!.park();
  assert.deepEqual((await fixture.store.resume(selector))?.resume, record);
});

Deno.test("parked bytes can be completed and kept", async () => {
  await using fixture = new StoreFixture();
  await park(fixture, bytesOf("a", 5000));
  const resumed = await fixture.store.resume(selector);
  await fixture.store.commit(resumed!, entryOf(selector, bytesOf("a", 5000)));
  assert.deepEqual(fixture.read(selector), bytesOf("a", 5000));
  assert.equal(await fixture.store.resume(selector), null);
});

Deno.test("parked bytes are found by the request that left them only", async () => {
  await using fixture = new StoreFixture();
  await park(fixture, bytesOf("a"));
  for (const other of [selectorOf("/b"), selectorOf("/a", [["accept", "x"]]), { ...selector, backend: "other" }]) {
    assert.equal(await fixture.store.resume(other), null);
  }
  assert.ok(await fixture.store.resume(selector));
});

Deno.test("of two transfers of one body that were given up, the later one's bytes are kept and the others freed", async () => {
  await using fixture = new StoreFixture();
  const [first, second] = [await fixture.stage(selector, bytesOf("1")), await fixture.stage(selector, bytesOf("2"))];
  await first.saveRecord(recordOf(selector, bytesOf("1")));
  await second.saveRecord(recordOf(selector, bytesOf("2")));
  first.park();
  second.park();
  assert.equal(fixture.store.usedBytes(), 1000);
  const resumed = await fixture.store.resume(selector);
  assert.deepEqual(readStaged(resumed!), bytesOf("2"));
});

Deno.test("parked bytes survive an orderly end", async () => {
  await using fixture = new StoreFixture();
  const record = await park(fixture, bytesOf("a", 5000));
  await fixture.restart();
  const resumed = await fixture.store.resume(selector);
  assert.deepEqual(resumed?.resume, record);
  assert.deepEqual(readStaged(resumed!), bytesOf("a", 5000));
  assert.deepEqual(folders(fixture).length, 1, "the old process' folder is gone, and its lock");
});

const useless: readonly [what: string, change: (fixture: StoreFixture) => void][] = [
  ["its record is of another key", (fixture) => changeRecord(fixture, { key: "/b" })],
  ["its record is of another backend", (fixture) => changeRecord(fixture, { backend: "other" })],
  ["its record is of other request headers", (fixture) => changeRecord(fixture, { requestHeaders: [["accept", "x"]] })],
  ["its record tells of more bytes than there are", (fixture) => changeRecord(fixture, { storedBytes: 1001 })],
  ["its record tells of no bytes", (fixture) => changeRecord(fixture, { storedBytes: 0 })],
  ["its record tells of half bytes", (fixture) => changeRecord(fixture, { storedBytes: 0.5 })],
  ["its record tells of the whole body", (fixture) => changeRecord(fixture, { sizeBytes: 1000 })],
  ["its record has no size", (fixture) => changeRecord(fixture, { sizeBytes: undefined! })],
  ["its record is of a body of unknown size", (fixture) => changeRecord(fixture, { sizeBytes: null! })],
  ["its record has no hash", (fixture) => changeRecord(fixture, { sha256: undefined! })],
  ["its record has a validator that is no text", (fixture) => changeRecord(fixture, { validator: 1 as never })],
  ["its record is garbage", (fixture) => Deno.writeTextFileSync(staged(fixture, ".json"), '{"key":')],
  ["its record is null", (fixture) => Deno.writeTextFileSync(staged(fixture, ".json"), "null")],
  ["its record is gone", (fixture) => Deno.removeSync(staged(fixture, ".json"))],
  ["its bytes are gone", (fixture) => Deno.removeSync(staged(fixture, ".part"))],
  ["its bytes are fewer than recorded", (fixture) => Deno.truncateSync(staged(fixture, ".part"), 999)],
  ["nobody asked for it in seven days", (fixture) => ageBy(staged(fixture, ".part"), 7 * dayMs + 60_000)],
];

Deno.test("what an earlier process left is dropped where it cannot be gone on with", async (t) => {
  for (const [what, change] of useless) {
    await t.step(what, async () => {
      await using fixture = new StoreFixture();
      await park(fixture, bytesOf("a"));
      await fixture.restartAfter(() => change(fixture));
      assert.equal(await fixture.store.resume(selector), null);
      assert.equal(fixture.store.usedBytes(), 0);
      assert.deepEqual(walk(`${fixture.root}/staging`).filter((path) => /\.(part|json)$/.test(path)), []);
    });
  }
});

Deno.test("what nobody asked for in six days is gone on with, also without a validator", async () => {
  await using fixture = new StoreFixture();
  const record = await park(fixture, bytesOf("a"), { validator: null });
  await fixture.restartAfter(() => ageBy(staged(fixture, ".part"), 6 * dayMs));
  assert.deepEqual((await fixture.store.resume(selector))?.resume, record);
});

Deno.test("staged bytes without a record are freed by the next process", async () => {
  await using fixture = new StoreFixture();
  await fixture.stage(selector, bytesOf("a"));
  await fixture.restart();
  assert.equal(await fixture.store.resume(selector), null);
  await fixture.checkUsage();
  assert.equal(fixture.store.usedBytes(), 0);
});

Deno.test("folders without a lock and locks without a folder are removed after an hour", async () => {
  await using fixture = new StoreFixture();
  const staging = `${fixture.root}/staging`;
  await fixture.restartAfter(() => {
    for (const name of ["old", "new"]) Deno.mkdirSync(`${staging}/${name}-folder/x`, { recursive: true });
    for (const name of ["old", "new"]) Deno.writeTextFileSync(`${staging}/${name}-lock.lock`, "");
    for (const name of ["old-folder", "old-lock.lock"]) ageBy(`${staging}/${name}`, 3_601_000);
  });
  assert.equal(await fixture.store.resume(selector), null);
  const left = [...Deno.readDirSync(staging)].map(({ name }) => name);
  assert.deepEqual(left.filter((name) => /^(old|new)-/.test(name)).toSorted(), ["new-folder", "new-lock.lock"]);
});

Deno.test("an orderly end with nothing staged leaves no staging folder and no lock", async () => {
  await using fixture = new StoreFixture();
  await fixture.put(selector, bytesOf("a"));
  await fixture.restartAfter(() => assert.deepEqual([...Deno.readDirSync(`${fixture.root}/staging`)], []));
});

Deno.test("a staging folder that cannot be made is reported once, and costs no start", async () => {
  const log = createRecordingLog();
  await using fixture = new StoreFixture({ log });
  await fixture.restartAfter(() => {
    Deno.removeSync(`${fixture.root}/staging`, { recursive: true });
    Deno.writeTextFileSync(`${fixture.root}/staging`, "");
  });
  assert.equal(await fixture.store.resume(selector), null);
  await assert.rejects(fixture.store.stage(selector), { code: "storage_failed" });
  assert.equal(log.lines.length, 1);
  assert.match(log.lines[0]!, /^WARNING Cannot prepare the staging folder "/);
  Deno.removeSync(`${fixture.root}/staging`);
  await fixture.put(selector, bytesOf("a"));
});

async function park(
  fixture: StoreFixture,
  body: Uint8Array,
  overrides: Partial<ResumeRecord> = {},
): Promise<ResumeRecord> {
  const staged = await fixture.stage(selector, body);
  const record = recordOf(selector, body.subarray(0, overrides.storedBytes), overrides);
  await staged.saveRecord(record);
  staged.park();
  return record;
}

function folders(fixture: StoreFixture): string[] {
  return [...Deno.readDirSync(`${fixture.root}/staging`)].filter((one) => one.isDirectory).map(({ name }) => name);
}

/** The one staged file that ends so. */
function staged(fixture: StoreFixture, end: string): string {
  const found = walk(`${fixture.root}/staging`).filter((path) => path.endsWith(end));
  assert.equal(found.length, 1);
  return `${fixture.root}/staging/${found[0]}`;
}

function changeRecord(fixture: StoreFixture, change: Partial<ResumeRecord>): void {
  const path = staged(fixture, ".json");
  Deno.writeTextFileSync(path, JSON.stringify({ ...JSON.parse(Deno.readTextFileSync(path)), ...change }));
}

function ageBy(path: string, ms: number): void {
  const then = new Date(Date.now() - ms);
  Deno.utimeSync(path, then, then);
}
