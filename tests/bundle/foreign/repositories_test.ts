import assert from "node:assert/strict";
import { dirname } from "node:path";
import { releaseText, sha256 } from "../../support/apt/upstream.ts";
import { startBackends } from "../../support/app_fixture.ts";
import { createForeignSite } from "../../support/foreign_import.ts";
import { startFakeUpstream } from "../../support/fake_upstream.ts";
import { createTempDir, type TempDir } from "../../support/temp_dir.ts";

const debian = { type: "apt", name: "debian", config: { mirror_url: "http://deb.example.org/debian" } };
const index = "main/binary-amd64/Packages";

interface Suite {
  readonly nth: number;
  /** The content of packages by their paths; lists have the digests of these. */
  readonly packages: Readonly<Record<string, string>>;
  readonly name?: string;
}

function listOf(packages: Suite["packages"]): string {
  return Object.entries(packages).map(([path, content]) => `Filename: ${path}\nSHA256: ${sha256(content)}\n`).join(
    "\n",
  );
}

function filesOf({ nth, packages, name = "stable" }: Suite): Record<string, string> {
  const list = listOf(packages);
  return {
    [`dists/${name}/InRelease`]: releaseText({ indexes: { [index]: list }, nth }),
    [`dists/${name}/${index}`]: list,
    ...packages,
  };
}

function write(dir: TempDir, files: Readonly<Record<string, string>>): string {
  const root = dir.join(crypto.randomUUID());
  for (const [path, content] of Object.entries(files)) {
    Deno.mkdirSync(dirname(`${root}/${path}`), { recursive: true });
    Deno.writeTextFileSync(`${root}/${path}`, content);
  }
  return root;
}

function below(folder: string, files: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([path, content]) => [`${folder}/${path}`, content]));
}

const [foo, foo2] = ["pool/main/f/foo_1_amd64.deb", "pool/main/f/foo_2_amd64.deb"];
const first = { nth: 1, packages: { [foo]: "foo one" } };
const second = { nth: 2, packages: { [foo2]: "foo two" } };

Deno.test("a mirror's suites are served offline, with all packages that its lists and its pool have", async () => {
  await using dir = await createTempDir();
  await using site = await createForeignSite([debian]);
  const updates = { name: "stable/updates", nth: 1, packages: { "pool/updates/b/bar_1_all.deb": "bar" } };
  const root = write(dir, { ...filesOf(first), ...filesOf(updates), "pool/stray_1_all.deb": "in no list" });
  const imported = await site.import(root);
  assert.equal(imported.description, "a mirror of Debian packages");
  assert.deepEqual(imported.lines.map((line) => line.replace(`${root.split("/").at(-1)}/`, "")), [
    ...["imported dists/stable/main/binary-amd64/Packages", "imported dists/stable/InRelease", `imported ${foo}`],
    ...["imported dists/stable/updates/main/binary-amd64/Packages", "imported dists/stable/updates/InRelease"],
    "imported pool/updates/b/bar_1_all.deb",
  ]);
  await using vault = await site.serve();
  for (const path of Object.keys({ ...filesOf(first), ...filesOf(updates) })) {
    assert.equal((await vault.ask(`/debian/${path}`)).text, Deno.readTextFileSync(`${root}/${path}`), path);
  }
});

Deno.test("a newer mirror takes the place of an older one, and not the other way round", async () => {
  await using dir = await createTempDir();
  await using site = await createForeignSite([debian]);
  await site.import(write(dir, filesOf(first)));
  await site.import(write(dir, filesOf(second)));
  const again = (await site.import(write(dir, filesOf(first)))).lines;
  assert.match(again[0]!, /^kept .*InRelease: the cached release is of 2026-01-01T00:00Z, this one of/);
  assert.equal(again[1], `cached ${foo}`);
  const wrong = (await site.import(write(dir, { ...filesOf(first), [foo]: "wrong" }))).lines;
  assert.equal(wrong[1], `left_out ${foo}: it does not have the digest that the list of the source says`);
  await using vault = await site.serve();
  assert.equal((await vault.ask("/debian/dists/stable/InRelease")).text, filesOf(second)["dists/stable/InRelease"]);
  assert.equal((await vault.ask(`/debian/${foo}`)).text, "foo one");
  assert.equal((await vault.ask(`/debian/${foo2}`)).text, "foo two");
});

