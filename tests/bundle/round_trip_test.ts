import assert from "node:assert/strict";
import { cachedEntries } from "../../src/inventory/cached_entries.ts";
import { addPins, readPins } from "../../src/inventory/pins.ts";
import { bytesOf, selectorOf, sha256Of } from "../support/store_fixture.ts";
import { BundleScene } from "./bundle_scene.ts";

async function openFilled(): Promise<BundleScene> {
  const scene = await BundleScene.open();
  await scene.put("files/a/one.bin", { sizeBytes: 300_000 });
  await scene.put("files/a/same.bin", { body: "files/a/one.bin", sizeBytes: 300_000 });
  await scene.put("files/a/empty", { sizeBytes: 0 });
  await scene.put("pypi/simple/requests/");
  await scene.put("pypi/files/https/f.example.com/requests-1.whl", { sizeBytes: 5000 });
  await scene.put("docker/@default/library/alpine/manifests/3.20");
  await scene.put("debian/;releases/dists/stable/InRelease");
  return scene;
}

for (const name of ["bundle.tar", "bundle.tar.gz", "folder/"]) {
  Deno.test(`what is exported to ${name} is there after the import, byte for byte`, async () => {
    await using scene = await openFilled();
    const path = await scene.export(name);
    const { code, stderr } = await scene.bundle("inside", "import", path);
    assert.deepEqual([code, stderr], [0, "Warning: nobody vouches for this bundle: it is not signed\n"]);
    assert.deepEqual(await scene.names(), await scene.names(scene.outside.root));
    const [outside, inside] = [scene.outside.root, scene.insideDir].map((dir) => cachedEntries(dir));
    const facts = (entries: AsyncIterable<object>) =>
      Array.fromAsync(entries, (entry) => ({ ...entry, verifiedFile: undefined }));
    assert.deepEqual(await facts(inside!), await facts(outside!));
    const { sha256 } = (await Array.fromAsync(cachedEntries(scene.insideDir, { prefix: "files/a/one" })))[0]!;
    const stored = Deno.readFileSync(`${scene.insideDir}/blobs/sha256/${sha256.slice(0, 2)}/${sha256}`);
    assert.deepEqual(stored, bytesOf("files/a/one.bin", 300_000));
  });
}

Deno.test("a whole bundle is verified", async () => {
  await using scene = await openFilled();
  const path = await scene.export("bundle.tar.gz");
  const verified = await scene.bundle("inside", "verify", path);
  assert.equal(verified.code, 0, verified.stderr);
});

Deno.test("an empty configuration of an image, which every bundle has anyway, is stored where an entry has it", async () => {
  await using scene = await BundleScene.open();
  const selector = { ...selectorOf("/docker/config"), backend: "files" };
  const bytes = new TextEncoder().encode("{}");
  await scene.outside.put(selector, bytes);
  await scene.bundle("inside", "import", await scene.export("bundle.tar"));
  assert.deepEqual(await scene.names(), ["files/docker/config"]);
  const blob = `${scene.insideDir}/blobs/sha256/44/${sha256Of(bytes)}`;
  assert.equal(Deno.readTextFileSync(blob), "{}");
});

Deno.test("variants of a key are found after the import as before", async () => {
  await using scene = await BundleScene.open();
  for (const language of ["de", "en", "fr"]) {
    await scene.put("files/page", { body: language, entry: { selectedBy: [["accept-language", language]] } });
  }
  await scene.bundle("inside", "import", await scene.export("bundle.tar"));
  const selected = async (dir: string) =>
    (await Array.fromAsync(cachedEntries(dir))).map(({ selectedBy }) => selectedBy[0]![1]);
  assert.deepEqual(await selected(scene.insideDir), await selected(scene.outside.root));
  assert.equal((await selected(scene.insideDir))[0], "fr");
});

Deno.test("a newer entry inside stays, and an older one is replaced", async () => {
  await using scene = await BundleScene.open();
  const at = Date.now();
  await scene.put("files/mine", { body: "old", entry: { validatedAt: at - 1000 } });
  await scene.put("files/theirs", { body: "old", entry: { validatedAt: at - 1000 } });
  const old = await scene.export("old.tar");
  await scene.put("files/theirs", { body: "new", entry: { validatedAt: at } });
  await scene.bundle("inside", "import", await scene.export("new.tar"));
  await scene.bundle("inside", "import", old);
  const bodies = await Array.fromAsync(cachedEntries(scene.insideDir), ({ key, sha256 }) => [key, sha256]);
  assert.deepEqual(bodies, [["/mine", sha256Of(bytesOf("old"))], ["/theirs", sha256Of(bytesOf("new"))]]);
});

Deno.test("an export takes what patterns and backends choose", async () => {
  await using scene = await openFilled();
  const path = await scene.export("bundle.tar", "*.whl", "debian/**", "--backend", "pypi");
  await scene.bundle("inside", "import", path);
  assert.deepEqual(await scene.names(), ["pypi/files/https/f.example.com/requests-1.whl"]);
});

