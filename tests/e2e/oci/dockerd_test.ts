import assert from "node:assert/strict";
import { askOci } from "../../support/oci/ask_oci.ts";
import { withoutConfirmations } from "../../support/oci/check_mirror.ts";
import { startContainerd } from "../../support/oci/containerd.ts";
import { hold, nothingForHead, startCountingProxy, webPage } from "../../support/counting_proxy.ts";
import { startDockerd } from "../../support/oci/dockerd.ts";
import { freePort } from "../../support/free_port.ts";
import { canIsolate, createNetns } from "../../support/netns.ts";
import { createLargeLayer, hostArchitecture, type Image, platformOf } from "../../support/oci/image.ts";
import { createOciScene } from "../../support/oci/scene.ts";
import { missingPrograms } from "../../support/programs.ts";
import { pullLikeDocker } from "../../support/oci/pull_like_docker.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { testInTurn } from "../../support/thorough.ts";

const missing = missingPrograms("docker-registry", "busybox").length > 0;
const ignore = missing || !await canIsolate("dockerd", "docker", "containerd");

testInTurn({
  name: "dockerd pulls through the vault as its registry mirror, also without upstream",
  ignore,
}, async () => {
  await using scene = await createOciScene();
  const large = await createLargeLayer(scene.layout, 200_000_000);
  const app = await scene.publish({ message: "one" }, "library/app:1");
  const big = await scene.publish(
    { message: "big", layers: [large], architectures: [hostArchitecture] },
    "library/big:1",
  );
  const { upstream } = scene;
  await using netns = await createNetns();
  await using vault = await scene.startVault([scene.hub({ tag_ttl: "1h" })]);
  await netns.expose(vault.url(""));
  await using dockerd = await startDockerd({ netns, mirrors: [vault.url("")] });

  assert.equal(await dockerd.pullDigest("app:1"), app.root.digest, dockerd.output);
  assert.equal(await dockerd.pullDigest("big:1"), big.root.digest);
  const { manifest, config, layers } = platformOf(app);
  const wanted = [manifest, app.root].map(({ digest }) => `GET /v2/library/app/manifests/${digest}`)
    .concat([config, ...layers].map(({ digest }) => `GET /v2/library/app/blobs/${digest}`));
  const asked = upstream.lines.filter((line) => line.includes("/app/"));
  assert.deepEqual(asked.toSorted(), ["HEAD /v2/library/app/manifests/1", ...wanted].sort());

  upstream.forget();
  await dockerd.removeImages();
  assert.equal(await dockerd.pullDigest("big:1"), big.root.digest);
  assert.equal(await dockerd.pullDigest("app:1"), app.root.digest);
  assert.deepEqual(withoutConfirmations(upstream), [], "a fresh tag and content that is held need no upstream");

  await upstream.refuse();
  await dockerd.removeImages();
  assert.equal(await dockerd.pullDigest("app:1"), app.root.digest);
  assert.equal((await dockerd.run("app:1")).trim(), `one on ${hostArchitecture}`);
  assert.equal(await dockerd.pullDigest("big:1"), big.root.digest);
  assert.equal((await dockerd.run("big:1")).trim(), `big on ${hostArchitecture}`);
});

testInTurn({
  name: "dockerd gets a tag's new image when tag_ttl is over, with one HEAD where nothing has changed",
  ignore,
}, async () => {
  await using scene = await createOciScene();
  const { upstream } = scene;
  const old = await scene.publish({ message: "old" }, "library/app:1");
  const port = String(freePort());
  await using netns = await createNetns();
  await netns.expose(`http://127.0.0.1:${port}`);
  await using dockerd = await startDockerd({ netns, mirrors: [`http://127.0.0.1:${port}`] });
  {
    await using _vault = await scene.startVault([scene.hub({ tag_ttl: "1h" })], ["--port", port]);
    assert.equal(await dockerd.pullDigest("app:1"), old.root.digest, dockerd.output);
  }
  await using _vault = await scene.startVault([scene.hub({ tag_ttl: "0s" })], ["--port", port]);
  upstream.forget();
  await dockerd.removeImages();
  assert.equal(await dockerd.pullDigest("app:1"), old.root.digest);
  assert.deepEqual(upstream.lines, ["HEAD /v2/library/app/manifests/1"]);

  const moved = await scene.publish({ message: "new" }, "library/app:1");
  await dockerd.removeImages();
  assert.equal(await dockerd.pullDigest("app:1"), moved.root.digest);
  assert.equal((await dockerd.run("app:1")).trim(), `new on ${hostArchitecture}`);
  const layers = platformOf(moved).layers.map(({ digest }) => digest);
  assert.equal(upstream.count("GET", new RegExp(`/blobs/${layers[0]}$`)), 0, "a layer that both have is not fetched");
});

