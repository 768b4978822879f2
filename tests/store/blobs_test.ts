import assert from "node:assert/strict";
import { smallBodyBytes } from "../../src/store/blobs.ts";
import { FakeNow } from "../support/fake_now.ts";
import { bytesOf, createRecordingLog, readBody, selectorOf, StoreFixture } from "../support/store_fixture.ts";

const sizes = [0, 1, smallBodyBytes, smallBodyBytes + 1, 3 * smallBodyBytes];
const selector = selectorOf("/a");
const hourMs = 3_600_000;

for (const size of sizes) {
  Deno.test(`a body of ${size} bytes is given back, small ones in one piece`, async () => {
    await using fixture = new StoreFixture();
    const entry = await fixture.put(selector, bytesOf("a", size));
    const body = fixture.store.openBody(entry);
    assert.equal(body?.kind, size <= smallBodyBytes ? "bytes" : "file");
    if (body?.kind === "file") body.file.close();
    assert.deepEqual(readBody(fixture, entry), bytesOf("a", size));
    assert.equal(fixture.store.hasBody(entry), true);
  });
}

const damages: readonly [what: string, damage: (path: string) => void][] = [
  ["emptied", (path) => Deno.truncateSync(path)],
  ["cut", (path) => Deno.truncateSync(path, Deno.statSync(path).size - 1)],
  ["grown", (path) => Deno.writeTextFileSync(path, "x", { append: true })],
];

for (const memoryBytes of [0, 1 << 20]) {
  Deno.test(`a small body with a flipped byte is never served, with ${memoryBytes} bytes of memory`, async () => {
    const log = createRecordingLog();
    let damaged = 0;
    const events = { bodyDamaged: () => void damaged++ };
    await using fixture = new StoreFixture({ log, events, memoryBytes });
    const bytes = bytesOf("a", smallBodyBytes);
    const entry = await fixture.put(selector, bytes);
    await fixture.restartAfter(() =>
      Deno.writeFileSync(fixture.blobPath(entry.sha256), bytes.with(77, bytes[77]! ^ 1))
    );
    assert.ok(fixture.store.openBody(entry) === null);
    assert.equal(fixture.store.hasBody(entry), false, "it is removed, and so fetched again");
    await fixture.put(selector, bytes);
    assert.deepEqual(fixture.read(selector), bytes);
    assert.equal(damaged, 1);
    assert.deepEqual(log.lines, [
      "WARNING Removed a damaged body from the cache: its content was wrong. It is fetched again when asked for",
    ]);
  });
}

for (const size of [1000, 2 * smallBodyBytes]) {
  for (const [what, damage] of damages) {
    Deno.test(`a body of ${size} bytes that was ${what} is removed and a miss, and can be kept again`, async () => {
      const log = createRecordingLog();
      await using fixture = new StoreFixture({ log });
      const entry = await fixture.put(selector, bytesOf("a", size));
      await fixture.restartAfter(() => damage(fixture.blobPath(entry.sha256)));
      assert.equal(fixture.store.hasBody(entry), false);
      assert.equal(fixture.store.openBody(entry), null);
      assert.throws(() => Deno.statSync(fixture.blobPath(entry.sha256)), Deno.errors.NotFound);
      await fixture.put(selector, bytesOf("a", size));
      assert.deepEqual(fixture.read(selector), bytesOf("a", size));
      assert.deepEqual(log.lines.map((line) => line.slice(0, 30)), ["WARNING Removed a damaged body"]);
    });
  }

  Deno.test(`a body of ${size} bytes that is gone is a miss`, async () => {
    await using fixture = new StoreFixture();
    const entry = await fixture.put(selector, bytesOf("a", size));
    await fixture.restartAfter(() => Deno.removeSync(fixture.blobPath(entry.sha256)));
    assert.equal(fixture.store.hasBody(entry), false);
    assert.equal(fixture.store.openBody(entry), null);
    assert.equal(fixture.store.find(selector)?.url, entry.url, "the entry says what to ask upstream");
  });
}

