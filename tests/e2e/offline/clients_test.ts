import assert from "node:assert/strict";
import { aptPrograms, type AptScene, createAptScene } from "../../support/apt/scene.ts";
import { curl } from "../../support/clients.ts";
import { startContainerd } from "../../support/oci/containerd.ts";
import { startDockerd } from "../../support/oci/dockerd.ts";
import { hostArchitecture, type PlatformImage } from "../../support/oci/image.ts";
import { createOciScene } from "../../support/oci/scene.ts";
import { createSkopeo } from "../../support/oci/skopeo.ts";
import { canIsolate, createNetns } from "../../support/netns.ts";
import { createPip, findPipPythons } from "../../support/pypi/pip_client.ts";
import { PypiIndex } from "../../support/pypi/pypi_index.ts";
import { createWheel } from "../../support/pypi/python_package.ts";
import { missingPrograms } from "../../support/programs.ts";
import type { CommandResult } from "../../support/run_command.ts";
import { testInTurn } from "../../support/thorough.ts";
import type { VaultProcess } from "../../support/vault_process.ts";

/** How often the vault was asked for what it has not, by path: a client that tries again asks for the same twice. */
function refusals({ output }: VaultProcess): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [, path = ""] of output.matchAll(/ cache miss \S+ (\S+) 4(?:04|10) .* GET client /g)) {
    found[path] = (found[path] ?? 0) + 1;
  }
  return found;
}

/** `path` is a pattern without its ends. */
async function assertAskedAtMost(most: number, vault: VaultProcess, path: string): Promise<void> {
  await vault.waitForLine(new RegExp(` cache miss \\S+ ${path} `));
  const matching = Object.entries(refusals(vault)).filter(([asked]) => new RegExp(`^${path}$`).test(asked));
  assert.ok(matching.length > 0, `${path} is among ${JSON.stringify(refusals(vault))}`);
  assert.deepEqual(matching.filter(([, times]) => times > most), [], "nothing is asked for again and again");
}

function assertFailed({ code, stdout, stderr }: CommandResult, wanted: RegExp): void {
  assert.notEqual(code, 0, stdout);
  assert.match(stdout + stderr, wanted);
}

const canPull = missingPrograms("docker-registry", "busybox", "skopeo").length === 0 &&
  await canIsolate("dockerd", "docker", "containerd", "ctr");

testInTurn(
  { name: "offline, docker, containerd and skopeo give up a missing layer at once", ignore: !canPull },
  async () => {
    await using scene = await createOciScene();
    const image = await scene.publish({ message: "half", architectures: [hostArchitecture] }, "team/half:1");
    const { config, layers } = image.platforms[0] as PlatformImage;
    {
      await using vault = await scene.startVault();
      for (const path of ["manifests/1", `manifests/${image.root.digest}`, `blobs/${config.digest}`]) {
        assert.equal((await curl(vault.url(`/v2/team/half/${path}`))).status, 200);
      }
    }
    await using netns = await createNetns();
    await using vault = await scene.startVault([scene.hub()], ["--offline"]);
    await netns.expose(vault.url(""));
    const host = new URL(vault.url("/")).host;
    await using docker = await startDockerd({ netns, args: ["--max-download-attempts=5"] });
    assertFailed(
      await docker.pull(`${host}/team/half:1`),
      /not found: name unknown: .* artifact-vault warm \/v2\/team\/half\/blobs\//,
    );
    assertFailed(
      await docker.pull(`${host}/team/none:1`),
      /manifest unknown: .* artifact-vault warm docker:team\/none:1/,
    );
    // Docker asks for a layer twice before it listens; at another status it would do so six times.
    await assertAskedAtMost(2, vault, `/v2/team/half/blobs/(?:${layers.map(({ digest }) => digest).join("|")})`);
    const counted = Object.values(refusals(vault)).reduce((sum, times) => sum + times, 0);

    await using containerd = await startContainerd({ netns, hosts: { "docker.io": { mirrors: [vault.url("")] } } });
    assertFailed(await containerd.pull("docker.io/team/half:1"), /410 Gone - Server message: .*artifact-vault warm/s);
    assertFailed(await containerd.pull("docker.io/team/none:1"), new RegExp(`${host}.* 410 Gone`));
    await using skopeo = await createSkopeo({ netns, insecure: [host] });
    assertFailed(
      await skopeo.copy(`${host}/team/none:1`),
      /manifest unknown: .*artifact-vault warm docker:team\/none:1/s,
    );
    const all = Object.values(refusals(vault)).reduce((sum, times) => sum + times, 0);
    assert.ok(all - counted <= 2 * layers.length + 3, `${all - counted} requests: nothing is tried for long`);
  },
);

const canInstall = missingPrograms(...aptPrograms).length === 0;

testInTurn({
  name: "offline, apt gives up a missing package at once, and an update of nothing fails",
  ignore: !canInstall,
}, async () => {
  await using scene: AptScene = await createAptScene();
  await scene.repository.publish({ packages: { foo: "1.0", bar: "1.0" } });
  const settings = ["Acquire::Retries=3"];
  {
    await using vault = await scene.startVault();
    const client = await scene.createApt("outside", vault.url("/debian"));
    await client.update();
    await client.install("foo");
  }
  await using vault = await scene.startVault(["--offline"]);
  const client = await scene.createApt("inside", vault.url("/debian"), ...settings);
  await client.update();
  await client.install("foo");
  assertFailed(await client.run("--yes", "install", "bar"), /E: Failed to fetch .*bar_1\.0_\S+\.deb +404 +Not Found/);
  await assertAskedAtMost(1, vault, "\\S*bar_1[.]0_\\S*");
  const other = await scene.createApt("other", vault.url("/debian/other"), ...settings);
  assertFailed(await other.run("update"), /E: The repository .* does not have a Release file/);
  await assertAskedAtMost(1, vault, "\\S*/other/\\S*");
});

const hasPip = (await findPipPythons()).length > 0;

testInTurn(
  { name: "offline, pip and curl give up at once, although they would try again", ignore: !hasPip },
  async () => {
    await using scene: AptScene = await createAptScene();
    await using index = new PypiIndex();
    index.add(createWheel("my-app", "1.0"));
    const backends = [{ type: "pypi", name: "pypi", config: { index_url: index.indexUrl } }];
    const files = { type: "http", name: "files", config: { base_url: index.url } };
    await using vault = await scene.startVault(["--offline"], {}, { backends: [...backends, files] });
    await using pip = await createPip({ indexUrl: vault.url("/pypi/simple") });
    assertFailed(await pip.run("download", "--retries", "5", "my-app"), /No matching distribution found for my-app/);
    await assertAskedAtMost(1, vault, "/pypi/simple/my-app/");
    assert.equal((await curl("--retry", "3", vault.url("/files/a"))).status, 404);
    await assertAskedAtMost(1, vault, "/files/a");
  },
);
