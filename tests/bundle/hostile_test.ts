import assert from "node:assert/strict";
import { readPins } from "../../src/inventory/pins.ts";
import { cachedEntries } from "../../src/inventory/cached_entries.ts";
import { sha256Of } from "../support/store_fixture.ts";
import { BundleScene } from "./bundle_scene.ts";
import { craftBundle, type CraftedFact, type CraftedShard } from "./craft_bundle.ts";

async function importCrafted(scene: BundleScene, shards: readonly CraftedShard[], index = {}) {
  const path = scene.path(`${crypto.randomUUID()}.tar`);
  await craftBundle(path, shards, index);
  return await scene.bundle("inside", "import", path);
}

const text = (value: string) => new TextEncoder().encode(value);
const other = sha256Of(text("another body"));

for (
  const [what, backend, type, key] of [
    ["a blob of an image", "docker", "dockerhub", `/@default/org/app/blobs/sha256:${other}`],
    ["a manifest by its digest", "docker", "dockerhub", `/@default/org/app/manifests/sha256:${other}`],
    ["an index of packages", "debian", "apt", `/dists/stable/main/binary-amd64/by-hash/SHA256/${other}`],
  ] as const
) {
  Deno.test(`${what} with other bytes than its name says is refused, and nothing is kept`, async () => {
    await using scene = await BundleScene.open();
    const { code, stderr } = await importCrafted(scene, [{ backend, type, facts: [{ key, body: "wrong" }] }]);
    assert.equal(code, 1);
    assert.match(stderr, /under ".*" it has the body [0-9a-f]{64}/);
    assert.deepEqual(scene.files(), []);
  });

  Deno.test(`${what} with other bytes than its name says is no sound bundle, whatever is configured`, async () => {
    await using scene = await BundleScene.open();
    scene.writeConfig("inside", scene.insideDir, {
      served: 'backends: [{ type: http, name: other, config: { base_url: "https://other.example.com" } }]',
    });
    const path = scene.path("b.tar");
    await craftBundle(path, [{ backend, type, facts: [{ key, body: "wrong" }] }]);
    const verified = await scene.bundle("inside", "verify", path);
    assert.deepEqual([verified.code, verified.stdout], [1, ""]);
    assert.match(verified.stderr, /^Cannot verify .*: under ".*" it has the body [0-9a-f]{64}/);
    assert.match(
      (await scene.bundle("inside", "import", path)).stderr,
      /^Cannot import .*: under ".*" it has the body /,
    );
    assert.deepEqual(scene.files(), []);
  });
}

Deno.test("an export has no entry with other bytes than its name says, and names it", async () => {
  await using scene = await BundleScene.open();
  await scene.put(`docker/@default/org/app/blobs/sha256:${other}`);
  const { code, stderr } = await scene.bundle("outside", "export", scene.path("b.tar"));
  assert.equal(code, 1);
  assert.match(stderr, /^Cannot export: 1 entry in the cache has another body than its name says\. Remove it with /);
  assert.match(stderr, new RegExp(`^ *docker/@default/org/app/blobs/sha256:${other}$`, "m"));
  assert.ok(!scene.files().includes("b.tar"));
});

Deno.test("a body that is listed with two sizes is named with both", async () => {
  await using scene = await BundleScene.open();
  const path = scene.path("b.tar");
  await craftBundle(path, [{ facts: [{ key: "/a", body: "x" }, { key: "/b", body: "x", entry: { sizeBytes: 7 } }] }]);
  const wanted = new RegExp(`: it lists the body sha256:${sha256Of(text("x"))} with 1 and with 7 bytes\n$`);
  for (const command of ["verify", "import"]) {
    const { code, stderr } = await scene.bundle("inside", command, path);
    assert.equal(code, 1);
    assert.match(stderr, wanted);
  }
  assert.deepEqual(await scene.names(), []);
});

Deno.test("entries of one type of backend are not served by another one, also with --map", async () => {
  await using scene = await BundleScene.open();
  await craftBundle(scene.path("b.tar"), [{ backend: "page", type: "http", facts: [{ key: "/simple/requests/" }] }]);
  const mapped = await scene.bundle("inside", "import", scene.path("b.tar"), "--map", "page=pypi");
  assert.equal(mapped.code, 1);
  assert.match(mapped.stderr, /Left out: 1 entry of backend "page", which is of type http, and "pypi" is not/);
  assert.deepEqual(await scene.names(), []);
  const moved = await scene.bundle("inside", "import", scene.path("b.tar"), "--map", "page=files");
  assert.equal(moved.code, 0, moved.stderr);
});

Deno.test("a bundle that nobody vouches for gives no name to a body that only another backend has", async () => {
  await using scene = await BundleScene.open();
  await importCrafted(scene, [{ backend: "debian", type: "apt", facts: [{ key: "/private.deb", body: "private" }] }]);
  const bodyIn = crypto.randomUUID();
  const stealing = await importCrafted(scene, [{ facts: [{ key: "/mine", body: "private", bodyIn }] }]);
  assert.equal(stealing.code, 1);
  assert.match(
    stealing.stderr,
    /Left out: 1 entry with a body that the bundle does not have.*trusted key may name them/,
  );
  assert.deepEqual(await scene.names(), ["debian/private.deb"]);
  const facts = [{ key: "/same.deb", body: "private", bodyIn }];
  const own = await importCrafted(scene, [{ backend: "debian", type: "apt", facts }]);
  assert.equal(own.code, 0, own.stderr);
});

