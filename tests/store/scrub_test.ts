import assert from "node:assert/strict";
import { smallBodyBytes } from "../../src/store/blobs.ts";
import type { Sleep } from "../../src/store/scrub_pace.ts";
import type { Entry } from "../../src/store/store.ts";
import { copyInPlace, flipBit } from "../support/carry.ts";
import { FakeNow } from "../support/fake_now.ts";
import {
  bytesOf,
  createRecordingLog,
  selectorOf,
  StoreFixture,
  type StoreFixtureOptions,
} from "../support/store_fixture.ts";

const everyMs = 30 * 86_400_000;
const large = 3 * smallBodyBytes;
const openingBytes = 16 * 1024;

/** Time that passes when nobody works: short sleeps end at once, the wait for the next pass when it is told to. */
class Slumber {
  sleptMs = 0;
  /** Called in each short sleep. */
  during: () => void | Promise<void> = () => {};
  #rest = Promise.withResolvers<void>();
  #resting = Promise.withResolvers<number>();

  readonly sleep: Sleep = async (ms, signal) => {
    if (ms < 3_600_000) {
      this.sleptMs += ms;
      return await this.during();
    }
    this.#resting.resolve(ms);
    const rest = this.#rest;
    signal.addEventListener("abort", () => rest.resolve(), { once: true });
    await rest.promise;
  };

  /** Resolves when there is nothing to do, with the ms until somebody looks again. */
  resting(): Promise<number> {
    return this.#resting.promise;
  }

  wake(): void {
    const rest = this.#rest;
    this.#resting = Promise.withResolvers();
    this.#rest = Promise.withResolvers();
    rest.resolve();
  }
}

interface Counts {
  damaged: number;
  verifiedBytes: number;
  passes: number;
}

async function withBodies(sizes: readonly number[], options: StoreFixtureOptions = {}) {
  const counts: Counts = { damaged: 0, verifiedBytes: 0, passes: 0 };
  const log = createRecordingLog();
  const events = {
    bodyDamaged: () => void counts.damaged++,
    bodyVerified: (bytes: number) => void (counts.verifiedBytes += bytes),
    scrubEnded: () => void counts.passes++,
  };
  const fixture = new StoreFixture({ ...options, log, events });
  const entries: Entry[] = [];
  for (const [i, size] of sizes.entries()) {
    entries.push(await fixture.put(selectorOf(`/${i}`), bytesOf(`${i}`, size)));
  }
  return {
    ...{ fixture, entries, log, counts },
    [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose](),
  };
}

/** Opens the store again, with a pass that is due. */
async function scrub(fixture: StoreFixture, options: StoreFixtureOptions = {}, bytesPerSecond = 20_000_000) {
  const slumber = new Slumber();
  const due = { startedAt: 0, endedAt: 1, after: "", bodies: 0, bytes: 0, damaged: 0 };
  const writeDue = () => Deno.writeTextFileSync(`${fixture.root}/scrub.json`, JSON.stringify(due));
  await fixture.restartAfter(writeDue, { ...options, scrub: { everyMs, bytesPerSecond, sleep: slumber.sleep } });
  return slumber;
}

Deno.test("bodies with a flipped bit are found, removed and reported, and sound ones stay", async () => {
  await using scene = await withBodies([1000, 1000, large, large]);
  const { fixture, entries, log, counts } = scene;
  for (const i of [0, 2]) await flipBit(fixture.blobPath(entries[i]!.sha256), 500);
  const slumber = await scrub(fixture);
  await slumber.resting();
  assert.deepEqual(entries.map((entry) => fixture.store.hasBody(entry)), [false, true, false, true]);
  assert.deepEqual(counts, { damaged: 2, verifiedBytes: 1000 + large, passes: 2 });
  assert.deepEqual(log.lines.toSorted(), [
    "WARNING Removed a damaged body from the cache: its content was wrong. It is fetched again when asked for",
    "WARNING Removed a damaged body from the cache: its content was wrong. It is fetched again when asked for",
    "WARNING Verified 4 bodies in the cache, 770 KiB: 2 were damaged",
  ]);
});

