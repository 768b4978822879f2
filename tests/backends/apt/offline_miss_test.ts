import assert from "node:assert/strict";
import { offlineMiss } from "../../../src/backends/apt/offline_miss.ts";

const byHash = `by-hash/SHA256/${"a".repeat(64)}`;

const lines: readonly (readonly [path: string, line: string | null])[] = [
  ["/dists/bookworm/main/binary-amd64/Packages.xz", "apt:debian/bookworm/main arch=amd64"],
  [`/dists/bookworm-security/main/binary-all/${byHash}`, "apt:debian/bookworm-security/main arch=all"],
  ["/dists/stable/updates/contrib/binary-arm64/Packages", "apt:debian/stable/updates/contrib arch=arm64"],
  [`/dists/bookworm/main/i18n/${byHash}`, "apt:debian/bookworm/main"],
  ["/dists/bookworm/main/i18n/Translation-en.bz2", "apt:debian/bookworm/main"],
  ["/dists/bookworm/main/debian-installer/binary-amd64/Packages.gz", null],
  ["/dists/bookworm/InRelease", "apt:debian/bookworm/*"],
  ["/dists/stable/updates/Release", "apt:debian/stable/updates/*"],
  ["/dists/bookworm/Release.gpg", "apt:debian/bookworm/*"],
  ["/flat/folder/InRelease", "apt:debian/flat/folder/"],
  ["/InRelease", "apt:debian/"],
  ["/dists/InRelease", null],
  ["/other/dists/bookworm/InRelease", null],
  ["/dists/bookworm/main/Contents-amd64.gz", null],
  ["/pool/main/c/curl/curl_7.88.1-10_amd64.deb", null],
  ["/dists/a%20b/main/binary-amd64/Packages", null],
];

for (const [path, line] of lines) {
  Deno.test(`offline, ${path} is missed as ${line ?? "its path"}`, () => {
    assert.deepEqual(offlineMiss(path, "debian"), { status: 404, line });
  });
}