Deno.test("files without the digest that lists name are refused, and what they belong to is not served", async () => {
  await using dir = await createTempDir();
  await using site = await createForeignSite([debian]);
  const { lines } = await site.import(write(dir, { ...filesOf(first), [foo]: "foo 0ne" }));
  assert.match(lines.at(-1)!, new RegExp(`^failed ${foo}: `));
  const list = listOf(second.packages);
  const damaged = (await site.import(write(dir, {
    ...filesOf({ ...second, name: "damaged" }),
    [`dists/damaged/${index}`]: list.replace("Filename", "filename"),
  }))).lines;
  assert.match(damaged[0]!, /^failed dists\/damaged\/main\/binary-amd64\/Packages: /);
  assert.match(damaged[1]!, /^left_out .*dists\/damaged\/InRelease: not all of it could be imported$/);
  assert.deepEqual(damaged.slice(2), [
    `left_out the packages of dists/damaged/${index}: it does not have the digest of its release, so that 1 package of ` +
    "it that is here is left out, unless another list has the same",
  ]);
  await using vault = await site.serve();
  assert.notEqual((await vault.ask("/debian/dists/damaged/InRelease")).status, 200);
  assert.notEqual((await vault.ask(`/debian/${foo}`)).status, 200);
});

Deno.test("of two bodies with room for one, one stays and the other is named, asked for side by side", async () => {
  await using dir = await createTempDir();
  await using site = await createForeignSite([debian], { cache_max_size: 100_000 });
  // Files with one name and one size count once before they are read, as layers of several images do.
  const packages = { "pool/a/same_1_all.deb": "a".repeat(60_000), "pool/b/same_1_all.deb": "b".repeat(60_000) };
  const { lines } = await site.import(write(dir, filesOf({ nth: 1, packages })));
  const [imported, ...others] = lines.filter((line) => line.startsWith("imported pool/"));
  assert.deepEqual(others, []);
  assert.equal(lines.filter((line) => /^failed pool\/.*cache_max_size/.test(line)).length, 1, lines.join("\n"));
  await using vault = await site.serve();
  assert.equal((await vault.ask(`/debian/${imported!.slice("imported ".length)}`)).status, 200);
});

Deno.test("a list that cannot be unpacked is named, and the rest is imported", async () => {
  await using dir = await createTempDir();
  await using site = await createForeignSite([debian]);
  const indexes = { [index]: listOf(first.packages), "contrib/binary-amd64/Packages.gz": "no gzip" };
  const files = { ...filesOf(first), "dists/stable/contrib/binary-amd64/Packages.gz": "no gzip" };
  const source = write(dir, { ...files, "dists/stable/InRelease": releaseText({ indexes, nth: 1 }) });
  const { lines } = await site.import(source);
  assert.ok(lines.includes(`imported ${foo}`), lines.join("\n"));
  assert.match(
    lines.at(-1)!,
    /^left_out the packages of dists\/stable\/contrib\/.*Packages\.gz: it says that it is packed/,
  );
});

const finish = "; bring the source up to date, and import again";

Deno.test("of a mirror whose lists are not those of its release, all that is left out is named", async () => {
  await using dir = await createTempDir();
  await using site = await createForeignSite([debian]);
  const list = listOf({ ...first.packages, ...second.packages, "pool/not/here_1_all.deb": "not here" });
  const contrib = "contrib/binary-amd64/Packages";
  const files = {
    "dists/stable/InRelease": releaseText({
      indexes: { [index]: list, [contrib]: "", "Contents-amd64": "abc" },
      nth: 1,
    }),
    [`dists/stable/${index}`]: `${list}\n`,
    "dists/stable/Contents-amd64": "abcd",
    ...first.packages,
    ...second.packages,
  };
  const lines = (await site.import(write(dir, files))).lines.map((line) => line.replace(/\S+-\S+\/dists/, "dists"));
  assert.deepEqual(lines, [
    `left_out dists/stable/${index}: it does not have the size that its release says (Packages), so that 2 packages of ` +
    `it that are here are left out, unless another list has the same${finish}`,
    `left_out dists/stable/Contents-amd64: it does not have the size that its release says (Contents-amd64)${finish}`,
    "left_out dists/stable/InRelease: the source has none of its lists of packages as it says",
  ]);
  const partly = (await site.import(write(dir, { ...files, [`dists/stable/${contrib}`]: "" }))).lines;
  assert.deepEqual(partly.slice(0, 2), lines.slice(0, 2));
  assert.match(partly.at(-1)!, /^imported .*\/dists\/stable\/InRelease$/);
  await using vault = await site.serve();
  assert.equal((await vault.ask("/debian/dists/stable/InRelease")).status, 200);
});

