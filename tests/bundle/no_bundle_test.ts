import assert from "node:assert/strict";
import { BundleScene } from "./bundle_scene.ts";
import { craftBundle } from "./craft_bundle.ts";

const layout = '{"imageLayoutVersion":"1.0.0"}';

/** Makes things that are no bundles; returns what each is, by its path. */
async function makeOthers(scene: BundleScene): Promise<Map<string, string>> {
  Deno.mkdirSync(scene.path("notes"));
  Deno.mkdirSync(scene.path("layout"));
  Deno.writeTextFileSync(scene.path("layout/oci-layout"), layout);
  Deno.writeTextFileSync(scene.path("layout/index.json"), '{"schemaVersion":2,"manifests":[]}');
  Deno.writeTextFileSync(scene.path("empty.tar"), "");
  Deno.writeTextFileSync(scene.path("short.txt"), "a few words");
  Deno.writeTextFileSync(scene.path("long.txt"), "words\n".repeat(1000));
  Deno.writeTextFileSync(scene.path("notes/a"), "a");
  const args = ["-cf", scene.path("notes.tar"), "-C", scene.path("notes"), "a"];
  assert.ok((await new Deno.Command("tar", { args }).output()).success);
  return new Map([
    [scene.path("notes"), "a directory without oci-layout and index.json"],
    [scene.path("layout"), "an OCI image layout that another program has made"],
    [scene.path("empty.tar"), "an empty file"],
    [scene.path("short.txt"), "a file that is no archive"],
    [scene.path("long.txt"), "a file that is no archive"],
    [scene.path("notes.tar"), "an archive that another program has made"],
  ]);
}

Deno.test("ls and verify say of what is no bundle what it is, and what they want", async () => {
  await using scene = await BundleScene.open();
  for (const [path, what] of await makeOthers(scene)) {
    for (const [command, verb] of [["ls", "list"], ["verify", "verify"]] as const) {
      const { code, stderr } = await scene.bundle("inside", command, path);
      assert.equal(code, 1);
      assert.equal(
        stderr,
        `Cannot ${verb} "${path}": it is ${what}, and no bundle. A bundle is a file or a directory that artifact-vault ` +
          "bundle export has written, or the list of its parts, OUT.parts.json; what other programs have made can only " +
          "be imported\n",
      );
    }
  }
});

Deno.test("import says the same, and names what else it recognises", async () => {
  await using scene = await BundleScene.open();
  for (const [path, what] of await makeOthers(scene)) {
    const { code, stderr } = await scene.bundle("inside", "import", path);
    if (what.startsWith("an OCI image layout")) assert.match(stderr, /it is an OCI image layout, and nothing is in it/);
    else {assert.match(
        stderr,
        /, and no bundle\. |it is no bundle, and nothing else that is recognised: an OCI image layout/,
      );}
    if (/empty|no archive/.test(what)) {
      assert.equal(code, 1);
      assert.ok(stderr.startsWith(`Cannot import "${path}": it is ${what}, and no bundle. `), stderr);
      assert.match(stderr, /Imported are, besides: an OCI image layout; /);
    }
  }
});

Deno.test("a bundle that is damaged is still called one", async () => {
  await using scene = await BundleScene.open();
  const path = scene.path("b.tar");
  await craftBundle(path, [{ facts: [{ key: "/x" }] }]);
  const bytes = Deno.readFileSync(path);
  for (const length of [100, 700, bytes.byteLength - 1024]) {
    Deno.writeFileSync(path, bytes.subarray(0, length));
    const { stderr } = await scene.bundle("inside", "verify", path);
    assert.match(stderr, /^Cannot verify ".*b\.tar": it ends /, `${length} bytes`);
  }
});

Deno.test("of --map, a name that the bundle does not have is noted, and one that is not configured is refused", async () => {
  await using scene = await BundleScene.open();
  await craftBundle(scene.path("b.tar"), [{ backend: "page", facts: [{ key: "/x" }] }]);
  const noted = await scene.bundle("inside", "import", scene.path("b.tar"), "--map", "pgae=files");
  assert.match(noted.stderr, /^Note: --map pgae=files changes nothing: the bundle has entries of page only$/m);
  const refused = await scene.bundle("inside", "import", scene.path("b.tar"), "--map", "page=flies");
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /^--map: "flies" is not a backend of the configuration; there are files, pypi/);
  const mapped = await scene.bundle("inside", "import", scene.path("b.tar"), "--map", "page=files");
  assert.deepEqual([mapped.code, mapped.stderr.includes("Note:")], [0, false]);
});
