import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { PackageSet } from "../../../src/backends/apt/packages/dependencies.ts";
import { StanzaParser } from "../../../src/backends/apt/packages/stanzas.ts";
import { compareVersions, satisfies } from "../../../src/backends/apt/version_numbers.ts";
import { readList } from "../../../src/warm/list.ts";
import { type FakeUpstream, startFakeUpstream } from "../../support/fake_upstream.ts";
import { noSettings, openText, openWarmScene, type WarmScene } from "../../warm/scene.ts";

const lists: Record<string, string> = {
  amd64: [
    stanza("curl", "7.88", { depends: "libcurl4 (= 7.88), libc6 (>= 2.36) | musl" }),
    stanza("libcurl4", "7.88", { preDepends: "libc6", recommends: "ca-certificates" }),
    stanza("libc6", "2.36"),
    stanza("libc6", "2.40"),
    stanza("ca-certificates", "2025"),
    stanza("exim4", "4.96", { provides: "mail-transport-agent, exim (= 4)" }),
    stanza("postfix", "3.7", { provides: "mail-transport-agent" }),
    stanza("mutt", "2.2", { depends: "default-mta | mail-transport-agent" }),
    stanza("broken", "1", { depends: "nowhere (>= 2) | nothing" }),
    stanza("epoch", "1:0.9+x"),
  ].join("\n"),
  arm64: [stanza("curl", "7.88", { arch: "arm64", depends: "libc6" }), stanza("libc6", "2.36", { arch: "arm64" })].join(
    "\n",
  ),
};

Deno.test("packages are warmed with what they depend on, and with the lists that apt reads", async () => {
  await using scene = await openScene();
  const { vault, upstream } = scene;
  const first = await vault.warm(["apt:debian/stable/main curl arch=amd64"]);
  assert.deepEqual([first.failures, first.doings], [[], ["working out dependencies", null]]);
  assert.deepEqual(Object.keys(first.outcomes).sort(), [
    "curl_7.88_amd64.deb",
    "debian/stable/main InRelease",
    "debian/stable/main Translation-en.gz",
    "debian/stable/main main/binary-amd64/Packages.gz",
    "libc6_2.40_amd64.deb",
    "libcurl4_7.88_amd64.deb",
  ]);
  assert.equal(first.counts, "new 6");
  assert.ok(
    upstream.requests.some(({ target }) => target.includes("/by-hash/SHA256/")),
    "indexes come by their hashes",
  );
  const asked = upstream.requests.length;
  assert.equal((await vault.warm(["apt:debian/stable/main curl arch=amd64"])).counts, "cached 6");
  assert.equal(upstream.requests.length, asked);
});

Deno.test("a release that upstream sends again as it was is cached", async () => {
  await using scene = await openScene({ ttl: 0 });
  const { vault, upstream } = scene;
  assert.equal((await vault.warm(["apt:debian/stable/main arch=amd64"])).counts, "new 3");
  const { outcomes } = await vault.warm(["apt:debian/stable/main arch=amd64"]);
  assert.equal(outcomes["debian/stable/main InRelease"]?.kind, "cached");
  assert.ok(upstream.count("/dists/stable/InRelease", "GET") > 1);
});

Deno.test("recommended packages, versions, architectures, several places, and packages alone", async () => {
  await using scene = await openScene();
  const debsOf = async (line: string, settings = {}) => {
    const { outcomes, failures } = await scene.vault.warm([line], { settings });
    return { debs: Object.keys(outcomes).filter((name) => name.endsWith(".deb")).sort(), failures };
  };
  const withRecommended = await debsOf("apt:debian/stable/main libcurl4 arch=amd64", { recommends: true });
  assert.deepEqual(withRecommended.debs, [
    "ca-certificates_2025_amd64.deb",
    "libc6_2.40_amd64.deb",
    "libcurl4_7.88_amd64.deb",
  ]);
  const older = await debsOf("apt:debian/stable/main libc6=2.36 epoch arch=amd64 depends=no");
  assert.deepEqual(older.debs, ["epoch_0.9+x_amd64.deb", "libc6_2.36_amd64.deb"]);
  const both = await debsOf("apt:debian/stable/main curl arch=amd64,arm64 depends=no");
  assert.deepEqual(both.debs, ["curl_7.88_amd64.deb", "curl_7.88_arm64.deb"]);
  const suffixed = await debsOf("apt:debian/stable/main curl:arm64 libc6 arch=amd64");
  assert.deepEqual(suffixed.debs, ["curl_7.88_arm64.deb", "libc6_2.36_arm64.deb", "libc6_2.40_amd64.deb"]);
  const settings = { suites: ["debian/stable/main"] };
  assert.deepEqual((await debsOf("apt: mutt arch=amd64", settings)).debs, [
    "exim4_4.96_amd64.deb",
    "mutt_2.2_amd64.deb",
  ]);
});

