import assert from "node:assert/strict";
import { canIsolate, createNetns } from "../../support/netns.ts";
import { startDockerd } from "../../support/oci/dockerd.ts";
import { createImage } from "../../support/oci/image.ts";
import { OciLayout } from "../../support/oci/layout.ts";
import { createPodman } from "../../support/oci/podman.ts";
import { pullLikeDocker } from "../../support/oci/pull_like_docker.ts";
import { startRegistry } from "../../support/oci/registry.ts";
import { createSkopeo } from "../../support/oci/skopeo.ts";
import { pushImage } from "../../support/oci/push_image.ts";
import { missingPrograms } from "../../support/programs.ts";
import { runToSuccess } from "../../support/run_command.ts";
import { createTempDir } from "../../support/temp_dir.ts";
import { testInTurn } from "../../support/thorough.ts";
import { SiteWithoutInternet } from "./site_without_internet.ts";

const ignore = missingPrograms("docker-registry", "busybox", "gzip", "zstd").length > 0 ||
  !await canIsolate("dockerd", "docker", "containerd", "podman", "skopeo");

const hub = { type: "dockerhub", name: "hub", config: {} };

/** Imports a source, and pulls what it was imported as from a vault without upstream; gives the digest of the tag. */
async function importAndPull(site: SiteWithoutInternet, source: string, image: string): Promise<string> {
  await site.import(source);
  await using vault = await site.serve();
  return (await pullLikeDocker(vault.url(""), image)).root;
}

testInTurn(
  { name: "what skopeo, docker and podman save is imported, and docker and podman pull it offline", ignore },
  async (t) => {
    await using dir = await createTempDir();
    await using netns = await createNetns();
    await using skopeo = await createSkopeo({ netns });
    const layout = new OciLayout(dir.join("layout"));
    const image = await createImage(layout, { message: "carried" });
    Deno.writeTextFileSync(
      `${layout.path}/index.json`,
      JSON.stringify({
        schemaVersion: 2,
        manifests: [{ ...image.root, annotations: { "org.opencontainers.image.ref.name": "library/app:1" } }],
      }),
    );
    const from = `oci:${layout.path}:library/app:1`;

    for (const form of ["oci", "oci-archive"]) {
      await t.step(`skopeo copy ${form}:`, async () => {
        await using site = await SiteWithoutInternet.open(hub);
        const { code, stderr } = await skopeo.skopeo("copy", "--all", from, `${form}:${dir.join(form)}:library/app:1`);
        assert.equal(code, 0, stderr);
        assert.equal(await importAndPull(site, dir.join(form), "library/app:1"), image.root.digest);
      });
    }
    await t.step("skopeo copy docker-archive:, packed by gzip and zstd", async () => {
      const archive = dir.join("skopeo.tar");
      const { code, stderr } = await skopeo.skopeo("copy", from, `docker-archive:${archive}:docker.io/library/app:1`);
      assert.equal(code, 0, stderr);
      await runToSuccess(["gzip", "-k", archive]);
      await runToSuccess(["zstd", "-q", "-k", archive]);
      const digests: string[] = [];
      for (const path of [archive, `${archive}.gz`, `${archive}.zst`]) {
        await using site = await SiteWithoutInternet.open(hub);
        digests.push(await importAndPull(site, path, "library/app:1"));
      }
      assert.equal(new Set(digests).size, 1, "one archive always gives one manifest");
    });
    await t.step("skopeo copy dir: is refused, with the command that makes an archive of it", async () => {
      await using site = await SiteWithoutInternet.open(hub);
      for (const folder of ["copied", "synced/library/app:1"]) {
        await Deno.mkdir(dir.join(folder), { recursive: true });
        const { code, stderr } = await skopeo.skopeo("copy", "--all", from, `dir:${dir.join(folder)}`);
        assert.equal(code, 0, stderr);
      }
      for (const folder of ["copied", "synced"]) {
        await assert.rejects(site.import(dir.join(folder)), /skopeo copy dir:FOLDER oci-archive:image\.tar:NAME:TAG/);
      }
    });
    await using site = await SiteWithoutInternet.open(hub);
    await t.step("docker save", async () => {
      await using dockerd = await startDockerd({ netns });
      await dockerd.docker("load", "--input", dir.join("skopeo.tar"));
      const { code, stderr } = await dockerd.docker("save", "--output", dir.join("docker.tar"), "app:1");
      assert.equal(code, 0, stderr);
      await importAndPull(site, dir.join("docker.tar"), "library/app:1");
    });
    await t.step("podman save", async () => {
      await using other = await SiteWithoutInternet.open(hub);
      await using podman = await createPodman({ netns });
      await podman.podman("load", "--signature-policy", skopeo.policy, "--input", dir.join("skopeo.tar"));
      for (const format of ["docker-archive", "oci-archive"]) {
        const path = dir.join(`podman-${format}`);
        const { code, stderr } = await podman.podman(
          "save",
          "--format",
          format,
          "--output",
          path,
          "docker.io/library/app:1",
        );
        assert.equal(code, 0, stderr);
        await importAndPull(other, path, "library/app:1");
      }
    });
    await t.step("docker and podman pull and run what docker save had", async () => {
      await using vault = await site.serve();
      await netns.expose(vault.url(""));
      const address = new URL(vault.url("")).host;
      await using dockerd = await startDockerd({ netns, mirrors: [vault.url("")] });
      assert.notEqual(await dockerd.pullDigest("app:1"), "");
      assert.match(await dockerd.run("app:1"), /carried/);
      await using podman = await createPodman({ netns, mirrors: { "docker.io": [address] } });
      const pulled = await podman.pull("docker.io/library/app:1");
      assert.equal(pulled.code, 0, pulled.stderr);
      assert.match(await podman.run("docker.io/library/app:1"), /carried/);
    });
  },
);

testInTurn(
  { name: "the storage of a docker registry is imported, also with another name for it", ignore },
  async () => {
    await using dir = await createTempDir();
    const layout = new OciLayout(dir.join("layout"));
    const image = await createImage(layout, { message: "in a registry" });
    await using registry = await startRegistry();
    await pushImage(image, "1", { registry: registry.url, name: "team/app" });
    await registry.stop();
    const own = { type: "oci", name: "own", config: { registry_url: "https://registry.example.org" } };
    await using site = await SiteWithoutInternet.open(own, hub);
    await site.import(registry.storage, "--map", "team/app=registry.example.org/team/app");
    assert.equal(await importAndPull(site, registry.storage, "team/app:1"), image.root.digest);
    await using vault = await site.serve();
    assert.equal((await pullLikeDocker(vault.url(""), "registry.example.org/team/app:1")).root, image.root.digest);
  },
);
