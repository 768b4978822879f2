import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { digestOf } from "../../../src/backends/npm/integrity.ts";

const bytes = "tarball";
const hex = (algorithm: string) => createHash(algorithm).update(bytes).digest("hex");
const sri = (algorithm: string) => `${algorithm}-${createHash(algorithm).update(bytes).digest("base64")}`;

const cases: readonly [name: string, integrity: string | null, shasum: string | null, expected: string | null][] = [
  ["the SHA-512", sri("sha512"), hex("sha1"), "sha512"],
  ["the best of several", `${sri("sha1")} ${sri("sha512")} ${sri("sha256")}`, null, "sha512"],
  ["with options behind it", `${sri("sha512")}?x`, null, "sha512"],
  ["a SHA-1 in the form of integrity", sri("sha1"), null, "sha1"],
  ["the shasum alone", null, hex("sha1").toUpperCase(), "sha1"],
  ["the shasum, where integrity has an algorithm that is not checked", sri("sha384"), hex("sha1"), "sha1"],
  ["the shasum, where integrity is cut short", sri("sha512").slice(0, 40), hex("sha1"), "sha1"],
  ["nothing, where there is neither", null, null, null],
  ["nothing, where both are nonsense", "sha512", "abc", null],
];

for (const [name, integrity, shasum, algorithm] of cases) {
  Deno.test(`the digest of a tarball is ${name}`, () => {
    const expected = algorithm === null ? null : { algorithm, hex: hex(algorithm) };
    assert.deepEqual(digestOf(integrity, shasum), expected);
  });
}
