// What the README promises first: from the executable to an image in three commands.
import assert from "node:assert/strict";
import { canIsolate, createNetns } from "../support/netns.ts";
import { startDockerd } from "../support/oci/dockerd.ts";
import { createOciScene } from "../support/oci/scene.ts";
import { missingPrograms } from "../support/programs.ts";
import { runToSuccess } from "../support/run_command.ts";
import { ServerProcess } from "../support/server_process.ts";
import { oldRuntimeAllowed, projectRoot, vaultEnvironment, vaultExecutable } from "../support/vault_process.ts";

const canPull = missingPrograms("docker-registry", "busybox").length === 0 &&
  await canIsolate("dockerd", "docker", "containerd");

Deno.test({
  name: "from the executable to the first image: the README's three commands, unchanged",
  ignore: vaultExecutable === null || !canPull,
}, async () => {
  const readme = await Deno.readTextFile(`${projectRoot}/README.md`);
  const [, block = ""] = /^## Start\n[\s\S]*?^```sh\n([\s\S]*?)^```/m.exec(readme) ?? [];
  const [makeRunnable = "", start = "", pull = "", ...others] = block.trim().split("\n");
  assert.deepEqual(others, []);
  await using scene = await createOciScene();
  await scene.publish({ message: "README" }, "library/alpine:latest");
  await using netns = await createNetns();
  await netns.expose(scene.upstream.url);
  await using dockerd = await startDockerd({ netns });
  const cwd = scene.dir.join("downloads");
  await Deno.mkdir(cwd);
  await Deno.copyFile(vaultExecutable!, `${cwd}/artifact-vault`);
  await Deno.chmod(`${cwd}/artifact-vault`, 0o644);
  // The only thing that is not as the reader has it: a stand-in for Docker Hub.
  await Deno.writeTextFile(`${cwd}/config.yml`, JSON.stringify({ cache_min_free: 0, backends: [scene.hub()] }));

  await runToSuccess(["sh", "-c", `cd ${cwd} && ${makeRunnable}`]);
  const command = netns.enter(["sh", "-c", `exec ${start} ${oldRuntimeAllowed}`]);
  await using vault = new ServerProcess(command, { cwd, env: vaultEnvironment(), clearEnv: true });
  await vault.waitForLine(/listening on http:\/\/127\.0\.0\.1:8080/);
  const { code, stderr } = await dockerd.docker(...pull.split(" ").slice(1));
  assert.equal(code, 0, stderr);
  await vault.waitForLine(/cache miss hub .*\/manifests\/latest 200/);
  const written = [...Deno.readDirSync(cwd)].map(({ name }) => name).sort();
  assert.deepEqual(written, ["artifact-vault", "cache", "config.yml"], "the vault writes nothing but its cache");
});