Deno.test("a list of which one form is as its release says counts, whatever its other forms are", async () => {
  await using dir = await createTempDir();
  await using site = await createForeignSite([debian]);
  const list = listOf(first.packages);
  const { lines } = await site.import(write(dir, {
    ...filesOf(first),
    "dists/stable/InRelease": releaseText({ indexes: { [index]: list, [`${index}.gz`]: "new" }, nth: 1 }),
    [`dists/stable/${index}.gz`]: "older",
    // A file at its digest may be cut as well; then the one at its name counts.
    [`dists/stable/main/binary-amd64/by-hash/SHA256/${sha256(list)}`]: list.slice(1),
  }));
  assert.deepEqual(lines.filter((line) => !line.startsWith("imported ")), []);
  assert.equal(lines.at(-1), `imported ${foo}`);
});

Deno.test("a suite without a release is named, and a source without anything is refused", async () => {
  await using dir = await createTempDir();
  await using site = await createForeignSite([debian]);
  const { "dists/stable/InRelease": _, ...bare } = filesOf({ ...second, name: "stable" });
  const { lines } = await site.import(write(dir, { ...filesOf({ ...first, name: "testing" }), ...bare }));
  assert.ok(lines.includes(`imported ${foo}`), lines.join("\n"));
  assert.match(lines.at(-1)!, /^left_out .*\/dists\/stable: it has neither InRelease nor Release, .* import again$/);
  const empty = write(dir, {});
  Deno.mkdirSync(`${empty}/dists/stable`, { recursive: true });
  await assert.rejects(site.import(empty), {
    code: "bad_request",
    message: `Cannot import "${empty}": it is a mirror of Debian packages, and nothing is in it that can be imported`,
  });
});

Deno.test("clients keep the release whose indexes they have, where the source lacks those of the newer one", async () => {
  await using dir = await createTempDir();
  await using upstream = startFakeUpstream();
  const backend = { type: "apt", name: "debian", config: { mirror_url: upstream.url("/debian") } };
  await using site = await createForeignSite([backend]);
  const packed = { [index]: listOf(first.packages), [`${index}.gz`]: "packed" };
  const files = { ...filesOf(first), "dists/stable/InRelease": releaseText({ indexes: packed, nth: 1 }) };
  for (const [path, body] of Object.entries({ ...files, [`dists/stable/${index}.gz`]: "packed" })) {
    upstream.serve(`/debian/${path}`, { body });
  }
  {
    await using vault = await startBackends([backend], { cacheDir: site.cacheDir });
    for (const path of ["InRelease", `${index}.gz`]) {
      assert.equal((await vault.ask(`/debian/dists/stable/${path}`)).status, 200);
    }
  }
  const newer = { [index]: listOf(second.packages), [`${index}.gz`]: "packed anew" };
  const source = { ...filesOf(second), "dists/stable/InRelease": releaseText({ indexes: newer, nth: 2 }) };
  const { lines } = await site.import(write(dir, source));
  assert.ok(lines.some((line) => /^kept .*InRelease: the cached release stays/.test(line)), lines.join("\n"));
  await using vault = await site.serve();
  assert.equal((await vault.ask("/debian/dists/stable/InRelease")).text, files["dists/stable/InRelease"]);
});

