import assert from "node:assert/strict";
import { AptGet } from "../../support/apt/get.ts";
import type { RepositoryOptions, RepositoryState } from "../../support/apt/repository.ts";
import { aptPrograms, type AptScene, createAptScene } from "../../support/apt/scene.ts";
import { missingPrograms } from "../../support/programs.ts";
import { testInTurn } from "../../support/thorough.ts";

const ignore = missingPrograms(...aptPrograms, "diff").length > 0;

/** More to download with an update: descriptions, and the lists of files that `apt-file` reads. */
const allIndexes = [
  "Acquire::Languages=en",
  "Acquire::IndexTargets::deb::Contents-deb::MetaKey=$(COMPONENT)/Contents-$(ARCHITECTURE)",
  "Acquire::IndexTargets::deb::Contents-deb::ShortDescription=Contents",
  "Acquire::IndexTargets::deb::Contents-deb::Description=Contents of $(RELEASE)",
];

/** A patch has to be smaller than what it patches. */
const others = Object.fromEntries(Array.from({ length: 8 }, (_, nth) => [`other${nth}`, "1.0"]));

const kinds: [string, RepositoryOptions, Omit<RepositoryState, "packages">][] = [
  ["a release that is signed inline, by hash", {}, { acquireByHash: true }],
  ["a release that is signed inline", {}, {}],
  ["a Release with its signature beside it, by hash", {}, { acquireByHash: true, signature: "Release.gpg" }],
  ["a Release with its signature beside it", {}, { signature: "Release.gpg" }],
  ["a flat repository, by hash", { layout: "flat" }, { acquireByHash: true }],
  ["a flat repository", { layout: "flat" }, {}],
  ["a flat repository, signed beside", { layout: "flat" }, { signature: "Release.gpg" }],
];

for (const [name, options, state] of kinds) {
  testInTurn({ name: `${name}: all indexes, sources, patches, and again without upstream`, ignore }, async () => {
    await using scene = await createAptScene(options);
    const { repository, upstream } = scene;
    const sources = { foo: "1.0" };
    await repository.publish({ ...state, sources, packages: { ...others, foo: "1.0" } });
    await using vault = await scene.startVault();
    const apt = await createFullApt(scene, "first", vault.url("/debian"));
    await apt.update();
    await apt.install("foo");
    await apt.succeed("source", "--download-only", "foo");
    await assertSame(`${apt.root}/foo_1.0.dsc`, repository.root, "foo_1.0.dsc");
    await assertSame(`${apt.root}/foo_1.0.tar.gz`, repository.root, "foo_1.0.tar.gz");

    await repository.publish({ ...state, sources, packages: { ...others, foo: "2.0" }, patches: true });
    assert.match(await apt.update(), /pdiff/, "apt takes the patch");
    await apt.upgrade();
    assert.deepEqual(await apt.installed(), { foo: "2.0" });

    const second = await createFullApt(scene, "second", vault.url("/debian"));
    await second.update();
    await upstream.refuse();
    const third = await createFullApt(scene, "third", vault.url("/debian"));
    for (const held of [apt, second, third]) await held.update();
    assert.deepEqual(await third.lists(), await second.lists());
    await third.install("foo");
    await third.succeed("source", "--download-only", "foo");
    assert.deepEqual(await third.installed(), { foo: "2.0" });
  });
}

const ignoreBzip2 = ignore || missingPrograms("bzip2").length > 0;

testInTurn({
  name: "lists that are there as bz2 only: apt reads them, and packages are checked by them",
  ignore: ignoreBzip2,
}, async () => {
  await using scene = await createAptScene();
  const { repository } = scene;
  await repository.publish({ packages: { foo: "1.0" }, packing: "bz2" });
  await using vault = await scene.startVault();
  const apt = await scene.createApt("first", vault.url("/debian"));
  await apt.update();
  const deb = `${repository.root}/${repository.pathOf("foo", "1.0")}`;
  const bytes = await Deno.readFile(deb);
  await replace(deb, bytes.with(-1, bytes.at(-1)! ^ 1));
  assert.notEqual((await apt.run("install", "foo")).code, 0);
  await replace(deb, bytes);
  await apt.install("foo");
  assert.deepEqual(await apt.installed(), { foo: "1.0" });
});

/** Another file takes its place in one step: nginx never sends half of each. */
async function replace(file: string, bytes: Uint8Array): Promise<void> {
  await Deno.writeFile(`${file}.new`, bytes);
  await Deno.rename(`${file}.new`, file);
}

function createFullApt({ dir, repository }: AptScene, name: string, url: string): Promise<AptGet> {
  const sources = `${repository.source(url)}\n${repository.source(url, "deb-src")}`;
  return AptGet.create(dir, name, { sources, settings: allIndexes });
}

/** Compares a file with the one of this name wherever it is in the repository. */
async function assertSame(file: string, root: string, name: string): Promise<void> {
  const original = await Deno.readFile(`${root}/pool/main/${name}`).catch(() => Deno.readFile(`${root}/${name}`));
  assert.deepEqual(await Deno.readFile(file), original);
}
