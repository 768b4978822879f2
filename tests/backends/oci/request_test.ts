import assert from "node:assert/strict";
import { type Content, formatPath, parseRequest, type RegistryRequest } from "../../../src/backends/oci/request.ts";
import { parseDigest } from "../../../src/digest.ts";
import { hex, sha256, sha512 } from "./fixture.ts";

const digest = parseDigest(sha256);
const none = { registry: null };
const longName = `${"a".repeat(127)}/${"b".repeat(127)}`;

/** Requests that are to be read as they are built. */
const contents: Readonly<Record<string, { path: string; content: Content }>> = {
  "a manifest by tag": {
    path: "/library/ubuntu/manifests/24.04",
    content: { kind: "tagged_manifest", ...none, name: "library/ubuntu", tag: "24.04" },
  },
  "a manifest by digest": {
    path: `/library/ubuntu/manifests/${sha256}`,
    content: { kind: "manifest", ...none, name: "library/ubuntu", digest },
  },
  "a manifest by sha512": {
    path: `/ubuntu/manifests/${sha512}`,
    content: { kind: "manifest", ...none, name: "ubuntu", digest: parseDigest(sha512) },
  },
  "a blob": { path: `/ubuntu/blobs/${sha256}`, content: { kind: "blob", ...none, name: "ubuntu", digest } },
  "tags": { path: "/a/tags/list", content: { kind: "tags", ...none, name: "a", query: "" } },
  "a page of tags": {
    path: "/a/tags/list?n=5&last=v1%2Frc",
    content: { kind: "tags", ...none, name: "a", query: "?n=5&last=v1%2Frc" },
  },
  "referrers": {
    path: `/a/b/referrers/${sha256}?artifactType=application%2Fvnd.x%2Bjson`,
    content: { kind: "referrers", ...none, name: "a/b", digest, query: "?artifactType=application%2Fvnd.x%2Bjson" },
  },
  "an image called manifests/blobs": {
    path: "/manifests/blobs/manifests/latest",
    content: { kind: "tagged_manifest", ...none, name: "manifests/blobs", tag: "latest" },
  },
  "an image called tags/list": {
    path: "/tags/list/tags/list",
    content: { kind: "tags", ...none, name: "tags/list", query: "" },
  },
  "a tag called list": {
    path: "/tags/manifests/list",
    content: { kind: "tagged_manifest", ...none, name: "tags", tag: "list" },
  },
  "an image called v2": {
    path: "/v2/v2/blobs/" + sha256,
    content: { kind: "blob", ...none, name: "v2/v2", digest },
  },
  "a tag that looks like a digest": {
    path: `/a/manifests/sha256-${hex}`,
    content: { kind: "tagged_manifest", ...none, name: "a", tag: `sha256-${hex}` },
  },
  "a deep name with every separator": {
    path: "/a/b.c/d_e/f__g/h--i/j/manifests/_T.a-g",
    content: { kind: "tagged_manifest", ...none, name: "a/b.c/d_e/f__g/h--i/j", tag: "_T.a-g" },
  },
  "the longest name": {
    path: `/${longName}/manifests/x`,
    content: { kind: "tagged_manifest", ...none, name: longName, tag: "x" },
  },
};

for (const [name, { path, content }] of Object.entries(contents)) {
  Deno.test(`read and built back: ${name}`, () => {
    assert.equal(formatPath(content), path);
    assert.deepEqual(parse(path), content);
  });
}

/** Where the registry is named, and what is left as the name of the image. */
const registries = [
  { path: "/ghcr.io/org/app/manifests/1", registry: "ghcr.io", name: "org/app" },
  { path: "/GHCR.io/org/app/manifests/1", registry: "ghcr.io", name: "org/app" },
  { path: "/localhost/app/manifests/1", registry: "localhost", name: "app" },
  { path: "/localhost:5000/app/manifests/1", registry: "localhost:5000", name: "app" },
  { path: "/lan:5000/a/b/c/manifests/1", registry: "lan:5000", name: "a/b/c" },
  { path: "/lan%3A5000/app/manifests/1", registry: "lan:5000", name: "app" },
  { path: "/[fd00::1]:5000/app/manifests/1", registry: "[fd00::1]:5000", name: "app" },
  { path: "/10.0.0.1/app/manifests/1", registry: "10.0.0.1", name: "app" },
  { path: "/my.app/manifests/1", registry: null, name: "my.app" },
  { path: "/localhost/manifests/1", registry: null, name: "localhost" },
  { path: "/org/ghcr.io/app/manifests/1", registry: null, name: "org/ghcr.io/app" },
  { path: "/my_group.x/app/manifests/1", registry: null, name: "my_group.x/app" },
  { path: "/10.0.0.999/app/manifests/1", registry: null, name: "10.0.0.999/app" },
  { path: "/org/app/manifests/1?ns=ghcr.io", registry: "ghcr.io", name: "org/app" },
  { path: "/org/app/manifests/1?ns=Lan:5000", registry: "lan:5000", name: "org/app" },
  { path: "/org/app/manifests/1?ns=my_alias", registry: "my_alias", name: "org/app" },
  { path: "/quay.io/app/manifests/1?ns=ghcr.io", registry: "ghcr.io", name: "quay.io/app" },
  { path: "/org/app/manifests/1?ns=", registry: null, name: "org/app" },
  { path: "/ghcr.io/org/app/manifests/1?ns=ghcr.io", registry: "ghcr.io", name: "org/app" },
  { path: "/lan:5000/app/manifests/1?ns=Lan:5000", registry: "lan:5000", name: "app" },
  {
    path: "/docker.io/library/x/manifests/1?ns=registry-1.docker.io",
    registry: "registry-1.docker.io",
    name: "library/x",
  },
];

