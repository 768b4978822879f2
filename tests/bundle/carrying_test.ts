import assert from "node:assert/strict";
import { carrying as apt } from "../../src/backends/apt/carrying.ts";
import { carrying as oci } from "../../src/backends/oci/carrying.ts";
import { carrying as pypi } from "../../src/backends/pypi/carrying.ts";
import { sha256Of } from "../support/store_fixture.ts";

const sha256 = "a".repeat(64);

const names: [key: string, type: string, url: string, names: string[]][] = [
  ["/@default/library/alpine/manifests/3.20", "dockerhub", "https://mirror.example.com/v2/x", [
    "docker.io/library/alpine:3.20",
  ]],
  ["/@default/library/alpine/manifests/3.20?only=docker,oci", "dockerhub", "https://m.example.com/", [
    "docker.io/library/alpine:3.20",
  ]],
  ["/@default/org/app/manifests/v1", "oci", "https://r.example.com:5000/v2/org/app", ["r.example.com:5000/org/app:v1"]],
  ["/ghcr.io/org/app/manifests/v1", "dockerhub", "https://ghcr.io/v2/", ["ghcr.io/org/app:v1"]],
  ["/registry-1.docker.io/library/x/manifests/1", "oci", "https://a.example.com/", ["docker.io/library/x:1"]],
  [`/@default/org/app/manifests/sha256:${sha256}`, "oci", "https://r.example.com/", []],
  [`/@default/org/app/blobs/sha256:${sha256}`, "oci", "https://r.example.com/", []],
  ["/@default/org/app/tags/list", "oci", "https://r.example.com/", []],
];

for (const [key, type, url, wanted] of names) {
  Deno.test(`names of images: ${type} ${key} at ${url}`, () => {
    assert.deepEqual(oci.imageNames?.({ key, url, headers: [] }, type), wanted);
  });
}

const roots: [what: string, isRoot: typeof oci.isRoot, key: string, wanted: boolean][] = [
  ["a tag", oci.isRoot, "/@default/org/app/manifests/v1", true],
  ["a list of tags", oci.isRoot, "/@default/org/app/tags/list?n=10", true],
  ["referrers", oci.isRoot, `/@default/org/app/referrers/sha256:${sha256}`, true],
  ["a manifest by its digest", oci.isRoot, `/@default/org/app/manifests/sha256:${sha256}`, false],
  ["a blob", oci.isRoot, `/@default/org/app/blobs/sha256:${sha256}`, false],
  ["the page of a project", pypi.isRoot, "/simple/requests/", true],
  ["a wheel", pypi.isRoot, "/files/https/f.example.com/requests-1-py3-none-any.whl", false],
  ["metadata of a wheel", pypi.isRoot, "/files/https/f.example.com/requests-1-py3-none-any.whl.metadata", false],
  ["a source archive", pypi.isRoot, "/files/https/f.example.com/requests-1.tar.gz", false],
  ["an adopted release", apt.isRoot, "/;releases/dists/stable/InRelease", true],
  ["the latest release", apt.isRoot, "/dists/stable/InRelease;latest", true],
  ["the signature of a release", apt.isRoot, `/dists/stable/Release.gpg;of=${sha256}`, true],
  ["a list of packages", apt.isRoot, `/dists/stable/main/binary-amd64/by-hash/SHA256/${sha256}`, false],
  ["a package", apt.isRoot, "/pool/main/f/foo/foo_1_amd64.deb", false],
];

for (const [what, isRoot, key, wanted] of roots) {
  Deno.test(`${what} is ${wanted ? "" : "not "}written after everything else`, () => {
    assert.equal(isRoot?.({ key, url: "https://up.example.com/", headers: [] }), wanted);
  });
}

Deno.test("of an index, the parts are those of the platform of this machine, or else of one that is cached", () => {
  const blobs = new Map<string, Uint8Array>();
  const put = (value: unknown) => {
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    blobs.set(sha256Of(bytes), bytes);
    return sha256Of(bytes);
  };
  const read = (sha256: string) => blobs.get(sha256) ?? null;
  const image = (seed: string) => {
    const parts = [`${seed}1`, `${seed}2`].map((one) => one.repeat(32));
    const [config, layer] = parts.map((one) => ({ digest: `sha256:${one}` }));
    return { parts, sha256: put({ config, layers: [layer] }) };
  };
  const own = Deno.build.arch === "aarch64" ? "arm64" : "amd64";
  const [first, second] = [image("a"), image("b")];
  const index = (...platforms: readonly (readonly [string, string])[]) =>
    put({
      manifests: platforms.map(([architecture, sha256]) => (
        { digest: `sha256:${sha256}`, platform: { os: "linux", architecture } }
      )),
    });
  assert.deepEqual(oci.imageParts?.(index(["s390x", first.sha256], [own, second.sha256]), read), second.parts);
  assert.deepEqual(oci.imageParts?.(index(["s390x", first.sha256], [own, "c".repeat(64)]), read), first.parts);
  assert.deepEqual(oci.imageParts?.(index(["s390x", "c".repeat(64)]), read), []);
  assert.deepEqual(oci.imageParts?.(first.sha256, read), first.parts);
  assert.deepEqual(oci.imageParts?.(put({ any: "thing" }), read), []);
});