Deno.test("what is not there is said, and the rest is warmed", async () => {
  await using scene = await openScene();
  const { failures, outcomes } = await scene.vault.warm([
    "apt:debian/stable/main curl=9 broken libc6 arch=amd64",
    "apt:debian/stable/contrib curl",
    "apt:debian/sid/main curl",
    "apt:other/stable/main curl",
    "apt: curl",
    "apt:debian/stable curl",
  ]);
  const [first, ...rest] = failures.toSorted();
  assert.match(
    first!,
    /curl=9 is not there \(there is 7\.88\); broken needs nowhere \(>= 2\) or nothing, which is not there/,
  );
  assert.ok("broken_1_amd64.deb" in outcomes && "libc6_2.40_amd64.deb" in outcomes);
  const patterns = [/contrib has no list of packages/, /sid.* is not there/, /"other\/stable\/main" names no backend/];
  for (
    const [at, pattern] of [...patterns, /add --suite debian\/bookworm\/main/, /is no place of packages/].entries()
  ) {
    assert.match(rest[at]!, pattern);
  }
});

Deno.test("a star means all components of a release, and brings what apt-get update asks for", async () => {
  await using scene = await openScene();
  const { outcomes, failures } = await scene.vault.warm(["apt:debian/stable/* arch=amd64"]);
  assert.deepEqual(failures, []);
  assert.deepEqual(Object.keys(outcomes).sort(), [
    "debian/stable/* InRelease",
    "debian/stable/* Translation-en.gz",
    "debian/stable/* main/binary-amd64/Packages.gz",
    "debian/stable/* non-free/binary-amd64/Packages.gz",
  ]);
});

Deno.test("the name of a backend alone is no place, and the message says what one is", async () => {
  await using scene = await openScene();
  const { failures } = await scene.vault.warm(["apt:debian"]);
  assert.match(
    failures.join(),
    /"debian" is no place of packages; write debian\/SUITE\/COMPONENT, such as debian\/bookworm\/main/,
  );
});

Deno.test("what dpkg-query and apt-get --print-uris write is a list", async () => {
  await using scene = await openScene();
  const read = (text: string) => linesIn(text, scene);
  assert.deepEqual(await read("curl\t7.88\nlibc6:amd64\t2.36\ngone\t\n"), [
    "apt: depends=no curl=7.88 libc6:amd64=2.36",
  ]);
  const uris = [
    "Reading package lists...",
    `'${scene.upstream.origin}/pool/curl_7.88_amd64.deb' curl_7.88_amd64.deb 12 SHA256:00`,
    `'${scene.upstream.origin}/pool/libc6_2.40_amd64.deb' libc6_2.40_amd64.deb 12`,
  ];
  const lines = await read(uris.join("\n"));
  assert.deepEqual(lines, [
    `${scene.upstream.origin}/pool/curl_7.88_amd64.deb`,
    `${scene.upstream.origin}/pool/libc6_2.40_amd64.deb`,
  ]);
  const { counts, failures } = await scene.vault.warm(lines);
  assert.deepEqual([counts, failures], ["new 2", []]);
});

Deno.test("package URLs of Debian say where a package is by their distribution", async () => {
  await using scene = await openScene();
  const lineOf = (distro?: string, arch = "amd64") =>
    scene.vault.sources[0]!.lineOf!({
      ...{ type: "deb", namespace: "debian", name: "curl", version: "7.88" },
      qualifiers: new Map(Object.entries({ ...distro && { distro }, arch })),
    });
  const line = "apt:debian/bookworm/main curl=7.88 depends=no suites=yes";
  for (const distro of ["bookworm", "debian-12", "debian-12.11"]) assert.equal(lineOf(distro), `${line} arch=amd64`);
  assert.equal(lineOf("debian-12", "all"), line);
  assert.equal(lineOf("debian-99.1"), "apt: curl=7.88 depends=no arch=amd64");
  assert.equal(lineOf(), "apt: curl=7.88 depends=no arch=amd64");
});

