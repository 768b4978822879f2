import assert from "node:assert/strict";
import { bytesOf } from "../support/store_fixture.ts";
import { walk } from "../support/walk.ts";
import { BundleScene } from "./bundle_scene.ts";

async function openFilled(): Promise<BundleScene> {
  const scene = await BundleScene.open();
  await scene.put("files/one", { sizeBytes: 50_000 });
  await scene.put("files/two", { sizeBytes: 30_000 });
  await scene.bundle("outside", "key", "new", scene.path("vault"));
  return scene;
}

function signing(scene: BundleScene): readonly string[] {
  return ["--sign", scene.path("vault.pem")];
}

async function verify(scene: BundleScene, path: string): Promise<string> {
  const { code, stderr } = await scene.bundle("inside", "verify", path, "--trust", scene.path("vault.pub.pem"));
  return code === 0 ? "" : stderr;
}

/** Damages a body outside, so that the next export fails. */
async function damage(scene: BundleScene, name: string): Promise<void> {
  const { sha256, sizeBytes } = await scene.put(name);
  Deno.writeFileSync(scene.outside.blobPath(sha256), bytesOf("other", sizeBytes));
}

Deno.test("a second signed export into a directory is verified, and an unsigned one leaves no old signature", async () => {
  await using scene = await openFilled();
  const path = await scene.export("folder/", ...signing(scene));
  await scene.put("files/three");
  await scene.export("folder/", ...signing(scene));
  assert.equal(await verify(scene, path), "");
  await scene.export("folder/");
  assert.match(await verify(scene, path), /it is not signed/);
  assert.equal((await scene.bundle("inside", "import", path)).code, 0);
  assert.deepEqual(await scene.names(), ["files/one", "files/three", "files/two"]);
});

Deno.test("a body in a directory that has its size and other bytes is written again", async () => {
  await using scene = await openFilled();
  const path = await scene.export("folder/", ...signing(scene));
  const { sha256, sizeBytes } = await scene.put("files/one", { sizeBytes: 50_000 });
  Deno.writeFileSync(`${path}blobs/sha256/${sha256}`, bytesOf("other", sizeBytes));
  assert.match(await verify(scene, path), /do not fit its name/);
  await scene.export("folder/", ...signing(scene));
  assert.equal(await verify(scene, path), "");
});

const forms: [name: string, ...options: string[]][] = [["bundle.tar"], ["bundle.tar", "--part-size", "20000"], [
  "folder/",
]];
for (const [name, ...options] of forms) {
  Deno.test(`a failed export leaves the bundle of an earlier one: ${[name, ...options].join(" ")}`, async () => {
    await using scene = await openFilled();
    const path = await scene.export(name, ...options, ...signing(scene));
    await damage(scene, "files/aaa");
    const { code } = await scene.bundle("outside", "export", path, ...options, ...signing(scene));
    assert.equal(code, 1);
    assert.equal(await verify(scene, path), "");
    assert.deepEqual(walk(scene.path(".")).filter((one) => one.endsWith(".partial")), []);
  });
}

Deno.test("bundles, summaries, parts and lists may be read by this user alone", async () => {
  await using scene = await openFilled();
  await scene.export("folder/");
  await scene.export("bundle.tar");
  await scene.export("split.tar", "--part-size", "20000");
  await scene.bundle("inside", "have", scene.path("site.have"));
  const wrong = walk(scene.path(".")).filter((path) =>
    /^(?:folder|bundle|split|site)/.test(path) && !path.endsWith(".yml")
  )
    .filter((path) => (Deno.statSync(scene.path(path)).mode! & 0o777) !== 0o600);
  assert.deepEqual(wrong, []);
  assert.equal(Deno.statSync(scene.path("folder/blobs")).mode! & 0o777, 0o700);
});

