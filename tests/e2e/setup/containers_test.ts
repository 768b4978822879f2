import assert from "node:assert/strict";
import { join } from "node:path";
import { startContainerd } from "../../support/oci/containerd.ts";
import { createContainersTool } from "../../support/oci/containers_tool.ts";
import { startDockerd } from "../../support/oci/dockerd.ts";
import { createOciScene } from "../../support/oci/scene.ts";
import { canIsolate, createNetns, type Netns } from "../../support/netns.ts";
import { missingPrograms } from "../../support/programs.ts";
import { checkSetup, type Place, type SetupCase } from "../../support/setup/set_up.ts";
import { isThorough } from "../../support/thorough.ts";

const image = "docker.io/library/app:1";
const ignore = !isThorough || missingPrograms("docker-registry", "busybox").length > 0 || !await canIsolate();

Deno.test({ name: "container programs pull through the vault by the settings of setup", ignore }, async (t) => {
  await using scene = await createOciScene();
  const { root: { digest } } = await scene.publish({ message: "one" }, "library/app:1");
  await using vault = await scene.startVault();
  await using netns = await createNetns();
  await netns.expose(vault.url(""));
  for (const one of await cases(netns, digest)) {
    await t.step(
      `${one.client} in ${one.file}, ${one.before === null ? "which is new" : "which is there"}`,
      async () => {
        await checkSetup(one, vault.url(""), (home) => one.file.startsWith("etc/") ? ["--root", home] : []);
      },
    );
  }
});

async function cases(netns: Netns, digest: string): Promise<SetupCase[]> {
  const [hasDocker, hasContainerd] = [await canIsolate("dockerd", "docker", "containerd"), await canIsolate("ctr")];
  const tools = missingPrograms("podman", "skopeo", "buildah");
  const hosts = "etc/containerd/certs.d/_default/hosts.toml";
  const registries = "containers/registries.conf.d/50-artifact-vault.conf";
  const pullByTools = async ({ home }: Place) => {
    for (const program of ["podman", "buildah", "skopeo"].filter((name) => !tools.includes(name))) {
      await using tool = await createContainersTool(program, { netns, home });
      const { policy } = tool;
      if (program === "skopeo") await tool.must("--policy", policy, "inspect", "--raw", `docker://${image}`);
      else await tool.must("pull", "--signature-policy", policy, image);
    }
  };
  return [
    {
      client: "docker",
      file: "etc/docker/daemon.json",
      before: '{\r\n\t"debug": false\r\n}',
      isCommandsOnly: true,
      ...hasDocker && {
        async use({ home }: Place) {
          await using dockerd = await startDockerd({ netns, configFile: join(home, "etc/docker/daemon.json") });
          assert.equal(await dockerd.pullDigest("app:1"), digest, dockerd.output);
        },
      },
    },
    { client: "docker", file: "etc/docker/daemon.json", before: null },
    {
      ...{ client: "containerd", file: hosts, before: null },
      ...hasContainerd && {
        async use({ home }: Place) {
          await using containerd = await startContainerd({ netns, hostsFolder: join(home, hosts, "../..") });
          const { code, stderr } = await containerd.pull(image);
          assert.deepEqual([code, await containerd.digestOf(image)], [0, digest], stderr);
        },
      },
    },
    { client: "podman", file: `.config/${registries}`, before: null, args: ["--user"], use: pullByTools },
    { client: "podman", file: `etc/${registries}`, before: null },
    {
      ...{ client: "k3s", file: "etc/rancher/k3s/registries.yaml", isCommandsOnly: true },
      before: "# mine\nmirrors:\n  quay.io:\n    endpoint:\n      - http://127.0.0.1:9\n",
    },
    { client: "rke2", file: "etc/rancher/rke2/registries.yaml", before: null },
    { client: "buildkit", file: "etc/buildkit/buildkitd.toml", before: "# mine\ndebug = true\n" },
  ];
}
