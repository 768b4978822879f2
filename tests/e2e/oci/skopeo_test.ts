import assert from "node:assert/strict";
import { checkMirror, type MirrorClient } from "../../support/oci/check_mirror.ts";
import { sha256OfFile } from "../../support/clients.ts";
import { flipByte } from "../../support/counting_proxy.ts";
import { startLayoutRegistry } from "../../support/oci/layout_registry.ts";
import { createMirrorScene } from "../../support/oci/mirror_scene.ts";
import { canIsolate } from "../../support/netns.ts";
import {
  blobsOf,
  createArtifact,
  createImage,
  createLargeLayer,
  type Image,
  type ImageOptions,
} from "../../support/oci/image.ts";
import type { Descriptor, OciLayout } from "../../support/oci/layout.ts";
import { missingPrograms } from "../../support/programs.ts";
import { createSkopeo, type Skopeo } from "../../support/oci/skopeo.ts";
import { testInTurn } from "../../support/thorough.ts";

const ignore = missingPrograms("docker-registry", "busybox").length > 0 || !await canIsolate("skopeo");

testInTurn({ name: "skopeo copies all platforms through a mirror, also without upstream", ignore }, async () => {
  await using mirror = await createMirrorScene();
  const { scene, netns, address } = mirror;
  await using skopeo = await createSkopeo({ netns, mirrors: { "docker.io": [address] } });
  const layers = [await createLargeLayer(scene.layout, 20_000_000)];
  await checkMirror(mirror, copying(skopeo), { large: { message: "big", layers }, allPlatforms: true });
});

testInTurn({ name: "skopeo copies from a project of a registry that stands for the Hub", ignore }, async () => {
  await using mirror = await createMirrorScene();
  const { scene, scene: { upstream }, netns, address } = mirror;
  await using skopeo = await createSkopeo({ netns, mirrors: { "docker.io": [address] } });
  const project = { registry_url: `${upstream.url}/v2/hub`, official_images: "bare", tag_ttl: "0s" };
  await using _vault = await mirror.startVault([scene.hub(project)]);
  const image = await scene.publish({ message: "in a project" }, "hub/app:1");
  const { code, stderr, directory } = await skopeo.copy("docker.io/library/app:1", "--all");
  assert.equal(code, 0, stderr);
  assertCopied(directory, scene.layout, filesOf(image));
  assert.ok(upstream.lines.every((line) => line.includes(" /v2/hub/app/")), upstream.lines.join(", "));
});

testInTurn({ name: "skopeo's copies are what was pushed, byte for byte", ignore }, async (t) => {
  await using mirror = await createMirrorScene();
  const { scene, scene: { layout }, netns, address } = mirror;
  await using skopeo = await createSkopeo({ netns, mirrors: { "docker.io": [`${address}/mirror`] } });
  await using _vault = await mirror.startVault([scene.hub({ prefix: "/mirror" })]);
  const zstd = await layout.addLayer({ "etc/zstd": "packed by zstd" }, { compression: "zstd" });
  const cases: [string, ImageOptions][] = [
    ["OCI's media types", { message: "oci" }],
    ["Docker's media types", { message: "docker", format: "docker" }],
    ["a zstd layer", { message: "zstd", layers: [zstd] }],
    ["no index", { message: "bare", architectures: ["arm64"] }],
  ];
  for (const [index, [name, options]] of cases.entries()) {
    await t.step(name, async () => {
      const image = await scene.publish(options, `library/app:${index}`);
      const { code, stderr, directory } = await skopeo.copy(`docker.io/library/app:${index}`, "--all");
      assert.equal(code, 0, stderr);
      assertCopied(directory, layout, filesOf(image));
    });
  }
});

testInTurn({ name: "skopeo inspects and lists in every form of a name", ignore }, async (t) => {
  await using mirror = await createMirrorScene();
  const { scene, scene: { layout }, netns, address } = mirror;
  await using skopeo = await createSkopeo({ netns, insecure: [address] });
  const image = await scene.publish({ message: "one" }, "team/app:1", "team/app:2");
  const other = await createImage(layout, { message: "other" });
  const tags = Object.fromEntries(["a", "b", "c", "d", "e"].map((tag) => [`team/app:${tag}`, other.root]));
  const manifests = other.platforms.map(({ manifest }) => manifest);
  await using registry = startLayoutRegistry(layout, { tags, manifests, pageSize: 2 });
  const config = { registry_url: registry.url, names: ["registry.example"] };
  await using _vault = await mirror.startVault([scene.hub(), { type: "oci", name: "other", config }]);
  const forms: [string, Image, string[]][] = [
    ["team/app", image, ["1", "2"]],
    ["hub/team/app", image, ["1", "2"]],
    ["docker.io/team/app", image, ["1", "2"]],
    ["other/team/app", other, ["a", "b", "c", "d", "e"]],
    ["registry.example/team/app", other, ["a", "b", "c", "d", "e"]],
  ];
  for (const [form, { root }, tags] of forms) {
    await t.step(form, async () => {
      const repository = `${address}/${form}`;
      const listed = await skopeo.listTags(repository);
      assert.deepEqual(sortedTags(JSON.parse(listed.stdout).Tags), tags, listed.stderr);
      const inspected = await skopeo.inspect(`${repository}:${tags[0]}`);
      const { Digest, RepoTags } = JSON.parse(inspected.stdout);
      assert.deepEqual([Digest, sortedTags(RepoTags)], [root.digest, tags], inspected.stderr);
      const raw = await skopeo.inspect(`${repository}:${tags[0]}`, "--raw");
      assert.equal(raw.stdout, Deno.readTextFileSync(layout.pathOf(root.digest)), raw.stderr);
    });
  }
});