testInTurn(
  { name: "dockerd gets the new image of a tag after tag_ttl, and the old one until then", ignore },
  async () => {
    await using scene = await createOciScene();
    const old = await scene.publish({ message: "old" }, "library/app:1");
    await using netns = await createNetns();
    await using vault = await scene.startVault([scene.hub({ tag_ttl: "8s" })]);
    await netns.expose(vault.url(""));
    await using dockerd = await startDockerd({ netns, mirrors: [vault.url("")] });
    assert.equal(await dockerd.pullDigest("app:1"), old.root.digest, dockerd.output);
    const moved = await scene.publish({ message: "new" }, "library/app:1");
    assert.equal(await dockerd.pullDigest("app:1"), old.root.digest);
    await waitUntil(
      "the pull gives the new image",
      async () => await dockerd.pullDigest("app:1") === moved.root.digest,
    );
  },
);

testInTurn({
  name: "dockerd and ctr pull while a registry knows nothing by HEAD, is silent, answers with web pages, or is gone",
  ignore: ignore || !await canIsolate("ctr"),
}, async (t) => {
  await using scene = await createOciScene();
  const { upstream } = scene;
  await using silent = startCountingProxy(scene.registry.url);
  const layers = await Promise.all([...Array(10).keys()].map((seed) => createLargeLayer(scene.layout, 100_000, seed)));
  const publish = (message: string, tag: string) => scene.publish({ message, layers }, tag);
  await publish("old", "library/app:1");

  const quay = { registry_url: silent.url, names: "quay.example", timeout: "10m" };
  await using netns = await createNetns();
  await using vault = await scene.startVault([
    scene.hub({ tag_ttl: "0s" }),
    { type: "oci", name: "quay", config: quay },
  ]);
  await netns.expose(vault.url(""));
  await using dockerd = await startDockerd({ netns, mirrors: [vault.url("")] });
  await using containerd = await startContainerd({ netns, hosts: { "docker.io": { mirrors: [vault.url("")] } } });

  async function assertDockerPulls(name: string, digest: string): Promise<void> {
    await dockerd.removeImages();
    assert.equal(await dockerd.pullDigest(name), digest, dockerd.output);
  }
  async function assertCtrPulls(name: string, digest: string): Promise<void> {
    await containerd.removeImages();
    const { code, stderr } = await containerd.pull(name);
    assert.equal(code, 0, stderr);
    assert.equal(await containerd.digestOf(name), digest);
  }
  const assertPulled = (name: string, { root }: Image) =>
    Promise.all([assertDockerPulls(name, root.digest), assertCtrPulls(`docker.io/library/${name}`, root.digest)]);

  await pullLikeDocker(vault.url(""), "library/app:1");
  const moved = await publish("moved", "library/app:1");

  await t.step("404 to HEAD hides no new image of a tag", async () => {
    upstream.fault = nothingForHead;
    // On a slow machine the stale copy is served while upstream is asked.
    await waitUntil("the vault has the new image", async () => {
      return (await pullLikeDocker(vault.url(""), "library/app:1")).root === moved.root.digest;
    });
    await assertPulled("app:1", moved);
    assert.ok(upstream.count("HEAD", /manifests\/1$/) > 0);
    upstream.fault = null;
  });

  await t.step("a silent registry delays no pull from another one", async () => {
    const released = Promise.withResolvers<void>();
    silent.fault = hold(/./, released.promise);
    let answered = 0;
    const digests = [...Array(20).keys()].map((n) => `sha256:${String(n).padStart(64, "0")}`);
    const waiting = digests.map(async (digest) => {
      await askOci(vault.url(`/v2/quay.example/team/app/blobs/${digest}`));
      answered++;
    });
    await waitUntil("all wait for the silent registry", () => silent.requests.length === digests.length);
    await assertPulled("cold:1", await publish("cold", "library/cold:1"));
    assert.equal(answered, 0);
    released.resolve();
    await Promise.all(waiting);
  });

  const lists = ["tags/list", `referrers/${moved.root.digest}`].map((path) => vault.url(`/v2/library/app/${path}`));
  const readLists = () => Promise.all(lists.map(async (url) => await (await fetch(url)).json()));
  const held = await readLists();

  await t.step("web pages take the place of nothing that is held, and no client gets one", async () => {
    upstream.fault = webPage;
    await assertPulled("app:1", moved);
    assert.deepEqual(await readLists(), held);
    for (const path of ["manifests/2", "tags/list", `referrers/${moved.root.digest}`]) {
      const { status, error } = await askOci(vault.url(`/v2/library/other/${path}`));
      assert.deepEqual([status, error?.code], [502, "UNAVAILABLE"], path);
    }
  });

  await t.step("with upstream gone, all of it is still there", async () => {
    await upstream.refuse();
    await assertPulled("app:1", moved);
    assert.deepEqual(await readLists(), held);
  });
});
