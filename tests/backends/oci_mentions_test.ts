import assert from "node:assert/strict";
import { mentionsOf } from "../../src/backends/oci_mentions.ts";
import { hex, sha256, sha512 } from "./oci_fixture.ts";

const oci = "application/vnd.oci.image.manifest.v1+json";
const docker = "application/vnd.docker.distribution.manifest.v2+json";
const index = "application/vnd.oci.image.index.v1+json";
const ownHex = "f".repeat(64);
const own = `/r/app/manifests/sha256:${ownHex}`;

function digestOf(n: number): string {
  return `sha256:${n.toString(16).padStart(64, "0")}`;
}

function layer(n: number): Record<string, unknown> {
  return { mediaType: "application/vnd.oci.image.layer.v1.tar+zstd", digest: digestOf(n), size: n };
}

function keysIn(document: unknown, type: string): string[] {
  const bytes = new TextEncoder().encode(typeof document === "string" ? document : JSON.stringify(document));
  return mentionsOf({ bytes, sha256: ownHex, headers: [["content-type", type]] }, "/r/app", true).map(({ key }) => key);
}

Deno.test("an image shows itself, its config and its layers to be in the repository, each with size and type", () => {
  const bytes = new TextEncoder().encode(JSON.stringify({ config: layer(1), layers: [layer(2), layer(3)] }));
  const headers = [["content-type", `${oci}; charset=utf-8`], ["etag", '"1"']] as const;
  const blob = (n: number) => ({
    key: `/r/app/blobs/${digestOf(n)}`,
    sha256: digestOf(n).slice("sha256:".length),
    sizeBytes: n,
    headers: [["content-type", "application/octet-stream"]],
  });
  assert.deepEqual(mentionsOf({ bytes, sha256: ownHex, headers }, "/r/app", true), [
    { key: own, sha256: ownHex, sizeBytes: bytes.byteLength, headers: [headers[0]] },
    blob(1),
    blob(2),
    blob(3),
  ]);
});

const others: Readonly<Record<string, { document: unknown; type: string }>> = {
  "an index, whose manifests need not be in the repository": {
    document: { manifests: [{ mediaType: oci, digest: sha256, size: 5 }] },
    type: index,
  },
  "a subject, which need not be in the repository": {
    document: { subject: { mediaType: oci, digest: sha256, size: 5 }, layers: [] },
    type: oci,
  },
  "a type of which registries may check nothing": { document: { config: layer(1), layers: [layer(2)] }, type: "a/b" },
  "what is no JSON": { document: "{", type: oci },
  "what is no object": { document: "null", type: oci },
  "layers that are no list": { document: { layers: { 0: layer(1) } }, type: docker },
};

for (const [name, { document, type }] of Object.entries(others)) {
  Deno.test(`shows nothing but itself: ${name}`, () => assert.deepEqual(keysIn(document, type), [own]));
}

const passedOver: Readonly<Record<string, unknown>> = {
  "to be had elsewhere": { ...layer(1), urls: ["https://elsewhere.example/layer"] },
  "of a foreign type": { ...layer(1), mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip" },
  "not to be distributed": { ...layer(1), mediaType: "application/vnd.oci.image.layer.nondistributable.v1.tar" },
  "by sha512": { ...layer(1), digest: sha512 },
  "by no digest": { ...layer(1), digest: `../${hex}` },
  "without a size": { digest: sha256 },
  "of a negative size": { ...layer(1), size: -1 },
  "of half a size": { ...layer(1), size: 1.5 },
  "of a size in words": { ...layer(1), size: "1" },
  "null": null,
  "a text": "layer",
};

for (const [name, descriptor] of Object.entries(passedOver)) {
  Deno.test(`a layer that shows nothing: ${name}`, () => {
    assert.deepEqual(keysIn({ layers: [descriptor, layer(7)] }, docker), [own, `/r/app/blobs/${digestOf(7)}`]);
  });
}

Deno.test("the same layer twice is mentioned once, and there is a limit", () => {
  assert.equal(keysIn({ layers: [layer(1), layer(1)] }, oci).length, 2);
  assert.equal(keysIn({ layers: Array.from({ length: 5000 }, (_, n) => layer(n)) }, oci).length, 1000);
});

Deno.test("a registry that nobody has configured shows only what it has sent", () => {
  const layer = { digest: `sha256:${"b".repeat(64)}`, size: 3, mediaType: "application/vnd.oci.image.layer.v1.tar" };
  const bytes = new TextEncoder().encode(JSON.stringify({ config: layer, layers: [layer] }));
  const headers = [["content-type", "application/vnd.oci.image.manifest.v1+json"]] as const;
  const keysOf = (trusted: boolean) =>
    mentionsOf({ bytes, sha256: ownHex, headers }, "/r/app", trusted).map(({ key }) => key);
  assert.deepEqual(keysOf(false), [`/r/app/manifests/sha256:${ownHex}`]);
  assert.deepEqual(keysOf(true), [`/r/app/manifests/sha256:${ownHex}`, `/r/app/blobs/${layer.digest}`]);
});