Deno.test("a body that is open is read to its end, also when its blob is replaced meanwhile", async () => {
  await using fixture = new StoreFixture();
  const bytes = bytesOf("a", 2 * smallBodyBytes);
  const entry = await fixture.put(selector, bytes);
  const body = fixture.store.openBody(entry);
  assert.ok(body?.kind === "file");
  await fixture.put(selector, bytes);
  const read = new Uint8Array(bytes.byteLength);
  assert.equal(await body.file.read(read, 0), bytes.byteLength);
  assert.deepEqual(read, bytes);
  body.file.close();
});

Deno.test("the memory keeps small bodies up to its size, the least recently used go first", async () => {
  await using fixture = new StoreFixture({ memoryBytes: 4500 });
  const entries = [];
  for (const name of ["a", "b", "c", "d"]) {
    entries.push(await fixture.put(selectorOf(`/${name}`), bytesOf(name)));
    fixture.read(selectorOf(`/${name}`));
  }
  const large = await fixture.put(selectorOf("/large"), bytesOf("large", 4500));
  fixture.read(selectorOf("/large"));
  for (const { sha256 } of [...entries, large]) Deno.renameSync(fixture.blobPath(sha256), `${fixture.root}/${sha256}`);
  const remembered = entries.map((entry) => readBody(fixture, entry) !== null);
  assert.deepEqual(remembered, [false, true, true, true]);
  assert.equal(readBody(fixture, large), null, "larger than the whole memory");
  for (const { sha256 } of [...entries, large]) Deno.renameSync(`${fixture.root}/${sha256}`, fixture.blobPath(sha256));
});

Deno.test("without memory for bodies, each is read from its file", async () => {
  await using fixture = new StoreFixture({ memoryBytes: 0 });
  const entry = await fixture.put(selector, bytesOf("a"));
  fixture.read(selector);
  Deno.renameSync(fixture.blobPath(entry.sha256), `${fixture.root}/elsewhere`);
  assert.equal(fixture.read(selector), null);
  Deno.renameSync(`${fixture.root}/elsewhere`, fixture.blobPath(entry.sha256));
});

Deno.test("an entry that gives a body's size wrong never gets that body from memory", async () => {
  await using fixture = new StoreFixture({ memoryBytes: 10_000 });
  const entry = await fixture.put(selector, bytesOf("a"));
  assert.ok(fixture.store.openBody(entry));
  const wrong = { ...entry, sizeBytes: entry.sizeBytes + 1 };
  assert.equal(fixture.store.hasBody(wrong), false);
  assert.equal(fixture.store.openBody(wrong), null);
});

for (const memoryBytes of [0, 10_000]) {
  Deno.test(`the time of last use is written once a minute at most (memory of ${memoryBytes} bytes)`, async () => {
    await using fixture = new StoreFixture({ memoryBytes });
    const entry = await fixture.put(selector, bytesOf("a"));
    const path = fixture.blobPath(entry.sha256);
    const lastUse = () => Deno.statSync(path).atime!.getTime();
    using now = new FakeNow();
    now.advance(hourMs);
    const modified = Deno.statSync(path).mtime!.getTime();
    fixture.read(selector);
    const first = Date.now();
    assert.equal(lastUse(), first);
    now.advance(59_999);
    fixture.read(selector);
    assert.equal(lastUse(), first);
    now.advance(1);
    fixture.read(selector);
    assert.equal(lastUse(), first + 60_000);
    assert.equal(Deno.statSync(path).mtime!.getTime(), modified, "when it was written stays");
  });
}

Deno.test("for a store that only looks, reading a body is no use of it", async () => {
  await using fixture = new StoreFixture();
  const entry = await fixture.put(selector, bytesOf("a"));
  const path = fixture.blobPath(entry.sha256);
  const used = new Date(Date.now() - 24 * hourMs);
  for (const isLooking of [true, false]) {
    await fixture.restartAfter(() => Deno.utimeSync(path, used, used), { isLooking });
    assert.deepEqual(fixture.read(selector), bytesOf("a"));
    await fixture.store.close();
    assert.equal(Deno.statSync(path).atime!.getTime() === used.getTime(), isLooking);
  }
});
