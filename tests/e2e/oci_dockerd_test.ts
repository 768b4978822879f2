import assert from "node:assert/strict";
import { withoutConfirmations } from "../support/check_mirror.ts";
import { startDockerd } from "../support/dockerd.ts";
import { freePort } from "../support/free_port.ts";
import { canIsolate, createNetns } from "../support/netns.ts";
import { createLargeLayer, hostArchitecture, platformOf } from "../support/oci_image.ts";
import { createOciScene } from "../support/oci_scene.ts";
import { missingPrograms } from "../support/programs.ts";
import { waitUntil } from "../support/wait_until.ts";

const missing = missingPrograms("docker-registry", "busybox").length > 0;
const ignore = missing || !await canIsolate("dockerd", "docker", "containerd");

Deno.test({
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

Deno.test({
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

Deno.test(
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
