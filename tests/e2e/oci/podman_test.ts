import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { checkMirror } from "../../support/oci/check_mirror.ts";
import { createMirrorScene } from "../../support/oci/mirror_scene.ts";
import { canIsolate } from "../../support/netns.ts";
import { createLargeLayer, hostArchitecture, platformOf } from "../../support/oci/image.ts";
import { Pattern } from "../../support/pattern.ts";
import { createPodman } from "../../support/oci/podman.ts";
import { missingPrograms } from "../../support/programs.ts";
import { testInTurn } from "../../support/thorough.ts";

const ignore = missingPrograms("docker-registry", "busybox").length > 0 || !await canIsolate("podman", "runc");

testInTurn(
  { name: "podman pulls through a mirror with a path, also without upstream, and runs the image", ignore },
  async () => {
    await using mirror = await createMirrorScene();
    const { scene, netns, address } = mirror;
    await using podman = await createPodman({ netns, mirrors: { "docker.io": [`${address}/mirror`] } });
    const layers = [await createLargeLayer(scene.layout, 200_000_000)];
    await checkMirror(mirror, podman, { large: { message: "big", layers }, keys: { prefix: "/mirror" } });
    assert.equal((await podman.run("docker.io/library/app:1")).trim(), `new on ${hostArchitecture}`);
  },
);

testInTurn(
  { name: "podman pulls by digest through a mirror without a path, and other registries by name", ignore },
  async () => {
    await using mirror = await createMirrorScene();
    const { scene, netns, address } = mirror;
    const mirrors = { "docker.io": [address], "registry.example": [`${address}/registry.example`] };
    await using podman = await createPodman({ netns, mirrors });
    const image = await scene.publish({ message: "one" }, "library/app:1");
    const { manifest } = platformOf(image);
    await using _vault = await mirror.startVault([scene.hub({ names: ["registry.example"] })]);

    for (
      const name of [`docker.io/library/app@${image.root.digest}`, `registry.example/library/app@${manifest.digest}`]
    ) {
      const { code, stderr } = await podman.pull(name);
      assert.equal(code, 0, stderr);
      assert.equal((await podman.run(name)).trim(), `one on ${hostArchitecture}`);
    }
  },
);

testInTurn({
  name: "podman brings a zstd:chunked image up to date by the files that have changed",
  ignore,
}, async () => {
  await using mirror = await createMirrorScene();
  const { scene: { dir, registry, hub }, netns, address } = mirror;
  await netns.expose(registry.url);
  const pushedTo = new URL(registry.url).host;
  await using podman = await createPodman({
    netns,
    mirrors: { "docker.io": [address] },
    insecure: [pushedTo],
    partialPulls: true,
  });
  const folder = dir.join("root");
  await Deno.mkdir(folder);
  await Deno.copyFile("/bin/busybox", `${folder}/busybox`);
  const write = (file: number, seed: number) =>
    Deno.writeFile(`${folder}/${file}.bin`, new Pattern(500_000, seed).bytes());
  for (let file = 0; file < 10; file++) await write(file, file);
  await podman.publishFolder(folder, `${pushedTo}/library/app:1`);
  for (const file of [3, 6]) await write(file, 100 + file);
  await podman.publishFolder(folder, `${pushedTo}/library/app:2`);
  await podman.removeImages();

  await using vault = await mirror.startVault([hub()]);
  for (const tag of ["1", "2"]) {
    const { code, stderr } = await podman.pull(`docker.io/library/app:${tag}`);
    assert.equal(code, 0, stderr);
  }
  const manifest = await fetch(vault.url("/v2/library/app/manifests/2"));
  const { layers: [{ digest, size }] } = await manifest.json();
  const [, bytes] = await vault.waitForLine(new RegExp(`/blobs/${digest} 206 (\\d{7,}) bytes`));
  assert.ok(Number(bytes) < 1_100_000, `${bytes} of ${size} bytes were sent for two files of 500,000`);
  const listed = await podman.run("docker.io/library/app:2", "/busybox", "sha256sum", "/3.bin", "/4.bin");
  const sums = [103, 4].map((seed) => createHash("sha256").update(new Pattern(500_000, seed).bytes()).digest("hex"));
  assert.deepEqual(listed.match(/^\w+/gm), sums);
});