Deno.test("package URLs of Ubuntu have point releases as well, and an epoch may stand apart from the version", async () => {
  await using vault = await openWarmScene([{
    type: "apt",
    name: "ubuntu",
    config: { mirror_url: "http://127.0.0.1:1" },
  }]);
  const lineOf = (distro: string, version: string) =>
    vault.sources[0]!.lineOf!({
      ...{ type: "deb", namespace: "ubuntu", name: "vim", version },
      qualifiers: new Map([["distro", distro], ["epoch", "2"]]),
    });
  for (const distro of ["ubuntu-22.04", "ubuntu-22.04.5", "jammy"]) {
    for (const version of ["8.2", "2:8.2"]) {
      assert.equal(lineOf(distro, version), "apt:ubuntu/jammy/main vim=2:8.2 depends=no suites=yes");
    }
  }
});

Deno.test("what a package URL names is looked for in the places of --suite as well", async () => {
  await using scene = await openScene();
  scene.upstream.serve("/pool/of-non-free_1_amd64.deb", { body: "pool/of-non-free_1_amd64.deb" });
  const url = "pkg:deb/debian/of-non-free@1?arch=amd64&distro=stable";
  const alone = await scene.vault.warm([url]);
  assert.match(alone.failures.join(), /of-non-free/);
  const { outcomes, failures } = await scene.vault.warm([url], { settings: { suites: ["debian/stable/non-free"] } });
  assert.deepEqual(failures, []);
  assert.equal(outcomes["of-non-free_1_amd64.deb"]?.kind, "new");
});

Deno.test("what apt-get update --print-uris writes is what the release has of it", async () => {
  await using scene = await openScene();
  const { origin } = scene.upstream;
  const folder = `${origin}/dists/stable`;
  const uris = [
    `'${folder}/InRelease' x_InRelease 0 `,
    `'${folder}/main/binary-amd64/Packages.xz' x_binary-amd64_Packages 0 `,
    `'${folder}/main/binary-all/Packages.xz' x_binary-all_Packages 0 `,
    `'${folder}/main/i18n/Translation-en.xz' x_Translation-en 0 `,
    `'${folder}/main/i18n/Translation-de.xz' x_Translation-de 0 `,
    `'${origin}/pool/curl_7.88_amd64.deb' curl_7.88_amd64.deb 12 SHA256:00`,
    "'http://elsewhere.example/debian/dists/sid/InRelease' elsewhere_InRelease 0 ",
  ];
  const lines = await linesIn(uris.join("\n"), scene);
  assert.deepEqual(lines, [
    "apt:debian/stable/* lists=main/binary-amd64/Packages,main/binary-all/Packages,main/i18n/Translation-en,main/i18n/Translation-de",
    `${origin}/pool/curl_7.88_amd64.deb`,
    "http://elsewhere.example/debian/dists/sid/InRelease",
  ]);
  const { outcomes, failures, notes } = await scene.vault.warm(lines.slice(0, 2));
  assert.deepEqual([failures, notes], [[], [
    "The release of debian/stable/* has no main/i18n/Translation-de, which apt then passes over as well",
  ]]);
  assert.deepEqual(Object.keys(outcomes).sort(), [
    "/debian/pool/curl_7.88_amd64.deb",
    "debian/stable/* InRelease",
    "debian/stable/* main/binary-amd64/Packages.gz",
    "debian/stable/* main/i18n/Translation-en.gz",
  ]);
});

Deno.test("versions are ordered as dpkg orders them", () => {
  const ordered = [
    "0~~",
    "0~",
    "0",
    "1.0~rc1",
    "1.0",
    "1.0-1",
    "1.0-1+b1",
    "1.0-1.1",
    "1.0+dfsg-1",
    "1.2",
    "1.10",
    "20250101",
    "1:0",
  ];
  assert.deepEqual(ordered.toReversed().toSorted(compareVersions), ordered);
  assert.equal(compareVersions("1.0", "1.00"), 0);
  assert.equal(compareVersions("0:1.0", "1.0"), 0);
  assert.deepEqual([">=", "<<", "=", "<=", ">>", null].map((one) => satisfies("2", one, "2")), [
    true,
    false,
    true,
    true,
    false,
    true,
  ]);
});

