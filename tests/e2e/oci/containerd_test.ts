import assert from "node:assert/strict";
import { askOci } from "../../support/oci/ask_oci.ts";
import { checkMirror } from "../../support/oci/check_mirror.ts";
import { startContainerd } from "../../support/oci/containerd.ts";
import { paced } from "../../support/counting_proxy.ts";
import { fetchLikeContainerd } from "../../support/oci/fetch_like_containerd.ts";
import { startLayoutRegistry } from "../../support/oci/layout_registry.ts";
import { createMirrorScene } from "../../support/oci/mirror_scene.ts";
import { canIsolate } from "../../support/netns.ts";
import { blobsOf, createImage, createLargeLayer, hostArchitecture } from "../../support/oci/image.ts";
import { createOciScene } from "../../support/oci/scene.ts";
import { missingPrograms } from "../../support/programs.ts";
import { testInTurn } from "../../support/thorough.ts";

const ignoreAll = missingPrograms("docker-registry", "busybox").length > 0;
const ignore = ignoreAll || !await canIsolate("containerd", "ctr");

testInTurn({ name: "containerd pulls by its hosts.toml, also without upstream", ignore }, async () => {
  await using mirror = await createMirrorScene();
  const { scene, netns, address } = mirror;
  const hosts = { "docker.io": { mirrors: [`http://${address}`] } };
  await using containerd = await startContainerd({ netns, hosts });
  const layers = [await createLargeLayer(scene.layout, 20_000_000)];
  await checkMirror(mirror, containerd, { large: { message: "big", layers, architectures: [hostArchitecture] } });
});

testInTurn(
  { name: "containerd pulls all platforms below the vault's prefix, with override_path", ignore },
  async () => {
    await using mirror = await createMirrorScene();
    const { scene, netns, address } = mirror;
    const hosts = { "docker.io": { mirrors: [`http://${address}/docker/v2`], overridePath: true } };
    await using containerd = await startContainerd({ netns, hosts });
    const image = await scene.publish({ message: "one" }, "library/app:1");
    await using vault = await mirror.startVault([scene.hub({ prefix: "/docker" })]);

    const { code, stderr } = await containerd.pull("docker.io/library/app:1", "--all-platforms");
    assert.equal(code, 0, stderr);
    const manifests = [image.root, ...image.platforms.map(({ manifest }) => manifest)];
    const wanted = [...manifests, ...blobsOf(image)].map(({ digest }) => digest);
    assert.deepEqual((await containerd.contents()).sort(), wanted.sort());
    await vault.waitForLine(/ \/docker\/v2\/library\/app\/manifests\/1\?ns=docker\.io 200 /);
  },
);

testInTurn(
  { name: "containerd gets any registry through _default, and those not configured are refused", ignore },
  async () => {
    await using mirror = await createMirrorScene();
    const { scene, netns, address } = mirror;
    await using containerd = await startContainerd({ netns, hosts: { _default: { mirrors: [`http://${address}`] } } });
    const ours = await scene.publish({ message: "ours" }, "team/app:1");
    const theirs = await createImage(scene.layout, { message: "theirs" });
    const manifests = theirs.platforms.map(({ manifest }) => manifest);
    await using registry = startLayoutRegistry(scene.layout, { tags: { "team/app:1": theirs.root }, manifests });
    const config = { registry_url: registry.url, names: ["registry.example"] };
    await using vault = await mirror.startVault([scene.hub(), { type: "oci", name: "other", config }]);

    for (const [name, image] of [["docker.io/team/app:1", ours], ["registry.example/team/app:1", theirs]] as const) {
      const { code, stderr } = await containerd.pull(name);
      assert.equal(code, 0, stderr);
      assert.equal(await containerd.digestOf(name), image.root.digest, name);
    }
    const counts = [scene.upstream.requests.length, registry.requests.length];
    const { code, stderr } = await containerd.pull("elsewhere.example/team/app:1");
    assert.notEqual(code, 0);
    // It asks with HEAD, and answers to that have no text: the reason is in the log, and in what a GET gets.
    assert.match(stderr, new RegExp(`pulling from host ${address} failed with status code .* 403 Forbidden`));
    await vault.waitForLine(
      /ns=elsewhere\.example 403 .* HEAD .*: The registry "elsewhere\.example" is not configured/,
    );
    const { status, error } = await askOci(vault.url("/v2/team/app/manifests/1?ns=elsewhere.example"));
    assert.deepEqual([status, error?.code], [403, "DENIED"]);
    assert.match(error?.message ?? "", /"elsewhere\.example" is not configured here; configured: docker\.io, /);
    assert.deepEqual([scene.upstream.requests.length, registry.requests.length], counts, "nobody else was asked");
  },
);

testInTurn({ name: "a cold layer in overlapping open ranges is fetched once", ignore: ignoreAll }, async () => {
  await using scene = await createOciScene();
  const layer = await createLargeLayer(scene.layout, 60_000_000);
  await scene.publish({ message: "big", layers: [layer], architectures: [hostArchitecture] }, "library/big:1");
  scene.upstream.fault = paced(30_000_000);
  await using vault = await scene.startVault();

  const { digest, size } = layer.descriptor;
  const wanted = Deno.readFileSync(scene.layout.pathOf(digest));
  const url = vault.url(`/v2/library/big/blobs/${digest}`);
  await fetchLikeContainerd(url, { wanted, partBytes: 8_000_000, parallelism: 6 });
  await vault.waitForLine(/Transfer complete/);
  const { requests, sentBytes } = scene.upstream;
  assert.ok(requests.length > 1, "parts that are far ahead are not waited for");
  assert.ok(sentBytes <= 1.15 * size, `upstream has sent ${sentBytes / size} of the layer's bytes`);
  scene.upstream.forget();
  await fetchLikeContainerd(url, { wanted, partBytes: 8_000_000, parallelism: 6 });
  assert.deepEqual(scene.upstream.lines, []);
});
