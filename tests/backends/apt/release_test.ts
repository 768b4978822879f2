import assert from "node:assert/strict";
import { parseRelease, releaseOf } from "../../../src/backends/apt/release.ts";
import type { Digest } from "../../../src/digest.ts";

const hexLengths = { md5: 32, sha1: 40, sha256: 64, sha512: 128 } as const;
type Algorithm = keyof typeof hexLengths;

function digest(algorithm: Algorithm, character: string): Digest {
  return { algorithm, hex: character.repeat(hexLengths[algorithm]) };
}

function line(algorithm: Algorithm, character: string, path: string, sizeBytes = 10): string {
  return ` ${digest(algorithm, character).hex} ${String(sizeBytes).padStart(16)} ${path}\n`;
}

function parse(text: string) {
  return releaseOf(parseRelease(new TextEncoder().encode(text)));
}

function sign(text: string): string {
  const escaped = text.replace(/^-/gm, "- -");
  return `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\nHash: SHA512\n\n${escaped}` +
    "-----BEGIN PGP SIGNATURE-----\n\niQIzBAEBCAAdFiEE\n=abcd\n-----END PGP SIGNATURE-----\n";
}

const packages = "main/binary-amd64/Packages";
const text = "Origin: Debian\nSuite: stable\nDate: Sat, 10 Jun 2023 08:53:33 UTC\nAcquire-By-Hash: yes\n" +
  `MD5Sum:\n${line("md5", "1", packages)}${line("md5", "2", `${packages}.xz`, 20)}` +
  `SHA256:\n${line("sha256", "a", packages)}${line("sha256", "b", `${packages}.xz`, 20)}`;

for (const [name, signed] of Object.entries({ "a Release file": text, "an InRelease file": sign(text) })) {
  Deno.test(`${name}: date, by-hash and files with all their digests, the strongest first`, () => {
    const release = parse(signed);
    assert.equal(release.dateMs, Date.UTC(2023, 5, 10, 8, 53, 33));
    assert.equal(release.acquireByHash, true);
    assert.deepEqual([...release.files.keys()], [packages, `${packages}.xz`]);
    assert.equal(release.files.size, 2);
    assert.deepEqual(release.files.get(`${packages}.xz`), {
      path: `${packages}.xz`,
      sizeBytes: 20,
      digest: digest("sha256", "b"),
      digests: [digest("sha256", "b"), digest("md5", "2")],
    });
    assert.equal(release.files.get("main/binary-amd64/Packages.gz"), undefined);
  });
}

Deno.test("an algorithm's strength counts, not its place; a file may be missing in some", () => {
  const { files } = parse(
    `MD5Sum:\n${line("md5", "1", "weak")}${line("md5", "1", "strong")}` +
      `SHA512:\n${line("sha512", "5", "strong")}SHA1:\n${line("sha1", "3", "weak")}`,
  );
  assert.deepEqual(files.get("strong")?.digests, [digest("sha512", "5"), digest("md5", "1")]);
  assert.deepEqual(files.get("weak")?.digest, digest("sha1", "3"));
});

Deno.test("files are found by any of their digests, also where several are the same", () => {
  const { files } = parse(
    `SHA1:\n${line("sha1", "c", "a")}SHA256:\n${line("sha256", "a", "a")}${line("sha256", "b", "b")}` +
      line("sha256", "a", "c"),
  );
  assert.deepEqual(files.pathsOf(digest("sha256", "a")), ["a", "c"]);
  assert.deepEqual(files.pathsOf(digest("sha256", "b")), ["b"]);
  assert.deepEqual(files.pathsOf(digest("sha1", "c")), ["a"]);
  assert.deepEqual(files.pathsOf(digest("sha256", "c")), []);
  assert.deepEqual(files.pathsOf(digest("sha512", "a")), []);
  assert.deepEqual(files.pathsOf(digest("sha1", "0")), []);
});

Deno.test("bytes that begin in one digest and end in the next are no digest", () => {
  const first = "1".repeat(62) + "22";
  const second = "2".repeat(62) + "33";
  const { files } = parse(`SHA256:\n ${first} 1 a\n ${second} 1 b\n`);
  assert.deepEqual(files.pathsOf({ algorithm: "sha256", hex: "2".repeat(64) }), []);
  assert.deepEqual(files.pathsOf({ algorithm: "sha256", hex: second }), ["b"]);
});

Deno.test("of a file that is listed twice the first line counts, as for apt", () => {
  const { files } = parse(`SHA256:\n${line("sha256", "a", "x", 1)}${line("sha256", "b", "./x", 2)}`);
  assert.deepEqual(files.get("x")?.digests, [digest("sha256", "a")]);
  assert.equal(files.get("x")?.sizeBytes, 1);
  assert.deepEqual(files.pathsOf(digest("sha256", "b")), []);
});