Deno.test("a device or pipe is written to, and stays what it is", async () => {
  await using scene = await openFilled();
  const summary = ["--summary", scene.path("summary.jsonl.gz")];
  assert.equal((await scene.bundle("outside", "export", "/dev/null", ...summary)).code, 0);
  assert.ok(Deno.statSync("/dev/null").isCharDevice);
  const pipe = scene.path("pipe");
  assert.ok((await new Deno.Command("mkfifo", { args: [pipe] }).output()).success);
  const copying = new Deno.Command("cp", { args: [pipe, scene.path("copy.tar")] }).output();
  assert.equal((await scene.bundle("outside", "export", pipe, ...summary, ...signing(scene))).code, 0);
  assert.ok((await copying).success);
  assert.ok(Deno.lstatSync(pipe).isFifo);
  assert.equal(await verify(scene, scene.path("copy.tar")), "");
});

Deno.test("what waits for its name is never written through a link", async () => {
  await using scene = await openFilled();
  Deno.writeTextFileSync(scene.path("precious"), "precious");
  Deno.symlinkSync(scene.path("precious"), scene.path("bundle.tar.partial"));
  assert.equal(await verify(scene, await scene.export("bundle.tar", ...signing(scene))), "");
  assert.equal(Deno.readTextFileSync(scene.path("precious")), "precious");
});

Deno.test("the parts of a bundle are meant by their names where another whole one is put beside them", async () => {
  await using scene = await openFilled();
  const path = await scene.export("bundle.tar");
  Deno.copyFileSync(path, scene.path("older"));
  await scene.put("files/three");
  await scene.export("bundle.tar", "--part-size", "20000");
  Deno.renameSync(scene.path("older"), path);
  assert.deepEqual(
    [await list(scene, path), await list(scene, `${path}.parts.json`), await list(scene, `${path}.001`)],
    [2, 3, 3],
  );
});

/** How many entries a bundle has. */
async function list(scene: BundleScene, path: string): Promise<number> {
  return (await scene.bundle("inside", "ls", path)).stdout.trim().split("\n").length;
}

/** What lies beside the configuration of a bundle of this name. */
function filesOf(scene: BundleScene, name: string): string[] {
  return walk(scene.path(".")).filter((path) => path.startsWith(name) && !path.includes("summary")).sort();
}

const split = ["bundle", "--part-size", "25000"];
const splitFiles = ["bundle.001", "bundle.002", "bundle.003", "bundle.004", "bundle.parts.json"];
const changes: [what: string, older: string[], newer: string[], left: RegExp | string[]][] = [
  ["a whole one by a split one", ["bundle"], split, splitFiles],
  ["a split one by a whole one", split, ["bundle"], ["bundle"]],
  ["a split one by a directory", split, ["bundle/"], /^bundle\//],
];
for (const [what, [older = "", ...before], [newer = "", ...after], left] of changes) {
  Deno.test(`an export replaces an older bundle of its name: ${what}`, async () => {
    await using scene = await openFilled();
    await scene.export(older, ...before);
    await scene.put("files/three");
    await scene.export(newer, ...after);
    assert.equal(await list(scene, scene.path("bundle")), 3);
    const files = filesOf(scene, "bundle");
    if (left instanceof RegExp) assert.deepEqual(files.filter((path) => !left.test(path)), []);
    else assert.deepEqual(files, left);
  });
}

for (const [what, [older = "", ...before], [newer = "", ...after]] of changes.slice(0, 2)) {
  Deno.test(`an older bundle of another form stays until the summary is that of the new one: ${what}`, async () => {
    await using scene = await openFilled();
    await scene.export(older, ...before);
    await scene.put("files/three");
    // What is to be written there fails at its end, when the bundle has its name.
    const { code } = await scene.bundle("outside", "export", scene.path(newer), ...after, "--summary", "/dev/full");
    assert.equal(code, 1);
    assert.deepEqual(filesOf(scene, "bundle"), ["bundle", ...splitFiles]);
  });
}

Deno.test("a pipe that has the name of a split bundle stays where it is", async () => {
  await using scene = await openFilled();
  assert.ok((await new Deno.Command("mkfifo", { args: [scene.path("bundle")] }).output()).success);
  await scene.export("bundle", ...split.slice(1));
  assert.ok(Deno.lstatSync(scene.path("bundle")).isFifo);
});
