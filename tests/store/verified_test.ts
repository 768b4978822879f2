import assert from "node:assert/strict";
import { smallBodyBytes } from "../../src/store/blobs.ts";
import type { Entry, UnverifiedBody } from "../../src/store/store.ts";
import { copyInPlace, flipBit } from "../support/carry.ts";
import {
  bytesOf,
  createRecordingLog,
  entryOf,
  selectorOf,
  sha256Of,
  StoreFixture,
  type StoreFixtureOptions,
} from "../support/store_fixture.ts";

const selector = selectorOf("/a");
const body = bytesOf("a", smallBodyBytes + 1);
const sha256 = sha256Of(body);
const wrong = "0".repeat(64);

/** What is to be verified of the body that answers `/a`; null where it has been, or cannot be opened. */
function unverified(fixture: StoreFixture, entry = fixture.store.find(selector)!): UnverifiedBody | null {
  const opened = fixture.store.openBody(entry);
  if (opened?.kind !== "file") return null;
  opened.file.close();
  return opened.unverified;
}

async function carried(options: StoreFixtureOptions = {}): Promise<StoreFixture> {
  const fixture = new StoreFixture(options);
  await fixture.put(selector, body);
  await copyInPlace(fixture.blobPath(sha256));
  await fixture.restart();
  return fixture;
}

Deno.test("a large body that was stored here is not verified again, also after a restart and when it was used", async () => {
  await using fixture = new StoreFixture();
  const entry = await fixture.put(selector, body);
  assert.equal(unverified(fixture, entry), null);
  await fixture.restart();
  assert.equal(unverified(fixture), null);
  await fixture.restart();
  assert.equal(unverified(fixture), null);
});

Deno.test("a body that was copied to its place is verified once, and not after a restart", async () => {
  await using fixture = await carried();
  const found = unverified(fixture);
  assert.deepEqual([found?.sha256, found?.sizeBytes, found?.path], [sha256, body.length, fixture.blobPath(sha256)]);
  assert.ok(unverified(fixture), "nobody has said yet what is in it");
  assert.equal(found!.settle(sha256), true);
  assert.equal(unverified(fixture), null);
  await fixture.restart();
  assert.equal(unverified(fixture), null);
});

Deno.test("each selection of what varies is noted, so that none is verified after a restart", async () => {
  await using fixture = new StoreFixture();
  const inFrench = selectorOf("/a", [["accept-language", "fr"]]);
  const entry = await fixture.put(inFrench, body, { selectedBy: [["accept-language", "fr"]] });
  await copyInPlace(fixture.blobPath(sha256));
  await fixture.restart();
  assert.equal(unverified(fixture, entry)!.settle(sha256), true);
  await fixture.restart();
  await fixture.put(selectorOf("/a", [["accept-language", "de"]]), bytesOf("b"), {
    selectedBy: [["accept-language", "de"]],
  });
  assert.equal(unverified(fixture, fixture.store.find(inFrench)!), null);
});

Deno.test("a body that somebody wrote to is verified again, as is one whose entry says nothing", async () => {
  await using fixture = new StoreFixture();
  const entry = await fixture.put(selector, body);
  await fixture.restartAfter(() => Deno.writeFileSync(fixture.blobPath(sha256), body));
  assert.ok(unverified(fixture));
  assert.ok(unverified(fixture, entry), "as versions wrote it that knew no such note");
});

Deno.test("a body that is verified under one key is known under others, which note it when they are written", async () => {
  await using fixture = await carried();
  unverified(fixture)!.settle(sha256);
  const other: Entry = entryOf(selectorOf("/b"), body);
  assert.equal(unverified(fixture, other), null);
  await fixture.store.putEntry(other);
  await fixture.restart();
  assert.equal(unverified(fixture, fixture.store.find(selectorOf("/b"))!), null);
});

Deno.test("a body with other bytes is removed, counted and a miss, and can be kept again", async () => {
  const log = createRecordingLog();
  let damaged = 0;
  await using fixture = await carried({ log, events: { bodyDamaged: () => void damaged++ } });
  const entry = fixture.store.find(selector)!;
  const found = unverified(fixture)!;
  assert.equal(found.settle(wrong), false);
  assert.deepEqual([fixture.store.hasBody(entry), fixture.store.openBody(entry)], [false, null]);
  assert.equal(found.settle(wrong), false, "said twice, it is removed once");
  assert.equal(damaged, 1);
  await fixture.put(selector, body);
  assert.deepEqual(log.lines, [
    "WARNING Removed a damaged body from the cache: its content was wrong. It is fetched again when asked for",
  ]);
  assert.equal(unverified(fixture), null);
  assert.deepEqual(fixture.read(selector), body);
});

Deno.test("offline a body with other bytes stays and is a miss, until another file is in its place", async () => {
  const log = createRecordingLog();
  await using fixture = await carried({ log });
  await flipBit(fixture.blobPath(sha256), 5);
  await fixture.restart({ offline: true });
  const entry = fixture.store.find(selector)!;
  assert.equal(unverified(fixture)!.settle(wrong), false);
  assert.deepEqual([fixture.store.hasBody(entry), fixture.store.openBody(entry)], [false, null]);
  assert.equal(log.lines.length, 1);
  assert.match(log.lines[0]!, /its content is wrong, and offline it stays/);
  await copyInPlace(fixture.blobPath(sha256));
  assert.ok(unverified(fixture));
});

Deno.test("what was found in a file that is not there any more says nothing of the one that is", async () => {
  await using fixture = await carried();
  const [sound, damaged] = [unverified(fixture)!, unverified(fixture)!];
  await fixture.put(selector, body);
  assert.equal(damaged.settle(wrong), false);
  assert.deepEqual(fixture.read(selector), body);
  await copyInPlace(fixture.blobPath(sha256));
  assert.equal(sound.settle(sha256), true);
  assert.ok(unverified(fixture));
});

Deno.test("an entry that is replaced while its body is noted as verified stays replaced", async () => {
  await using fixture = await carried();
  const entry = fixture.store.find(selector)!;
  unverified(fixture)!.settle(sha256);
  await fixture.store.putEntry({ ...entry, validatedAt: entry.validatedAt + 1 });
  await fixture.restart();
  assert.equal(fixture.store.find(selector)?.validatedAt, entry.validatedAt + 1);
  assert.equal(unverified(fixture), null);
});

Deno.test("on a medium that cannot be written to, a body is verified once for each start", async () => {
  await using fixture = await carried();
  await fixture.restart({ offline: true });
  const staging = `${fixture.root}/staging`;
  await Deno.remove(staging, { recursive: true });
  await Deno.writeTextFile(staging, "nothing can be written below a file");
  unverified(fixture)!.settle(sha256);
  assert.equal(unverified(fixture), null);
  await fixture.restart({ offline: true });
  assert.ok(unverified(fixture));
  await Deno.remove(staging);
});