Deno.test("a directory without a body gives no name to it either, nor does an archive that is cut before it", async () => {
  await using scene = await BundleScene.open();
  await importCrafted(scene, [{ backend: "debian", type: "apt", facts: [{ key: "/private.deb", body: "private" }] }]);
  const stealing = [{ facts: [{ key: "/a", body: "a" }, { key: "/mine", body: "private" }] }];
  await craftBundle(scene.path("b.tar"), stealing);
  const bytes = Deno.readFileSync(scene.path("b.tar"));
  Deno.writeFileSync(scene.path("cut.tar"), bytes.subarray(0, bytes.byteLength - 1024 - 1024));
  assert.equal((await scene.bundle("inside", "import", scene.path("cut.tar"))).code, 1);
  assert.deepEqual(await scene.names(), ["debian/private.deb", "files/a"]);
});

for (const order of ["before", "behind"]) {
  Deno.test(`an entry whose body is elsewhere, and comes for another backend ${order} it, may name that body`, async () => {
    await using scene = await BundleScene.open();
    const shards: CraftedShard[] = [
      { facts: [{ key: "/here", body: "same" }] },
      { backend: "debian", type: "apt", facts: [{ key: "/same.deb", body: "same", bodyIn: crypto.randomUUID() }] },
    ];
    const { code, stderr } = await importCrafted(scene, order === "before" ? shards : shards.toReversed());
    assert.equal(code, 0, stderr);
    assert.deepEqual(await scene.names(), ["debian/same.deb", "files/here"]);
  });
}

const now = Date.now();
const inThreeDays = now + 3 * 24 * 3600 * 1000;
const future = { storedAt: inThreeDays, validatedAt: inThreeDays, generatedAt: inThreeDays };

Deno.test("times of an entry that are still to come are now, and it stays fresh for as long as it would have", async () => {
  await using scene = await BundleScene.open();
  await importCrafted(scene, [{ facts: [{ key: "/x", entry: { ...future, freshUntil: inThreeDays + 60_000 } }] }]);
  const [entry] = await Array.fromAsync(cachedEntries(scene.insideDir));
  const after = Date.now();
  for (const time of [entry!.storedAt, entry!.validatedAt, entry!.generatedAt]) assert.ok(time >= now && time <= after);
  assert.equal(entry!.freshUntil, entry!.validatedAt + 60_000);
});

const page = (language: string, validatedAt: number): CraftedFact => ({
  key: "/page",
  body: `${language} ${validatedAt}`,
  entry: { validatedAt, ...language !== "" && { selectedBy: [["accept-language", language]] } },
});

for (
  const [what, older, wanted] of [
    ["an older variant is found, and is not the newest", page("en", now - 1000), ["de", "en"]],
    ["an older entry that does not vary does not replace one that does", page("", now - 1000), ["de"]],
    ["a newer variant is the newest", page("en", now), ["en", "de"]],
  ] as const
) {
  Deno.test(`beside a variant that is there, ${what}`, async () => {
    await using scene = await BundleScene.open();
    await importCrafted(scene, [{ facts: [page("de", now - 500)] }]);
    assert.equal((await importCrafted(scene, [{ facts: [older] }])).code, 0);
    const found = await Array.fromAsync(cachedEntries(scene.insideDir), ({ selectedBy }) => selectedBy[0]?.[1]);
    assert.deepEqual(found, wanted);
  });
}

Deno.test("pins of a bundle that nobody vouches for are those of its backends alone, and are named", async () => {
  await using scene = await BundleScene.open();
  const pins = ["**", "*.whl", "**/x", "files/a/**", "nowhere/**"];
  const { stdout } = await importCrafted(scene, [{ facts: [{ key: "/x" }] }], { pins });
  assert.deepEqual(readPins(scene.insideDir).map(({ pattern }) => pattern), ["files/a/**"]);
  assert.match(stdout, /Pins of the other side that are new here: files\/a\/\*\*\n/);
});

Deno.test("a bundle whose facts have no room on the disk is refused before they are read", async () => {
  await using scene = await BundleScene.open();
  const shards = [{ sha256: other, sizeBytes: 2 ** 50 }];
  const { code, stderr } = await importCrafted(scene, [{ facts: [{ key: "/x" }] }], { shards });
  assert.equal(code, 1);
  assert.match(stderr, /^Cannot import .*: the disk of ".*" has .* free, and .* more of temporary files would fill it/);
  assert.deepEqual(scene.files(), []);
});

const fact = { key: "/x" };
const image = { mediaType: "application/vnd.oci.image.manifest.v1+json", name: "x:1", sha256: other, sizeBytes: 12 };
const sound = { facts: [fact] };

const malformed: [what: string, shards: readonly CraftedShard[], index: object][] = [
  ["a shard that comes twice", [sound, sound], {}],
  ["a shard that is not the first one", [{ ...sound, number: 2 }], {}],
  ["a URL with credentials", [{ facts: [{ ...fact, entry: { url: "https://u:p@files.example.com/x" } }] }], {}],
  ["an empty key", [{ facts: [{ key: "" }] }], {}],
  ["a key of any length", [{ facts: [{ key: `/${"x".repeat(20_000)}` }] }], {}],
  ["an image that no entry has", [sound], { images: [image] }],
];

for (const [what, shards, index] of malformed) {
  Deno.test(`a bundle with ${what} is refused, and nothing is kept`, async () => {
    await using scene = await BundleScene.open();
    const { code, stderr } = await importCrafted(scene, shards, index);
    assert.equal(code, 1);
    assert.match(stderr, /^Cannot import .* (?:malformed|out of order|none of its entries has)/);
    assert.deepEqual(scene.files(), []);
  });
}