testInTurn({ name: "skopeo copies an artifact that the referrers of an image list", ignore }, async () => {
  await using mirror = await createMirrorScene();
  const { scene, scene: { layout }, netns, address } = mirror;
  await using skopeo = await createSkopeo({ netns, mirrors: { "docker.io": [address] } });
  const image = await createImage(layout, { message: "one" });
  const signature = createArtifact(layout, image.root, {
    type: "application/vnd.example.signature",
    content: "signed",
  });
  const content = { tags: { "team/app:1": image.root }, manifests: [signature.manifest] };
  await using registry = startLayoutRegistry(layout, content);
  await using vault = await mirror.startVault([scene.hub({ registry_url: registry.url })]);

  const referrers = await fetch(vault.url(`/v2/team/app/referrers/${image.root.digest}`));
  assert.equal(referrers.headers.get("content-type"), "application/vnd.oci.image.index.v1+json");
  const { manifests } = await referrers.json() as { manifests: Descriptor[] };
  assert.deepEqual(manifests.map(({ digest }) => digest), [signature.manifest.digest]);
  const { code, stderr, directory } = await skopeo.copy(`docker.io/team/app@${signature.manifest.digest}`);
  assert.equal(code, 0, stderr);
  assertCopied(directory, layout, filesOf({ layout, root: signature.manifest, platforms: [signature] }));
});

testInTurn({ name: "content by sha512 is checked, kept and served as any other", ignore }, async () => {
  await using mirror = await createMirrorScene();
  const { scene, scene: { layout }, netns, address } = mirror;
  await using skopeo = await createSkopeo({ netns, mirrors: { "docker.io": [address] } });
  const image = await createImage(layout, { message: "one", algorithm: "sha512" });
  const manifests = image.platforms.map(({ manifest }) => manifest);
  await using registry = startLayoutRegistry(layout, { tags: { "team/app:1": image.root }, manifests });
  await using vault = await mirror.startVault([scene.hub({ registry_url: registry.url })]);
  const contents = [
    ...[image.root, ...manifests].map(({ digest }) => ({ path: `/v2/team/app/manifests/${digest}`, digest })),
    ...blobsOf(image).map(({ digest }) => ({ path: `/v2/team/app/blobs/${digest}`, digest })),
  ];
  const fetchAll = async () => {
    for (const { path, digest } of contents) {
      const response = await fetch(vault.url(path));
      assert.equal(response.headers.get("docker-content-digest"), digest);
      assert.deepEqual(await response.bytes(), Deno.readFileSync(layout.pathOf(digest)));
    }
  };

  registry.fault = flipByte(image.root.digest, 100);
  const damaged = await fetch(vault.url(`/v2/team/app/manifests/${image.root.digest}`));
  const complete = damaged.bytes().then(() => damaged.ok, () => false);
  assert.equal(await complete, false, "other content does not come as that of the digest");
  registry.fault = null;
  await fetchAll();
  await registry.refuse();
  await fetchAll();
  // Debian's skopeo compares digests by SHA-256 only where it copies.
  const raw = await skopeo.inspect(`docker.io/team/app@${image.root.digest}`, "--raw");
  assert.equal(raw.stdout, Deno.readTextFileSync(layout.pathOf(image.root.digest)), raw.stderr);
});

/** A client whose images are the copies it has made. */
function copying(skopeo: Skopeo): MirrorClient {
  const directories = new Map<string, string>();
  return {
    async pull(image) {
      const { directory, ...result } = await skopeo.copy(image, "--all");
      directories.set(image, directory);
      return result;
    },
    digestOf: async (image) => `sha256:${await sha256OfFile(`${directories.get(image)}/manifest.json`)}`,
    removeImages() {
      directories.clear();
      return Promise.resolve();
    },
  };
}

/** Debian's registry lists tags in the order of its file system. */
function sortedTags(tags: readonly string[]): string[] {
  return tags.toSorted();
}

/** What a copy has of an image, by the names of files: digests. */
function filesOf(image: Image): Map<string, string> {
  const platforms = image.platforms.filter(({ manifest }) => manifest !== image.root);
  return new Map([
    ["manifest.json", image.root.digest],
    ...platforms.map(({ manifest: { digest } }) => [`${hexOf(digest)}.manifest.json`, digest] as const),
    ...blobsOf(image).map(({ digest }) => [hexOf(digest), digest] as const),
  ]);
}

function assertCopied(directory: string, layout: OciLayout, files: ReadonlyMap<string, string>): void {
  const copied = [...Deno.readDirSync(directory)].map(({ name }) => name).filter((name) => name !== "version");
  assert.deepEqual(copied.sort(), [...files.keys()].sort());
  for (const [name, digest] of files) {
    assert.deepEqual(Deno.readFileSync(`${directory}/${name}`), Deno.readFileSync(layout.pathOf(digest)), name);
  }
}

function hexOf(digest: string): string {
  return digest.slice(digest.indexOf(":") + 1);
}