Deno.test("equal content gives equal bytes, but for the id and the time of the bundle", async () => {
  await using scene = await openFilled();
  const [a, b] = [await scene.export("a.tar"), await scene.export("b.tar")].map((path) => Deno.readFileSync(path));
  assert.equal(a!.byteLength, b!.byteLength);
  const differing = a!.filter((byte, at) => byte !== b![at]).byteLength;
  assert.ok(differing > 0 && differing < 64, String(differing));
});

Deno.test("an entry whose body is gone is left out, and a damaged body stops the export", async () => {
  await using scene = await openFilled();
  const gone = await scene.put("files/gone");
  const damaged = await scene.put("files/damaged");
  await scene.outside.restartAfter(() => Deno.removeSync(scene.outside.blobPath(gone.sha256)));
  const whole = await scene.bundle("outside", "export", scene.path("bundle.tar"), "--dry-run");
  assert.match(whole.stdout, /Left out, since their bodies are not in the cache: 1 entry\n/);
  Deno.writeFileSync(scene.outside.blobPath(damaged.sha256), bytesOf("other"));
  const { code, stderr } = await scene.bundle("outside", "export", scene.path("bundle.tar"));
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`1 body in the cache is damaged.*verify --repair.*\\n  sha256:${damaged.sha256}`));
  assert.deepEqual([...Deno.readDirSync(scene.path("."))].filter(({ name }) => name.startsWith("bundle")), []);
});

Deno.test("backends that are not configured inside are named with the lines that would serve them", async () => {
  await using scene = await openFilled();
  scene.writeConfig("inside", scene.insideDir, {
    served: 'backends: [{ type: http, name: mirror, config: { base_url: "https://files.example.com" } }]',
  });
  const path = await scene.export("bundle.tar");
  const { code, stderr } = await scene.bundle("inside", "import", path, "--map", "files=mirror");
  assert.equal(code, 1);
  assert.match(stderr, /1 entry of backend "debian".*--map debian=NAME/);
  assert.match(stderr, /- type: apt\n {4}name: debian\n {4}config:\n {6}prefix: \/debian\n {6}mirror_url:\n/);
  assert.deepEqual(await scene.names(), ["mirror/a/empty", "mirror/a/one.bin", "mirror/a/same.bin"]);
});

Deno.test("the limits of the cache are checked before, with the figures", async () => {
  await using scene = await openFilled();
  const path = await scene.export("bundle.tar");
  scene.writeConfig("inside", scene.insideDir, { top: "cache_max_size: 200KB" });
  const { code, stderr } = await scene.bundle("inside", "import", path);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /its new bodies take 300\.8 KiB,.*cache_max_size is 195\.3 KiB, 0 bytes are in use.*are lacking/,
  );
  assert.deepEqual(scene.files(), []);
});

Deno.test("a dry run says what is new and stores nothing", async () => {
  await using scene = await openFilled();
  const path = await scene.export("bundle.tar");
  const { code, stdout } = await scene.bundle("inside", "import", path, "--dry-run");
  assert.equal(code, 0);
  assert.match(stdout, /^Would import .*: 6 new bodies, 300\.8 KiB; 0 bodies, 0 bytes, were there already\n$/);
  assert.deepEqual(scene.files(), []);
});

Deno.test("pins of backends that are served are carried, also to one of another name; those of any only with trust", async () => {
  await using scene = await openFilled();
  for (const pin of ["files/a/*", "docker/**", "*.whl"]) await addPins(scene.outside.root, [pin]);
  scene.writeConfig("inside", scene.insideDir, {
    served: 'backends: [{ type: http, name: mirror, config: { base_url: "https://files.example.com" } }]',
  });
  await scene.bundle("outside", "key", "new", scene.path("vault"));
  const path = await scene.export("bundle.tar", "files/**", "--sign", scene.path("vault.pem"));
  const pinned = () => readPins(scene.insideDir).map(({ pattern }) => pattern);
  await scene.bundle("inside", "import", path, "--map", "files=mirror");
  assert.deepEqual(pinned(), ["mirror/a/*"]);
  await scene.bundle("inside", "import", path, "--map", "files=mirror", "--trust", scene.path("vault.pub.pem"));
  assert.deepEqual(pinned(), ["mirror/a/*", "*.whl"]);
});

Deno.test("pins of backends that are not exported are not carried", async () => {
  await using scene = await openFilled();
  for (const pin of ["files/a/*", "docker/**", "*.whl"]) await addPins(scene.outside.root, [pin]);
  await scene.bundle("inside", "import", await scene.export("bundle.tar", "--backend", "files"));
  assert.deepEqual(readPins(scene.insideDir).map(({ pattern }) => pattern), ["files/a/*"]);
});