Deno.test("stanzas are parsed wherever chunks end", () => {
  const bytes = new TextEncoder().encode(`${lists.amd64}\n`);
  const parse = (size: number) => {
    const found: string[] = [];
    const parser = new StanzaParser(({ name, version, depends }) => found.push(`${name} ${version} ${depends}`));
    for (let at = 0; at < bytes.length; at += size) parser.write(bytes.subarray(at, at + size));
    parser.end();
    return found;
  };
  const whole = parse(bytes.length);
  assert.equal(whole.length, 10);
  for (const size of [1, 7, 100]) assert.deepEqual(parse(size), whole);
});

Deno.test("a virtual package with a version is one only where that is provided", () => {
  const packages = new PackageSet();
  new StanzaParser((one) => packages.add(one)).write(new TextEncoder().encode(`${lists.amd64}\n\n`));
  const resolve = (name: string) => packages.resolve({ wanted: [name], recommends: false, follows: true });
  assert.deepEqual(resolve("exim=4").stanzas.map(({ name }) => name), ["exim4"]);
  assert.deepEqual(resolve("exim=5").missing, ["exim=5 is not there"]);
  assert.deepEqual(resolve("mail-transport-agent=1").missing, ["mail-transport-agent=1 is not there"]);
});

interface StanzaFields {
  readonly arch?: string;
  readonly depends?: string;
  readonly preDepends?: string;
  readonly recommends?: string;
  readonly provides?: string;
}

function stanza(name: string, version: string, fields: StanzaFields = {}): string {
  const { arch = "amd64", depends, preDepends, recommends, provides } = fields;
  const filename = `pool/${name}_${version.replace(/^\d+:/, "")}_${arch}.deb`;
  const lines = [
    ...[
      `Package: ${name}`,
      `Version: ${version}`,
      `Architecture: ${arch}`,
      `Filename: ${filename}`,
      `Size: ${filename.length}`,
    ],
    `SHA256: ${sha256(filename)}`,
    ...Object.entries({ Depends: depends, "Pre-Depends": preDepends, Recommends: recommends, Provides: provides })
      .flatMap(([key, value]) => value === undefined ? [] : [`${key}: ${value}`]),
    "Description: for tests",
    " Depends: on nothing, in a description",
  ];
  return lines.join("\n") + "\n";
}

/** The lines that the text of a file stands for. */
async function linesIn(text: string, { vault: { sources } }: Scene): Promise<string[]> {
  const options = { sources, settings: noSettings, open: () => openText(text), note() {} };
  return (await Array.fromAsync(await readList("file", options))).map(({ text }) => text);
}

interface Scene extends AsyncDisposable {
  readonly upstream: FakeUpstream;
  readonly vault: WarmScene;
}

async function openScene(more: object = {}): Promise<Scene> {
  await using stack = new AsyncDisposableStack();
  const upstream = stack.use(startFakeUpstream());
  const sums: string[] = [];
  const index = (path: string, body: Uint8Array) => {
    upstream.serve(`/dists/stable/${path}`, { body });
    upstream.serve(`/dists/stable/${path.replace(/[^/]+$/, `by-hash/SHA256/${sha256(body)}`)}`, { body });
    sums.push(` ${sha256(body)} ${body.length} ${path}`);
  };
  for (const [arch, text] of Object.entries(lists)) {
    // As real releases do, it lists the plain index as well, which is not there.
    sums.push(` ${sha256(text)} ${text.length} main/binary-${arch}/Packages`);
    index(`main/binary-${arch}/Packages.gz`, gzipSync(text));
    for (const [filename] of text.matchAll(/pool\/\S+/g)) {
      upstream.serve(`/${filename.replaceAll("+", "%2B")}`, { body: filename });
    }
  }
  for (const component of ["non-free", "main/debian-installer"]) {
    index(`${component}/binary-amd64/Packages.gz`, gzipSync(stanza(`of-${component.replace("/", "-")}`, "1")));
  }
  index("main/i18n/Translation-en.gz", gzipSync("Package: curl\n"));
  const date = "Sat, 28 Nov 2026 12:00:00 UTC";
  const release = [`Date: ${date}`, "Acquire-By-Hash: yes", "SHA256:", ...sums].join("\n");
  upstream.serve("/dists/stable/InRelease", {
    body:
      `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n${release}\n-----BEGIN PGP SIGNATURE-----\n\nx\n-----END PGP SIGNATURE-----\n`,
  });
  const config = { mirror_url: upstream.origin, retries: 0, ...more };
  const vault = stack.use(await openWarmScene([{ type: "apt", name: "debian", config }]));
  const resources = stack.move();
  return { upstream, vault, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

function sha256(body: string | Uint8Array): string {
  return createHash("sha256").update(body).digest("hex");
}