for (const { path, registry, name } of registries) {
  Deno.test(`${path} is ${name} of ${registry ?? "no registry in particular"}`, () => {
    assert.deepEqual(parse(path), { kind: "tagged_manifest", registry, name, tag: "1" });
  });
}

Deno.test("the registry in the query is not asked of upstream, everything else in it is", () => {
  const expected = { kind: "tags", registry: "quay.io", name: "a", query: "?n=5&next_page=gA%3D%3D" };
  assert.deepEqual(parse("/a/tags/list?n=5&ns=quay.io&next_page=gA%3D%3D"), expected);
  assert.deepEqual(parse("/a/tags/list?ns=quay.io"), { ...expected, query: "" });
});

Deno.test("the colon of a digest may be encoded", () => {
  assert.deepEqual(parse(`/a/blobs/sha256%3A${hex}`), { kind: "blob", ...none, name: "a", digest });
});

const mistakes: Readonly<Record<string, { path: string; code: string }>> = {
  "capitals in a name": { path: "/Library/ubuntu/manifests/x", code: "NAME_INVALID" },
  "an empty segment": { path: "/a//b/manifests/x", code: "NAME_INVALID" },
  "an empty name": { path: "//manifests/x", code: "NAME_INVALID" },
  "a separator at an end": { path: "/a-/manifests/x", code: "NAME_INVALID" },
  "three underscores": { path: "/a___b/manifests/x", code: "NAME_INVALID" },
  "a name of 256 characters": { path: `/${longName}c/manifests/x`, code: "NAME_INVALID" },
  "a port without a name behind it": { path: "/lan:5000/manifests/x", code: "NAME_INVALID" },
  "a port that is none": { path: "/lan:99999/app/manifests/x", code: "NAME_INVALID" },
  "an escape that is none": { path: "/a%zz/manifests/x", code: "NAME_INVALID" },
  "a registry with a path": { path: "/a/manifests/x?ns=ghcr.io/evil", code: "NAME_INVALID" },
  "a registry with a user": { path: "/a/manifests/x?ns=me@ghcr.io", code: "NAME_INVALID" },
  "a registry that is no address": { path: "/a/manifests/x?ns=10.0.0.999", code: "NAME_INVALID" },
  "a tag that begins with a dot": { path: "/a/manifests/.x", code: "TAG_INVALID" },
  "an empty tag": { path: "/a/manifests/", code: "TAG_INVALID" },
  "a tag of 129 characters": { path: `/a/manifests/${"x".repeat(129)}`, code: "TAG_INVALID" },
  "a digest of another algorithm": { path: `/a/manifests/sha1:${"0".repeat(40)}`, code: "DIGEST_INVALID" },
  "a digest that is too short": { path: "/a/blobs/sha256:0123", code: "DIGEST_INVALID" },
  "a digest in capitals": { path: `/a/blobs/sha256:${hex.toUpperCase()}`, code: "DIGEST_INVALID" },
  "a blob by another name": { path: "/a/blobs/latest", code: "DIGEST_INVALID" },
  "referrers of a tag": { path: "/a/referrers/latest", code: "DIGEST_INVALID" },
};

for (const [name, { path, code }] of Object.entries(mistakes)) {
  Deno.test(`malformed: ${name}`, () => {
    const { kind, ...rest } = parse(path);
    assert.deepEqual([kind, (rest as { code?: string }).code], ["invalid", code]);
  });
}

const unknown = [
  "/_catalog",
  "/a",
  "/a/manifests",
  "/a/blobs/uploads/",
  "/a/blobs/uploads/1",
  "/a/tags/all",
  "/a/b/c/d",
];

for (const path of unknown) {
  Deno.test(`${path} means nothing to a mirror`, () => assert.deepEqual(parse(path), { kind: "unknown" }));
}

Deno.test("the path itself is the check for the API", () => assert.deepEqual(parse("/"), { kind: "ping" }));

function parse(target: string): RegistryRequest {
  const [path = "", query] = target.split("?");
  return parseRequest({ path, query: query === undefined ? "" : `?${query}` });
}
