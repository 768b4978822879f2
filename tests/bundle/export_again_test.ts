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

Deno.test("the parts of a bundle are meant by their names where an older whole one lies beside them", async () => {
  await using scene = await openFilled();
  const path = await scene.export("bundle.tar");
  await scene.put("files/three");
  await scene.export("bundle.tar", "--part-size", "20000");
  const list = async (named: string) => (await scene.bundle("inside", "ls", named)).stdout.trim().split("\n").length;
  assert.deepEqual([await list(path), await list(`${path}.parts.json`), await list(`${path}.001`)], [2, 3, 3]);
});
