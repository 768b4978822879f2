import assert from "node:assert/strict";
import { DigestSet } from "../../src/store/digest_set.ts";
import { sha256Of } from "../support/store_fixture.ts";

const digestOf = (seed: number) => sha256Of(new TextEncoder().encode(String(seed)));

Deno.test("a set of digests has what was added, once, and nothing else", () => {
  const set = new DigestSet();
  const digests = Array.from({ length: 30_000 }, (_, seed) => digestOf(seed));
  for (const digest of digests) assert.ok(set.add(digest));
  for (const digest of digests) assert.ok(!set.add(digest));
  assert.equal(set.size, digests.length);
  assert.deepEqual(digests.findIndex((digest, index) => set.indexOf(digest) !== index), -1);
  assert.deepEqual([0, 8191, 8192, 29_999].map((index) => set.at(index)), [0, 8191, 8192, 29_999].map(digestOf));
  for (let seed = 30_000; seed < 40_000; seed++) assert.ok(!set.has(digestOf(seed)));
});

Deno.test("digests that differ in one digit are different ones", () => {
  const set = new DigestSet();
  const digest = digestOf(1);
  set.add(digest);
  for (let at = 0; at < digest.length; at++) {
    const other = digest.slice(0, at) + (digest[at] === "0" ? "1" : "0") + digest.slice(at + 1);
    assert.ok(!set.has(other), `digit ${at}`);
  }
});

Deno.test("a brief set knows what was added, and where, but not the digests themselves", () => {
  const set = new DigestSet({ isBrief: true });
  const digests = Array.from({ length: 20_000 }, (_, seed) => digestOf(seed));
  for (const digest of digests) assert.ok(set.add(digest));
  assert.ok(digests.every((digest, index) => !set.add(digest) && set.indexOf(digest) === index));
  for (let seed = 20_000; seed < 25_000; seed++) assert.ok(!set.has(digestOf(seed)));
  assert.throws(() => set.at(0), TypeError);
});
