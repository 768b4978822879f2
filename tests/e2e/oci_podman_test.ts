import assert from "node:assert/strict";
import { checkMirror } from "../support/check_mirror.ts";
import { createMirrorScene } from "../support/mirror_scene.ts";
import { canIsolate } from "../support/netns.ts";
import { createLargeLayer, hostArchitecture, platformOf } from "../support/oci_image.ts";
import { createPodman } from "../support/podman.ts";
import { missingPrograms } from "../support/programs.ts";

const ignore = missingPrograms("docker-registry", "busybox").length > 0 || !await canIsolate("podman", "runc");

Deno.test(
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

Deno.test(
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