Deno.test("where all are sound, one line says so, and what was copied need not be verified again", async () => {
  await using scene = await withBodies([large]);
  const { fixture, entries, log } = scene;
  await copyInPlace(fixture.blobPath(entries[0]!.sha256));
  const slumber = await scrub(fixture);
  await slumber.resting();
  assert.deepEqual(log.lines, ["INFO Verified 1 body in the cache, 384 KiB: all are sound"]);
  const opened = fixture.store.openBody(entries[0]!);
  assert.ok(opened?.kind === "file" && opened.unverified === null);
  opened.file.close();
});

Deno.test("offline, in a folder that takes no writes, damage is reported once, and nothing is removed", async () => {
  await using scene = await withBodies([1000, large, 1000]);
  const { fixture, entries, log, counts } = scene;
  for (const i of [0, 1]) await flipBit(fixture.blobPath(entries[i]!.sha256), 500);
  await fixture.restartAfter(() => {
    Deno.removeSync(`${fixture.root}/staging`, { recursive: true });
    Deno.writeTextFileSync(`${fixture.root}/staging`, "nothing can be written below a file");
  }, { offline: true });
  const slumber = await scrub(fixture, { offline: true });
  await slumber.resting();
  for (let i = 0; i < 3; i++) {
    assert.deepEqual(entries.map((entry) => fixture.store.openBody(entry) !== null), [false, false, true]);
  }
  for (const { sha256 } of entries) assert.ok(Deno.statSync(fixture.blobPath(sha256)).isFile);
  assert.equal(counts.damaged, 2);
  assert.equal(log.lines.filter((line) => line.includes("offline it stays")).length, 2);
  await Deno.remove(`${fixture.root}/staging`);
});

Deno.test("a pass that was interrupted is resumed after a restart: each body is read once", async () => {
  await using scene = await withBodies([1000, 2000, 3000, 4000]);
  const { fixture, counts } = scene;
  const reached = Promise.withResolvers<void>();
  const slumber = await scrub(fixture, {}, 1000);
  slumber.during = () => {
    if (counts.verifiedBytes === 0) return;
    reached.resolve();
    // Until the store is closed.
    return new Promise((resolve) => closed.promise.then(resolve));
  };
  const closed = Promise.withResolvers<void>();
  await reached.promise;
  const restarted = fixture.restartAfter(() => {}, {
    scrub: { everyMs, bytesPerSecond: 1000, sleep: (slumber.during = () => {}, slumber.sleep) },
  });
  closed.resolve();
  await restarted;
  await slumber.resting();
  assert.equal(counts.verifiedBytes, 10_000);
});

Deno.test("bodies are read at the rate, and at a tenth of it while clients are served", async () => {
  await using scene = await withBodies([1000, large]);
  const { fixture, entries } = scene;
  const idleMs = (1000 + large + 2 * openingBytes) / 100_000 * 1000;
  const slumber = await scrub(fixture, {}, 100_000);
  await slumber.resting();
  assert.ok(Math.abs(slumber.sleptMs - idleMs) < 20, `${slumber.sleptMs} instead of ${idleMs}`);
  const busy = await scrub(fixture, {}, 100_000);
  const body = fixture.store.openBody(entries[1]!);
  await busy.resting();
  assert.ok(Math.abs(busy.sleptMs - 10 * idleMs) < 200, `${busy.sleptMs} instead of ${10 * idleMs}`);
  if (body?.kind === "file") body.file.close();
});