Deno.test("what apt keeps is imported by the digests of its lists, and packages that no list has are named", async () => {
  await using dir = await createTempDir();
  await using site = await createForeignSite([debian]);
  const { [foo]: content, ...lists } = filesOf(first);
  const names = Object.entries(lists).map(([path, text]) => {
    return [`lib/apt/lists/deb.example.org_debian_${path.replaceAll("/", "_")}`, text];
  });
  const imported = await site.import(write(dir, {
    ...Object.fromEntries(names),
    "cache/apt/archives/foo_1%3a1_amd64.deb": content!,
    "cache/apt/archives/other_1_all.deb": "of a repository that is gone",
    "cache/apt/archives/partial/foo": "half",
  }));
  assert.equal(imported.description, "the packages and lists of apt");
  assert.deepEqual(imported.lines.slice(-2), [
    `imported ${foo}`,
    "left_out other_1_all.deb: no list that was imported has a package with its digest",
  ]);
  await using vault = await site.serve();
  assert.equal((await vault.ask(`/debian/${foo}`)).text, content);
});

Deno.test("packages that apt keeps, given without their lists, are refused with the folder to name", async () => {
  await using dir = await createTempDir();
  await using site = await createForeignSite([debian]);
  const files = { "foo_1_amd64.deb": "foo", "lock": "", "partial/half": "half" };
  const root = write(dir, below("var/cache/apt/archives", files));
  Deno.chmodSync(`${root}/var/cache/apt/archives/partial`, 0o000);
  await assert.rejects(site.import(`${root}/var/cache/apt/archives/`), {
    code: "bad_request",
    message:
      `Cannot import "${root}/var/cache/apt/archives/": it has packages without the lists that name them, which ` +
      `apt keeps beside them in lib/apt/lists; import ${root}/var`,
  });
  Deno.chmodSync(`${root}/var/cache/apt/archives/partial`, 0o700);
  await assert.rejects(site.import(write(dir, files)), /import the folder that has both of them$/);
});

Deno.test("lists that are packed by lz4 are named once, and not the packages that they may have", async () => {
  await using dir = await createTempDir();
  await using site = await createForeignSite([debian]);
  const lists = "lib/apt/lists/deb.example.org_debian_dists_stable";
  const { lines } = await site.import(write(dir, {
    [`${lists}_InRelease`]: filesOf(first)["dists/stable/InRelease"]!,
    [`${lists}_main_binary-amd64_Packages.lz4`]: "packed",
    [`${lists}_main_i18n_Translation-en.lz4`]: "packed",
    ...Object.fromEntries([1, 2, 3].map((nth) => [`cache/apt/archives/foo_${nth}_amd64.deb`, `foo ${nth}`])),
  }));
  assert.deepEqual(lines.filter((line) => line.startsWith("left_out")), [
    "left_out deb.example.org_debian_dists_stable_main_binary-amd64_Packages.lz4 and 1 more: lists that are packed by " +
    "lz4 are not read, and 3 packages that no other list has are left out; run apt-get -o Acquire::GzipIndexes=false " +
    "update on the machine that they are from, and import again",
  ]);
});

Deno.test("a repository goes to the backend with its URL, or that the user names, and to no other", async () => {
  await using dir = await createTempDir();
  const other = { type: "apt", name: "other", config: { mirror_url: "https://deb.example.com/", aliases: [] } };
  const root = write(dir, {
    ...below("mirror/deb.example.com", filesOf(first)),
    ...below("mirror/third.example/x", filesOf(second)),
  });
  await using site = await createForeignSite([debian, other]);
  const { lines } = await site.import(root);
  assert.match(
    lines.at(-1)!,
    /^left_out third\.example\/x: no backend of type apt has it as its mirror_url\. Say with --map third\.example\/x=BACKEND if one is meant \(debian, other\)\. This would serve it:\n {2}backends:\n {2}- type: apt\n {4}name: x\n {4}config: \{mirror_url: "http:\/\/third\.example\/x"\}$/,
  );
  assert.equal((await site.import(root, { "third.example/x": "debian" })).lines.at(-1), `imported ${foo2}`);
  await using vault = await site.serve();
  assert.equal((await vault.ask(`/other/${foo}`)).text, "foo one");
  assert.equal((await vault.ask(`/debian/${foo2}`)).text, "foo two");
});
