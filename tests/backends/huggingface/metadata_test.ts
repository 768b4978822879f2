import assert from "node:assert/strict";
import {
  digestOfEtag,
  type FileMetadata,
  formatMetadata,
  metadataOf,
  parseMetadata,
} from "../../../src/backends/huggingface/file_metadata.ts";

const sha1 = "a".repeat(40);
const sha256 = "b".repeat(64);
const xet = "c".repeat(64);

const answers: [name: string, status: number, headers: Record<string, string>, expected: FileMetadata | null][] = [
  ["a small file", 200, { etag: `"${sha1}"`, "content-length": "7", "content-type": "text/plain", via: "x" }, {
    ...{ sizeBytes: 7, etag: `"${sha1}"`, xetHash: null, headers: [["content-type", "text/plain"]] },
  }],
  ["a redirect to another server", 302, {
    ...{ location: "https://cdn.example/x?Signature=y", "content-length": "3", etag: '"of the redirect"' },
    ...{ "x-linked-etag": `"${sha256}"`, "x-linked-size": "9", "x-xet-hash": xet },
  }, { sizeBytes: 9, etag: `"${sha256}"`, xetHash: xet, headers: [] }],
  ["a weak tag, and no size", 200, { etag: `W/"${sha1}"` }, {
    ...{ sizeBytes: null, etag: `"${sha1}"`, xetHash: null, headers: [] },
  }],
  ["a length of 0, which may be a proxy's", 200, { etag: `"${sha1}"`, "content-length": "0" }, {
    ...{ sizeBytes: null, etag: `"${sha1}"`, xetHash: null, headers: [] },
  }],
  ["a file that is not there", 404, { "x-error-code": "EntryNotFound", "x-error-message": "No" }, null],
  ["a revision that is not there", 404, { "x-error-code": "RevisionNotFound" }, null],
  ["a 404 of whoever", 404, {}, null],
  ["a gate", 403, { "x-error-code": "GatedRepo" }, null],
  ["a redirect to nowhere", 302, {}, null],
  ["an outage", 503, {}, null],
];

for (const [name, status, headers, expected] of answers) {
  Deno.test(`HEAD: ${name}`, () => {
    const metadata = metadataOf({ status, headers: new Headers(headers) });
    assert.deepEqual(metadata, expected);
    if (metadata !== null) {
      assert.deepEqual(parseMetadata(new TextEncoder().encode(formatMetadata(metadata))), metadata);
    }
  });
}

const file = { kind: "file", sizeBytes: 7, etag: `"${sha1}"`, xetHash: null, headers: [] };
const hostile: unknown[] = [
  ...[null, [], "file", { kind: "other" }, { ...file, kind: "absent" }, { ...file, kind: undefined }],
  ...[{ ...file, sizeBytes: "7" }, { ...file, sizeBytes: 1.5 }, { ...file, etag: '"x\r\nset-cookie: a=b"' }],
  ...[{ ...file, xetHash: "../../x" }, { ...file, headers: {} }, { ...file, headers: ["content-type"] }],
  ...[{ ...file, headers: [["set-cookie", "a=b"]] }, { ...file, headers: [["content-type", "a\r\nb: c"]] }],
  ...[{ ...file, headers: [["content-type", "a", "b"]] }, { ...file, headers: [["location", "https://x.example"]] }],
];

Deno.test("metadata that came from elsewhere is believed in no other form", () => {
  for (const value of hostile) {
    assert.equal(parseMetadata(new TextEncoder().encode(JSON.stringify(value))), null, JSON.stringify(value));
  }
  assert.equal(parseMetadata(new TextEncoder().encode("{")), null);
});

Deno.test("an ETag of the Hub is a digest where it is one", () => {
  assert.deepEqual(digestOfEtag(`"${sha256}"`, null), { algorithm: "sha256", hex: sha256 });
  assert.deepEqual(digestOfEtag(sha1, 5), { algorithm: "git_blob_5", hex: sha1 });
  for (const etag of [null, "", '"1"', `"${sha1}-2"`, `"${sha256}0"`, '"abc-def"']) {
    assert.equal(digestOfEtag(etag, 5), null);
  }
  assert.equal(digestOfEtag(`"${sha1}"`, null), null, "git's name needs the size");
});