Deno.test("what stands outside of the signed part does not count, and escaped dashes are none", () => {
  const inner = `Suite: x\nSHA256:\n${line("sha256", "a", "-----BEGIN")}- ignored\n${line("sha256", "b", "y")}`;
  const release = parse(`Acquire-By-Hash: yes\nSHA1:\n${line("sha1", "1", "before")}\n${sign(inner)}Date: x\n`);
  assert.deepEqual([...release.files.keys()], ["-----BEGIN"]);
  assert.equal(release.acquireByHash, false);
  const dashed = sign(`-dashed: 1\nSHA256:\n${line("sha256", "a", "x")}`);
  assert.match(dashed, /^- -dashed: 1$/m);
  assert.deepEqual([...parse(dashed).files.keys()], ["x"]);
});

Deno.test("line ends of Windows, comments, other cases of names, odd spaces", () => {
  const odd = `# made by hand\ndate: Sat, 10 Jun 2023 08:53:33 UTC\nsha256:\n${line("sha256", "a", "x")}` +
    `\t${"B".repeat(64)}\t3\ty  \n# the end\n${line("sha256", "c", "z")}`;
  for (const release of [parse(odd), parse(odd.replaceAll("\n", "\r\n")), parse(sign(odd).replaceAll("\n", "\r\n"))]) {
    assert.deepEqual([...release.files.keys()], ["x", "y", "z"]);
    assert.deepEqual(release.files.get("y")?.digest, digest("sha256", "b"));
    assert.notEqual(release.dateMs, null);
  }
});

Deno.test("flat repositories: paths may begin with ./", () => {
  const { files } = parse(`SHA256:\n${line("sha256", "a", "./Packages")}${line("sha256", "b", "amd64/./Packages.gz")}`);
  assert.deepEqual([...files.keys()], ["Packages", "amd64/Packages.gz"]);
  assert.equal(files.get("amd64/Packages.gz")?.digest.hex, digest("sha256", "b").hex);
});

const dates: Readonly<Record<string, number | null>> = {
  "Sat, 10 Jun 2023 08:53:33 UTC": Date.UTC(2023, 5, 10, 8, 53, 33),
  "Sat,  3 Jun 2023 08:53:33 UTC": Date.UTC(2023, 5, 3, 8, 53, 33),
  "Sat, 3 Jun 2023 08:53:33 GMT": Date.UTC(2023, 5, 3, 8, 53, 33),
  "Sat, 3 Jun 2023 08:53:33 +0000": Date.UTC(2023, 5, 3, 8, 53, 33),
  "Sat, 3 Jun 2023 08:53:33 Z": Date.UTC(2023, 5, 3, 8, 53, 33),
  "Sat, 3 Jun 2023 08:53:33": null,
  "Sat, 3 Jun 2023 08:53:33 +0200": null,
  "yesterday at 5 UTC": null,
  "": null,
};
for (const [date, ms] of Object.entries(dates)) {
  Deno.test(`the date "${date}"`, () => {
    assert.equal(parse(`Date: ${date}\nSHA256:\n${line("sha256", "a", "x")}`).dateMs, ms);
  });
}

const noReleases: Readonly<Record<string, { text: string; message: RegExp }>> = {
  "a login page": { text: "<!DOCTYPE html>\n<html>\n<body>SHA256: log in</body></html>\n", message: /lists no files/ },
  "nothing": { text: "", message: /lists no files/ },
  "a release without checksums": { text: "Suite: stable\nDate: x\n", message: /lists no files/ },
  "a field without digests": { text: "SHA256:\n 00 1 x\n zz 1 y\n", message: /lists no files/ },
  "an index of packages": { text: `Package: a\nSHA256: ${"a".repeat(64)}\n`, message: /lists no files/ },
  "files in a second paragraph": {
    text: `Suite: x\n\nSHA256:\n${line("sha256", "a", "x")}`,
    message: /lists no files/,
  },
  "an InRelease file cut short": { text: sign(text).slice(0, -200), message: /signature is missing/ },
};
for (const [name, { text, message }] of Object.entries(noReleases)) {
  Deno.test(`${name} is no release`, () => {
    assert.throws(() => parse(text), { name: "VaultError", code: "upstream_failed", message });
  });
}

Deno.test("a release of 3,000 files takes less than its text in memory", () => {
  const names = Array.from({ length: 3000 }, (_, nth) => `main/binary-amd64/some/folder/Packages-${nth}.xz`);
  const big = `MD5Sum:\n${names.map((name) => line("md5", "1", name)).join("")}` +
    `SHA256:\n${names.map((name) => line("sha256", "a", name)).join("")}`;
  const release = parse(big);
  assert.equal(release.files.size, 3000);
  assert.ok(release.weight > 3000 * 48, `it weighs ${release.weight}`);
  assert.ok(release.weight < big.length * 0.9, `it weighs ${release.weight} of ${big.length}`);
});
