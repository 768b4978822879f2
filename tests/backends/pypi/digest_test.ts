import assert from "node:assert/strict";
import { digestOf, formatHash, hashesIn } from "../../../src/backends/pypi/hashes.ts";
import { sha256 } from "./fixture.ts";

const sha512 = "c".repeat(128);
const sha1 = "d".repeat(40);
const md5 = "e".repeat(32);

const digests: Readonly<Record<string, { hashes: Record<string, string>; digest: string | null }>> = {
  "SHA-256 before all": { hashes: { md5, sha512, sha256, sha1 }, digest: `sha256:${sha256}` },
  "then SHA-512": { hashes: { md5, sha1, sha512 }, digest: `sha512:${sha512}` },
  "then SHA-1": { hashes: { md5, sha1 }, digest: `sha1:${sha1}` },
  "then MD5": { hashes: { md5, blake2b: sha512 }, digest: `md5:${md5}` },
  "in capitals": { hashes: { sha256: sha256.toUpperCase() }, digest: `sha256:${sha256}` },
  "an ill-formed one is none": {
    hashes: { sha256: sha256.slice(1), sha512: "x".repeat(128), md5 },
    digest: `md5:${md5}`,
  },
  "none that we know": { hashes: { blake2b: sha512 }, digest: null },
  "none": { hashes: {}, digest: null },
};

for (const [name, { hashes, digest }] of Object.entries(digests)) {
  Deno.test(`what a file is checked against: ${name}`, () => {
    const found = digestOf(hashes);
    assert.equal(found && `${found.algorithm}:${found.hex}`, digest);
  });
}

const texts: Readonly<Record<string, Record<string, string>>> = {
  [`#sha256=${sha256}`]: { sha256 },
  [`sha1=${sha1}`]: { sha1 },
  [`#egg=foo&MD5=${md5.toUpperCase()}`]: { md5 },
  [`#md5=${md5}&sha256=${sha256}`]: { md5, sha256 },
  "#sha384=abc": { sha384: "abc" },
  "#blake2b=abc": {},
  "true": {},
  "": {},
};

for (const [text, hashes] of Object.entries(texts)) {
  Deno.test(`the hashes in "${text.slice(0, 20)}"`, () => assert.deepEqual(hashesIn(text), hashes));
}

Deno.test("of several hashes the one to check by is shown, else any, else none", () => {
  assert.equal(formatHash({ blake2b: "1", sha256 }), `sha256=${sha256}`);
  assert.equal(formatHash({ sha384: "1" }), "sha384=1");
  assert.equal(formatHash({}), null);
});