Deno.test("the first pass begins `every` after the first start, the next ones `every` after the one before", async () => {
  using now = new FakeNow();
  await using scene = await withBodies([1000]);
  const { fixture, counts } = scene;
  const slumber = new Slumber();
  const options = { scrub: { everyMs, bytesPerSecond: 1000, sleep: slumber.sleep } };
  await fixture.restart(options);
  await slumber.resting();
  now.advance(everyMs - 4_000_000);
  const again = new Slumber();
  await fixture.restart({ scrub: { ...options.scrub, sleep: again.sleep } });
  assert.equal(await again.resting(), 3_600_000, "no longer than an hour at once");
  assert.equal(counts.verifiedBytes, 0);
  for (const pass of [1, 2]) {
    now.advance(pass === 1 ? 4_000_000 : everyMs);
    again.wake();
    await again.resting();
    assert.deepEqual([counts.verifiedBytes, counts.passes], [1000 * pass, pass]);
  }
  assert.deepEqual(scene.log.lines.length, 2);
});

Deno.test("to be verified is no use: the time of last use stays, but for bodies that were used meanwhile", async () => {
  await using scene = await withBodies([1000, 1000]);
  const { fixture, entries } = scene;
  const paths = entries.map(({ sha256 }) => fixture.blobPath(sha256));
  const longAgo = new Date(1_000_000_000_000);
  for (const path of paths) await Deno.utime(path, longAgo, Deno.statSync(path).mtime!);
  const slumber = await scrub(fixture, {}, 1000);
  let used = false;
  slumber.during = () => {
    if (!used) fixture.store.openBody(entries[0]!);
    used = true;
  };
  await slumber.resting();
  const lastUses = paths.map((path) => Deno.statSync(path).atime!.getTime());
  assert.notEqual(lastUses[0], longAgo.getTime());
  assert.equal(lastUses[1], longAgo.getTime());
});

Deno.test("a body that is removed or replaced while it is read is not damaged", async () => {
  for (const change of [(path: string) => Deno.remove(path), copyInPlace]) {
    await using scene = await withBodies([large]);
    const { fixture, entries, counts, log } = scene;
    const path = fixture.blobPath(entries[0]!.sha256);
    await flipBit(path, large - 1);
    const slumber = await scrub(fixture, {}, 1000);
    let changed = false;
    slumber.during = async () => {
      if (!changed) await change(path);
      changed = true;
    };
    await slumber.resting();
    assert.deepEqual([counts.damaged, counts.verifiedBytes], [0, 0]);
    assert.match(log.lines.at(-1)!, /^INFO Verified 0 bodies/);
    await fixture.restartAfter(() => {});
  }
});

Deno.test("a body that the disk cannot read is damaged, and files that are no bodies are left alone", async () => {
  await using scene = await withBodies([1000]);
  const { fixture, entries, counts, log } = scene;
  const [entry] = entries;
  const stray = `${fixture.blobPath(entry!.sha256)}.nfs0001`;
  const { read } = Deno.FsFile.prototype;
  Deno.FsFile.prototype.read = () => Promise.reject(Object.assign(new Error("Input/output error"), { code: "EIO" }));
  try {
    await Deno.writeTextFile(stray, "x");
    const slumber = await scrub(fixture);
    await slumber.resting();
  } finally {
    Deno.FsFile.prototype.read = read;
  }
  assert.equal(fixture.store.hasBody(entry!), false);
  assert.equal(counts.damaged, 1);
  assert.match(log.lines[0]!, /^WARNING Cannot read ".*": Input\/output error$/);
  assert.equal(await Deno.readTextFile(stray), "x");
  await fixture.restartAfter(() => Deno.removeSync(stray));
});

for (const text of ["", "{", "null", '{"startedAt":"now"}', '{"startedAt":1,"endedAt":null,"after":"../x"}']) {
  Deno.test(`progress that reads ${JSON.stringify(text)} is none: the first pass is still to come`, async () => {
    await using scene = await withBodies([1000]);
    const { fixture, counts } = scene;
    const slumber = new Slumber();
    const write = () => Deno.writeTextFileSync(`${fixture.root}/scrub.json`, text);
    await fixture.restartAfter(write, { scrub: { everyMs, bytesPerSecond: 1000, sleep: slumber.sleep } });
    await slumber.resting();
    assert.equal(counts.verifiedBytes, 0);
  });
}
