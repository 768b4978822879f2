import assert from "node:assert/strict";
import { sha256Of } from "../support/store_fixture.ts";
import { BundleScene } from "./bundle_scene.ts";

Deno.test("an export of nothing writes no bundle, and one of nothing new does", async () => {
  await using scene = await BundleScene.open();
  const empty = await scene.bundle("outside", "export", scene.path("bundle.tar"));
  assert.deepEqual([empty.code, empty.stderr], [1, "Wrote no bundle: nothing is cached\n"]);
  await scene.put("files/one");
  for (const options of [[], ["--dry-run"]]) {
    const args = [scene.path("bundle.tar"), "nope/**", ...options];
    const { code, stderr } = await scene.bundle("outside", "export", ...args);
    assert.equal(code, 1);
    assert.match(stderr, /^Wrote no bundle: nothing that is cached matches nope\/\*\*; artifact-vault cache ls shows/);
  }
  const { stderr } = await scene.bundle("outside", "export", scene.path("bundle.tar"), "files/!(one)");
  assert.match(stderr, / matches files\/!\(one\); "files\/!\(one\)": "!\(" means nothing in a pattern/);
  assert.deepEqual([...Deno.readDirSync(scene.path("."))].filter(({ name }) => name.startsWith("bundle")), []);
  const first = await scene.export("first.tar");
  assert.equal((await scene.bundle("outside", "export", scene.path("second.tar"), "--since", first)).code, 0);
});

Deno.test("what is cached of backends that the configuration does not name is left out, and named", async () => {
  await using scene = await BundleScene.open();
  await scene.put("files/one");
  await scene.put("former/two");
  const { code, stderr } = await scene.bundle("outside", "export", scene.path("bundle.tar"));
  assert.equal(code, 0);
  assert.match(stderr, /^Note: left out what the cache has of "former", which the configuration does not name/);
});

Deno.test("a bundle for --since that is missing is named", async () => {
  await using scene = await BundleScene.open();
  await scene.put("files/one");
  const args = ["export", scene.path("bundle.tar"), "--since", scene.path("nope.tar")];
  const { code, stderr } = await scene.bundle("outside", ...args);
  assert.equal(code, 2);
  assert.match(stderr, /^Cannot read ".*nope\.tar" for --since: there is no such file\n$/);
});

const layer = "a".repeat(1000);

async function putImage(scene: BundleScene, backend = "docker"): Promise<void> {
  const put = async (text: string, kind: string, type: string) => {
    const bytes = new TextEncoder().encode(text);
    const digest = `sha256:${sha256Of(bytes)}`;
    const key = kind === "blobs" ? `/@default/library/a/blobs/${digest}` : "/@default/library/a/manifests/1";
    const options = { url: "https://r.example.com/", headers: [["content-type", type]] as const };
    await scene.outside.put({ backend, key, requestHeaders: [] }, bytes, options);
    return { mediaType: type, digest, size: bytes.byteLength };
  };
  const config = await put("{}  ", "blobs", "application/vnd.oci.image.config.v1+json");
  const layers = [await put(layer, "blobs", "application/vnd.oci.image.layer.v1.tar")];
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  await put(JSON.stringify({ schemaVersion: 2, mediaType, config, layers }), "manifests", mediaType);
}

Deno.test("an image of which only the tag is chosen is said to be incomplete, and a whole one is not", async () => {
  await using scene = await BundleScene.open();
  await putImage(scene);
  const tag = await scene.bundle("outside", "export", scene.path("tag.tar"), "docker/**/manifests/1");
  assert.equal(tag.code, 0, tag.stderr);
  assert.match(
    tag.stderr,
    /^Incomplete: docker\.io\/library\/a:1\. .*choose that, too, as with "docker\/@default\/library\/a\/\*\*", or/,
  );
  const advised = await scene.bundle("outside", "export", scene.path("tag.tar"), "docker/@default/library/a/**");
  assert.deepEqual([advised.code, advised.stderr], [0, ""]);
  const all = await scene.bundle("outside", "export", scene.path("all.tar"));
  assert.deepEqual([all.code, all.stderr], [0, ""]);
  const rest = ["export", scene.path("b.tar"), "--since", scene.path("all.tar")];
  assert.equal((await scene.bundle("outside", ...rest)).stderr, "");
});

Deno.test("an increment that is not signed has an image whole that the other side has for another backend, for docker load", async () => {
  await using scene = await BundleScene.open();
  const backend = (name: string) => `  - { type: dockerhub, name: ${name}, config: { prefix: /${name} } }\n`;
  const served = `backends:\n${backend("docker")}${backend("mirror")}`;
  for (const [side, dir] of [["outside", scene.outside.root], ["inside", scene.insideDir]] as const) {
    scene.writeConfig(side, dir, { served });
  }
  await scene.bundle("outside", "key", "new", scene.path("vault"));
  await putImage(scene);
  const first = await scene.export("first.tar");
  await putImage(scene, "mirror");
  const loadable = async (name: string, ...args: string[]) => {
    const path = await scene.export(name, "--since", first, ...args);
    return Deno.readTextFileSync(path).includes('"RepoTags":["docker.io/library/a:1"]');
  };
  assert.equal(await loadable("signed.tar", "--sign", scene.path("vault.pem")), false);
  assert.equal(await loadable("second.tar"), true);
  for (const path of [first, scene.path("second.tar")]) {
    assert.equal((await scene.bundle("inside", "import", path)).code, 0);
  }
  assert.deepEqual(await scene.names(), await scene.names(scene.outside.root));
});
