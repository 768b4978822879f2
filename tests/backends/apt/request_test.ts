import assert from "node:assert/strict";
import {
  ancestorsOf,
  byHashPath,
  encodePath,
  parseRequest,
  pathBelow,
  type RepositoryRequest,
  splitPath,
} from "../../../src/backends/apt/request.ts";
import type { Digest } from "../../../src/digest.ts";

const sha256: Digest = { algorithm: "sha256", hex: "0123456789abcdef".repeat(4) };
const digests: Readonly<Record<string, Digest>> = {
  MD5Sum: { algorithm: "md5", hex: "a".repeat(32) },
  SHA1: { algorithm: "sha1", hex: "b".repeat(40) },
  SHA256: sha256,
  SHA512: { algorithm: "sha512", hex: "c".repeat(128) },
};

const binary = "/dists/bookworm/main/binary-amd64";
/** `path` is as asked for where it is left out. */
const requests: Readonly<Record<string, RepositoryRequest>> = {
  "/dists/bookworm/InRelease": { kind: "release", path: "", suite: "/dists/bookworm", name: "InRelease" },
  "/dists/stable/updates/Release.gpg": {
    kind: "release",
    path: "",
    suite: "/dists/stable/updates",
    name: "Release.gpg",
  },
  "/Release": { kind: "release", path: "", suite: "", name: "Release" },
  [`${binary}/Release`]: { kind: "release", path: "", suite: binary, name: "Release" },
  "/dists/bookworm/Release.xz": { kind: "other", path: "" },
  ...Object.fromEntries(
    Object.entries(digests).map(([name, digest]) => [
      `${binary}/by-hash/${name}/${digest.hex}`,
      { kind: "by_hash", path: "", folder: binary, digest },
    ]),
  ),
  [`/by-hash/SHA256/${sha256.hex}`]: { kind: "by_hash", path: "", folder: "", digest: sha256 },
  [`${binary}/by-hash/sha256/${sha256.hex}`]: { kind: "other", path: "" },
  [`${binary}/by-hash/SHA512/${sha256.hex}`]: { kind: "other", path: "" },
  [`${binary}/by-hash/SHA256/${sha256.hex.toUpperCase()}`]: { kind: "other", path: "" },
  [`${binary}/by-hash/SHA256/`]: { kind: "other", path: "" },
  [`/x-by-hash/SHA256/${sha256.hex}`]: { kind: "other", path: "" },
  [`${binary}/Packages.diff/Index`]: { kind: "other", path: "" },
  [`${binary}/Packages.diff/2026-05-20-1403.49.gz`]: {
    kind: "patch",
    path: "",
    index: `${binary}/Packages.diff/Index`,
    name: "2026-05-20-1403.49.gz",
  },
  [`${binary}/Packages.diff/by-hash/SHA256/${sha256.hex}`]: {
    kind: "by_hash",
    path: "",
    folder: `${binary}/Packages.diff`,
    digest: sha256,
  },
  [`${binary}/Packages.xz`]: { kind: "other", path: "" },
  "/pool/main/a/apt/apt_2.6.1_amd64.deb": { kind: "package", path: "", versioned: true },
  "/dists/bookworm/pool/stable/amd64/docker-ce_24.0.7-1~debian.12~bookworm_amd64.deb": {
    kind: "package",
    path: "",
    versioned: true,
  },
  "/pool/main/g/gcc-12/libstdc%2b%2b6_12.2.0-14_amd64.deb": {
    kind: "package",
    path: "/pool/main/g/gcc-12/libstdc++6_12.2.0-14_amd64.deb",
    versioned: true,
  },
  "/pool/a_1%3a2.0_all.udeb": { kind: "package", path: "/pool/a_1:2.0_all.udeb", versioned: true },
  "/pool/a_1%253a2.0_all.deb": { kind: "package", path: "/pool/a_1%3a2.0_all.deb", versioned: true },
  "/broken_1%zz.deb": { kind: "package", path: "/broken_1%zz.deb", versioned: false },
  "/ddebs/a-dbgsym_1_amd64.ddeb": { kind: "package", path: "", versioned: true },
  "/pool/a/apt_2.6.1.dsc": { kind: "package", path: "", versioned: true },
  "/pool/a/apt_2.6.1.tar.xz": { kind: "package", path: "", versioned: true },
  "/pool/a/a_1.orig.tar.gz": { kind: "package", path: "", versioned: true },
  "/pool/a/a_1.orig.tar.gz.asc": { kind: "package", path: "", versioned: true },
  "/pool/a/a_1.orig-docs.tar.bz2": { kind: "package", path: "", versioned: true },
  "/pool/a/a_1-2.debian.tar.xz": { kind: "package", path: "", versioned: true },
  "/pool/a/a_1-2.diff.gz": { kind: "package", path: "", versioned: true },
  "/pool/a/a_1-2_amd64.changes": { kind: "package", path: "", versioned: true },
  "/pool/a/a_1-2_amd64.buildinfo": { kind: "package", path: "", versioned: true },
  "/dists/bookworm/main/dep11/icons-64x64.tar.gz": { kind: "other", path: "" },
  "/dists/bookworm/main/installer-amd64/current/images/netboot/netboot.tar.gz": { kind: "other", path: "" },
  "/linux/direct/google-chrome-stable_current_amd64.deb": {
    kind: "package",
    path: "/linux/direct/google-chrome-stable_current_amd64.deb",
    versioned: false,
  },
  "/tools/tool_amd64.deb": { kind: "package", path: "", versioned: false },
  "/tools/tool.deb": { kind: "package", path: "", versioned: false },
  "/latest.deb": { kind: "package", path: "", versioned: false },
  "/pool/a_1_amd64.deb/": { kind: "other", path: "" },
  "/": { kind: "other", path: "" },
};
for (const [path, request] of Object.entries(requests)) {
  Deno.test(`what ${path} means`, () => {
    assert.deepEqual(parseRequest(path), { ...request, path: request.path || path });
  });
}

Deno.test("by-hash paths are read as they are built", () => {
  for (const folder of ["", "/dists/x/main/source"]) {
    for (const digest of Object.values(digests)) {
      const path = byHashPath(folder, digest);
      assert.deepEqual(parseRequest(path), { kind: "by_hash", path, folder, digest });
    }
  }
});

Deno.test("the ancestors of a path, from the deepest to the root", () => {
  assert.deepEqual(ancestorsOf("/dists/x/main/Packages"), ["/dists/x/main", "/dists/x", "/dists", ""]);
  assert.deepEqual(ancestorsOf("/Packages"), [""]);
  assert.deepEqual(ancestorsOf(""), []);
});

Deno.test("a path's parts", () => {
  assert.deepEqual(splitPath("/dists/x/Release"), { folder: "/dists/x", name: "Release" });
  assert.deepEqual(splitPath("/Release"), { folder: "", name: "Release" });
  assert.equal(pathBelow("/dists/x", "/dists/x/main/Packages"), "main/Packages");
  assert.equal(pathBelow("", "/Packages"), "Packages");
});

Deno.test("what is written into a URL is read as it was", () => {
  for (const path of ["/pool/libstdc++6_1:2~rc1_a.deb", "/a b/ü", "/100%/x?y#z", "/a%2fb", "/[x]@y=z&w"]) {
    const encoded = encodePath(path);
    assert.equal(new URL(encoded, "http://h").pathname, encoded);
    assert.equal(parseRequest(encoded).path, path);
  }
  assert.equal(encodePath("/pool/libstdc++6_1~rc1_a.deb"), "/pool/libstdc%2B%2B6_1~rc1_a.deb");
});
