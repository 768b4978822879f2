import assert from "node:assert/strict";
import { createBuildah } from "../../support/oci/buildah.ts";
import { checkMirror } from "../../support/oci/check_mirror.ts";
import { createMirrorScene } from "../../support/oci/mirror_scene.ts";
import { canIsolate } from "../../support/netns.ts";
import { createLargeLayer, hostArchitecture } from "../../support/oci/image.ts";
import { missingPrograms } from "../../support/programs.ts";
import { testInTurn } from "../../support/thorough.ts";

const ignore = missingPrograms("docker-registry", "busybox").length > 0 || !await canIsolate("buildah");

testInTurn({ name: "buildah pulls through a mirror, also without upstream", ignore }, async () => {
  await using mirror = await createMirrorScene();
  const { scene, netns, address } = mirror;
  await using buildah = await createBuildah({ netns, mirrors: { "docker.io": [address] } });
  const layers = [await createLargeLayer(scene.layout, 20_000_000)];
  await checkMirror(mirror, buildah, { large: { message: "big", layers } });
});

testInTurn({ name: "buildah begins a container from an image of the vault", ignore }, async () => {
  await using mirror = await createMirrorScene();
  const { scene, netns, address } = mirror;
  await using buildah = await createBuildah({ netns, mirrors: { "docker.io": [`${address}/mirror`] } });
  const image = await scene.publish({ message: "base" }, "library/base:1");
  await using _vault = await mirror.startVault([scene.hub({ prefix: "/mirror" })]);

  const { code, stdout, stderr } = await buildah.from("base:1");
  assert.equal(code, 0, stderr);
  assert.equal(await buildah.digestOf("docker.io/library/base:1"), image.root.digest);
  const ran = await buildah.buildah("run", "--isolation=chroot", stdout.trim(), "cat", "/etc/message");
  assert.equal(ran.stdout.trim(), `base on ${hostArchitecture}`, ran.stderr);
});
