import assert from "node:assert/strict";
import { startContainerd } from "../../support/oci/containerd.ts";
import { createContainersTool } from "../../support/oci/containers_tool.ts";
import { startDockerd } from "../../support/oci/dockerd.ts";
import { createMirrorScene } from "../../support/oci/mirror_scene.ts";
import { createPodman } from "../../support/oci/podman.ts";
import { createSkopeo } from "../../support/oci/skopeo.ts";
import { canIsolate } from "../../support/netns.ts";
import { missingPrograms } from "../../support/programs.ts";
import { runToSuccess } from "../../support/run_command.ts";
import { testInTurn } from "../../support/thorough.ts";
import { runVault } from "../../support/vault_process.ts";

const ignore = missingPrograms("docker-registry", "busybox", "openssl", "tar").length > 0 ||
  !await canIsolate("skopeo", "podman", "containerd", "ctr", "dockerd", "docker");

testInTurn({ name: "skopeo, docker, podman and ctr read images straight from a bundle", ignore }, async (t) => {
  await using mirror = await createMirrorScene();
  const { scene, netns, address } = mirror;
  const name = "docker.io/library/app:1";
  const image = await scene.publish({ message: "carried" }, "library/app:1", "library/app:2");
  const other = await scene.publish({ message: "another", architectures: ["amd64", "arm64"] }, "tools/other:latest");
  {
    await using _vault = await mirror.startVault();
    await using skopeo = await createSkopeo({ netns, mirrors: { "docker.io": [address] } });
    for (const carried of ["library/app:1", "library/app:2", "tools/other:latest"]) {
      const { code, stderr } = await skopeo.copy(`docker.io/${carried}`, "--all");
      assert.equal(code, 0, stderr);
    }
  }
  const bundle = scene.dir.join("bundle.tar");
  const key = scene.dir.join("vault");
  const config = ["--config", scene.dir.join("config.yml")];
  await done(runVault(["bundle", "key", "new", key]));
  await done(runVault(["bundle", "export", bundle, "--sign", `${key}.pem`, ...config]));

  await t.step("skopeo copies all platforms from the file, and from what tar unpacks", async () => {
    await using skopeo = await createContainersTool("skopeo", { netns });
    const settings = ["--policy", skopeo.policy, "--registries-conf", skopeo.registries];
    const unpacked = scene.dir.join("unpacked");
    await Deno.mkdir(unpacked);
    await runToSuccess(["tar", "-xf", bundle, "-C", unpacked]);
    for (const [index, source] of [`oci-archive:${bundle}:${name}`, `oci:${unpacked}:${name}`].entries()) {
      const target = `${skopeo.path}/copy-${index}`;
      await skopeo.must(...settings, "copy", "--all", "--preserve-digests", source, `dir:${target}`);
      const digest = await skopeo.must(...settings, "manifest-digest", `${target}/manifest.json`);
      assert.equal(digest.trim(), image.root.digest);
    }
  });

  await t.step("docker loads the images of its platform", async () => {
    await using docker = await startDockerd({ netns });
    const { code, stdout, stderr } = await docker.docker("load", "--input", bundle);
    assert.equal(code, 0, stderr);
    for (const loaded of ["app:1", "app:2", "tools/other:latest"]) {
      const { code, stdout: text } = await docker.docker("image", "inspect", loaded);
      assert.equal(code, 0, `${loaded}: ${stdout}${text}`);
    }
  });

  await t.step("podman pulls an image out of the file, and loads all of them", async () => {
    await using podman = await createPodman({ netns });
    const { code, stderr } = await podman.pull(`oci-archive:${bundle}:${name}`);
    assert.equal(code, 0, stderr);
    assert.equal(await podman.digestOf(name), image.root.digest);
    await podman.removeImages();
    const loaded = await podman.podman("load", "--input", bundle);
    assert.equal(loaded.code, 0, loaded.stderr);
    for (const one of [name, "docker.io/library/app:2", "docker.io/tools/other:latest"]) {
      assert.notEqual(await podman.digestOf(one), null, `${one}: ${loaded.stdout}${loaded.stderr}`);
    }
  });

  await t.step("ctr imports every image", async () => {
    await using containerd = await startContainerd({ netns, hosts: {} });
    const { code, stderr } = await containerd.ctr("images", "import", "--snapshotter", "native", bundle);
    assert.equal(code, 0, stderr);
    assert.equal(await containerd.digestOf(name), image.root.digest);
    assert.equal(await containerd.digestOf("docker.io/tools/other:latest"), other.root.digest);
  });

  await t.step("openssl verifies the signature", async () => {
    const folder = scene.dir.join("signed");
    await Deno.mkdir(folder);
    await runToSuccess(["tar", "-xf", bundle, "-C", folder, "index.json", "index.json.sigstore.json"]);
    const { messageSignature } = JSON.parse(await Deno.readTextFile(`${folder}/index.json.sigstore.json`));
    const der = Uint8Array.from(atob(messageSignature.signature), (character) => character.charCodeAt(0));
    await Deno.writeFile(`${folder}/index.sig`, der);
    const verify = ["openssl", "dgst", "-sha256", "-verify", `${key}.pub.pem`, "-signature", `${folder}/index.sig`];
    assert.match(await runToSuccess([...verify, `${folder}/index.json`]), /Verified OK/);
  });
});

async function done(running: ReturnType<typeof runVault>): Promise<void> {
  const { code, stderr } = await running;
  assert.equal(code, 0, stderr);
}
