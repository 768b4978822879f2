import assert from "node:assert/strict";
import { askOci } from "../../support/oci/ask_oci.ts";
import { hasBlob, stagedBytes, wrongBlobs } from "../../support/cache_dir.ts";
import { flipByte, hold, tooManyRequests } from "../../support/counting_proxy.ts";
import { startDockerd } from "../../support/oci/dockerd.ts";
import { startFaultProxy } from "../../support/fault_proxy.ts";
import { canIsolate, createNetns } from "../../support/netns.ts";
import { createLargeLayer, hostArchitecture, type Image, platformOf } from "../../support/oci/image.ts";
import type { Descriptor } from "../../support/oci/layout.ts";
import { createOciScene, type OciScene } from "../../support/oci/scene.ts";
import { missingPrograms } from "../../support/programs.ts";
import { pullLikeDocker } from "../../support/oci/pull_like_docker.ts";
import { askRaw } from "../../support/raw_client.ts";
import { createSkopeo } from "../../support/oci/skopeo.ts";
import type { VaultProcess } from "../../support/vault_process.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { testInTurn } from "../../support/thorough.ts";

const ignore = missingPrograms("docker-registry", "busybox").length > 0;
const ignoreDocker = ignore || !await canIsolate("dockerd", "docker", "containerd");
const ignoreSkopeo = ignore || !await canIsolate("skopeo");

/** Publishes `team/app:1`: busybox, a layer of 5 MB and a layer of a few bytes, for this machine alone. */
async function publishApp(scene: OciScene): Promise<{ image: Image; large: Descriptor; small: Descriptor }> {
  const layer = await createLargeLayer(scene.layout, 5_000_000);
  const options = { message: "app", layers: [layer], architectures: [hostArchitecture] };
  const image = await scene.publish(options, "team/app:1");
  return { image, large: layer.descriptor, small: platformOf(image).layers.at(-1)! };
}

/** Nothing of it is in the cache directory: no body, no bytes of one, and no body of the wrong bytes. */
async function assertNotKept({ cacheDir }: OciScene, { digest }: Descriptor): Promise<void> {
  assert.ok(!hasBlob(cacheDir, digest.slice("sha256:".length)));
  await waitUntil("nothing is staged", () => stagedBytes(cacheDir) === 0);
  assert.deepEqual(await wrongBlobs(cacheDir), []);
}

for (const size of ["small", "large"] as const) {
  testInTurn({
    name: `one flipped byte in a ${size} layer: nobody gets it, nothing is kept, and the next pull after repair works`,
    ignore,
  }, async () => {
    await using scene = await createOciScene();
    const { image, ...layers } = await publishApp(scene);
    const layer = layers[size];
    const path = `/v2/team/app/blobs/${layer.digest}`;
    await using vault = await scene.startVault();
    for (const offset of [0, layer.size >> 1, layer.size - 1]) {
      scene.upstream.fault = flipByte(layer.digest, offset);
      await assert.rejects(pullLikeDocker(vault.url(""), "team/app:1"));
      for (const answer of await Promise.all([1, 2, 3].map(() => askRaw(vault.url(""), path)))) {
        assert.ok(answer.status === 502 || answer.status === 200 && !answer.complete, `${answer.status}`);
        assert.ok(answer.status === 200 || answer.text.includes("sent the wrong bytes"), answer.text);
      }
      await assertNotKept(scene, layer);
    }
    scene.upstream.fault = null;
    assert.equal((await pullLikeDocker(vault.url(""), "team/app:1")).root, image.root.digest);
    await waitUntil("it is kept", () => hasBlob(scene.cacheDir, layer.digest.slice("sha256:".length)));
  });
}

testInTurn({
  name: "dockerd takes no layer with a flipped byte, and the whole image after repair",
  ignore: ignoreDocker,
}, async () => {
  await using scene = await createOciScene();
  const { image, large } = await publishApp(scene);
  await using netns = await createNetns();
  await using vault = await scene.startVault();
  await netns.expose(vault.url(""));
  await using dockerd = await startDockerd({ netns, mirrors: [vault.url("")] });
  scene.upstream.fault = flipByte(large.digest, 1_000_000);
  const { code, stderr } = await dockerd.pull("team/app:1");
  assert.notEqual(code, 0);
  await assertNotKept(scene, large);
  scene.upstream.fault = null;
  assert.equal(await dockerd.pullDigest("team/app:1"), image.root.digest, stderr);
  assert.equal((await dockerd.run("team/app:1")).trim(), `app on ${hostArchitecture}`);
});

testInTurn({
  name: "one flipped byte in a manifest, by digest and by tag: 502, nothing is kept, and after repair it works",
  ignore,
}, async () => {
  await using scene = await createOciScene();
  const { image } = await publishApp(scene);
  await using vault = await scene.startVault();
  for (const reference of [image.root.digest, "1"]) {
    scene.upstream.fault = flipByte(reference, 20);
    for (const _ of [1, 2]) {
      const { status, error } = await askOci(vault.url(`/v2/team/app/manifests/${reference}`));
      assert.deepEqual([status, error?.code], [502, "UNAVAILABLE"]);
      assert.match(error?.message ?? "", /sent the wrong bytes/);
    }
    await assertNotKept(scene, image.root);
  }
  scene.upstream.fault = null;
  assert.equal((await pullLikeDocker(vault.url(""), "team/app:1")).root, image.root.digest);
});

testInTurn({ name: "one registry flips a byte: the next pull has it from the other", ignore }, async () => {
  await using scene = await createOciScene();
  await using other = await createOciScene();
  const { image, large } = await publishApp(scene);
  await publishApp(other);
  const repositories = [{ registry_url: scene.upstream.url }, { registry_url: other.upstream.url }];
  await using vault = await scene.startVault([{ type: "oci", name: "both", config: { repositories } }]);
  scene.upstream.fault = flipByte(large.digest, 1_000_000);
  await assert.rejects(pullLikeDocker(vault.url(""), "team/app:1"));
  assert.equal((await pullLikeDocker(vault.url(""), "team/app:1")).root, image.root.digest);
  assert.deepEqual(other.upstream.lines, [`GET /v2/team/app/blobs/${large.digest}`]);
});

testInTurn(
  { name: "20 clients pull the same cold image: every manifest and blob is fetched once", ignore },
  async () => {
    await using scene = await createOciScene();
    const { upstream } = scene;
    const layers = [await createLargeLayer(scene.layout, 50_000_000), await createLargeLayer(scene.layout, 300_000, 2)];
    const image = await scene.publish({ message: "popular", layers }, "team/app:1");
    const { digest } = layers[0]!.descriptor;
    const released = Promise.withResolvers<void>();
    upstream.fault = hold(new RegExp(`/blobs/${digest}$`), released.promise);
    await using vault = await scene.startVault();
    const pulls = Array.from({ length: 20 }, () => pullLikeDocker(vault.url(""), "team/app:1"));
    await waitUntil("all have the rest", () => endedBlobRequests(vault) === 20 * 4);
    released.resolve();
    for (const { root } of await Promise.all(pulls)) assert.equal(root, image.root.digest);

    const { manifest, config } = platformOf(image);
    const wanted = [image.root, manifest].map(({ digest }) => `GET /v2/team/app/manifests/${digest}`)
      .concat([config, ...platformOf(image).layers].map(({ digest }) => `GET /v2/team/app/blobs/${digest}`));
    assert.deepEqual(upstream.lines.filter((line) => line.startsWith("GET")).sort(), wanted.sort());
    assert.equal(upstream.lines.length - wanted.length, 1, "and one HEAD for the tag");
    upstream.forget();
    await pullLikeDocker(vault.url(""), "team/app:1");
    assert.deepEqual(upstream.lines, []);
  },
);

/** How many requests for blobs have been answered to the end. */
function endedBlobRequests(vault: VaultProcess): number {
  return vault.lines.filter((line) => /\/blobs\/.* 200 \d+ bytes/.test(line)).length;
}

testInTurn({
  name: "upstream answers 429 to everything: what is held is served, the rest is TOOMANYREQUESTS with Retry-After",
  ignore,
}, async () => {
  await using scene = await createOciScene();
  const { upstream } = scene;
  const { image } = await publishApp(scene);
  const other = await scene.publish({ message: "other" }, "team/other:1");
  const backends = [scene.hub({ tag_ttl: "0s", retries: 3 })];
  const others = ["manifests/1", `manifests/${other.root.digest}`, `blobs/${platformOf(other).config.digest}`];
  for (const life of ["first", "second"]) {
    await using vault = await scene.startVault(backends);
    if (life === "first") {
      const { root, contents } = await pullLikeDocker(vault.url(""), "team/app:1");
      const bodies = new Set([root, ...contents]).size;
      await waitUntil(
        "all of it is held",
        () => vault.lines.filter((line) => /Transfer complete/.test(line)).length === bodies,
      );
    }
    for (const seconds of [7, undefined]) {
      upstream.fault = tooManyRequests(seconds);
      assert.equal((await pullLikeDocker(vault.url(""), "team/app:1")).root, image.root.digest);
      upstream.forget();
      for (const path of others) {
        const { status, error, headers } = await askOci(vault.url(`/v2/team/other/${path}`));
        assert.deepEqual([status, error?.code], [429, "TOOMANYREQUESTS"]);
        assert.equal(headers.get("retry-after"), `${seconds ?? 60}`);
      }
      assert.deepEqual(upstream.lines, others.map((path) => `GET /v2/team/other/${path}`), "each is asked for once");
    }
    upstream.fault = null;
  }
  await using vault = await scene.startVault(backends);
  assert.equal((await pullLikeDocker(vault.url(""), "team/other:1")).root, other.root.digest);
});

testInTurn(
  { name: "skopeo pulls what is held while upstream answers 429, and may push nothing", ignore: ignoreSkopeo },
  async () => {
    await using scene = await createOciScene();
    const { image } = await publishApp(scene);
    await using vault = await scene.startVault([scene.hub({ tag_ttl: "0s" })]);
    await pullLikeDocker(vault.url(""), "team/app:1");
    const host = new URL(vault.url("")).host;
    await using netns = await createNetns();
    await netns.expose(vault.url(""));
    await using skopeo = await createSkopeo({ netns, mirrors: { "docker.io": [host] }, insecure: [host] });

    scene.upstream.fault = tooManyRequests(7);
    const copied = await skopeo.copy("docker.io/team/app:1");
    assert.equal(copied.code, 0, copied.stderr);

    scene.upstream.fault = null;
    scene.upstream.forget();
    scene.layout.tag(image.root, "1");
    const pushed = await skopeo.skopeo("copy", `oci:${scene.layout.path}:1`, `docker://${host}/team/new:1`);
    assert.notEqual(pushed.code, 0);
    assert.match(pushed.stderr, /read-only mirror/);
    assert.deepEqual(scene.upstream.lines.filter((line) => !/^(GET|HEAD) /.test(line)), []);
  },
);

const someDigest = `sha256:${"0".repeat(64)}`;
const pushes: readonly (readonly [method: string, path: string])[] = [
  ["POST", "blobs/uploads/"],
  ["POST", `blobs/uploads/?mount=${someDigest}&from=team/other`],
  ["PATCH", "blobs/uploads/some-upload"],
  ["PUT", `blobs/uploads/some-upload?digest=${someDigest}`],
  ["PUT", "manifests/1"],
  ["DELETE", `manifests/${someDigest}`],
  ["DELETE", `blobs/${someDigest}`],
];

testInTurn({
  name: "a mirror takes no pushes, says which API it speaks, and serves no registry it does not know",
  ignore,
}, async () => {
  await using scene = await createOciScene();
  await using vault = await scene.startVault([scene.hub({ names: "registry.example" })]);
  for (const base of ["", "/hub"]) {
    for (const [method, path] of pushes) {
      const body = method === "DELETE" ? null : "bytes";
      const { status, error, headers } = await askOci(vault.url(`${base}/v2/team/app/${path}`), { method, body });
      assert.deepEqual([status, error?.code], [405, "UNSUPPORTED"], `${method} ${path}`);
      assert.equal(headers.get("allow"), "GET, HEAD");
    }
    const { status, headers } = await askOci(vault.url(`${base}/v2/`));
    assert.deepEqual([status, headers.get("docker-distribution-api-version")], [200, "registry/2.0"]);
    for (const path of ["/other.example/team/app/manifests/1", "/team/app/manifests/1?ns=other.example"]) {
      const { status, error } = await askOci(vault.url(`${base}/v2${path}`));
      assert.deepEqual([status, error?.code], [403, "DENIED"]);
      assert.match(
        error?.message ?? "",
        /"other\.example" is not configured here; configured: docker\.io, .*127\.0\.0\.1/,
      );
    }
  }
  assert.deepEqual(scene.upstream.lines, []);
});

testInTurn(
  { name: "kill -9 in the middle of a layer of 200 MB: the next pull goes on from there", ignore },
  async () => {
    await using scene = await createOciScene();
    const layer = await createLargeLayer(scene.layout, 200_000_000);
    const { size } = layer.descriptor;
    const options = { message: "large", layers: [layer], architectures: [hostArchitecture] };
    const image = await scene.publish(options, "team/large:1");
    await using line = await startFaultProxy(scene.upstream.url);
    const backends = [scene.hub({ registry_url: line.origin })];
    {
      await using vault = await scene.startVault(backends);
      line.throttle(60_000_000);
      const pull = assert.rejects(pullLikeDocker(vault.url(""), "team/large:1"));
      await waitUntil("more than half is there", () => stagedBytes(scene.cacheDir) > size * 0.6);
      await vault.stop("SIGKILL");
      await pull;
    }
    line.throttle(Infinity);
    await using vault = await scene.startVault(backends);
    assert.equal((await pullLikeDocker(vault.url(""), "team/large:1")).root, image.root.digest);
    const [, resumed] = scene.upstream.requests.filter(({ path }) => path.endsWith(layer.descriptor.digest));
    assert.match(resumed?.headers.get("range") ?? "", /^bytes=[1-9]\d{6,}-$/);
    assert.ok(line.downBytes < 1.2 * size, `${line.downBytes} bytes came from upstream`);
  },
);

testInTurn(
  { name: "offline: what is held is served, the rest is a 410 that registries' clients can read", ignore },
  async () => {
    await using scene = await createOciScene();
    const { image } = await publishApp(scene);
    const other = await scene.publish({ message: "other" }, "team/other:1");
    const backends = [scene.hub({ tag_ttl: "0s" })];
    {
      await using vault = await scene.startVault(backends);
      await pullLikeDocker(vault.url(""), "team/app:1");
    }
    scene.upstream.forget();
    await using vault = await scene.startVault(backends, ["--offline"]);
    assert.equal((await pullLikeDocker(vault.url(""), "team/app:1")).root, image.root.digest);
    const missing = {
      "manifests/1": "MANIFEST",
      [`blobs/${platformOf(other).config.digest}`]: "NAME",
      "tags/list": "NAME",
    };
    for (const [path, what] of Object.entries(missing)) {
      const { status, error } = await askOci(vault.url(`/v2/team/other/${path}`));
      assert.deepEqual([status, error?.code], [410, `${what}_UNKNOWN`]);
      assert.match(error?.message ?? "", /in the cache, and the vault is offline/);
    }
    assert.deepEqual(scene.upstream.lines, []);
  },
);

testInTurn(
  { name: "a client that goes on by Range after each break never has a whole layer of wrong bytes", ignore },
  async () => {
    await using scene = await createOciScene();
    const layer = await createLargeLayer(scene.layout, 5_000_000);
    const { digest, size } = layer.descriptor;
    await scene.publish({ message: "app", layers: [layer], architectures: [hostArchitecture] }, "team/app:1");
    await using vault = await scene.startVault();
    scene.upstream.fault = flipByte(digest, 1000);
    let received = 0;
    for (let attempt = 0; attempt < 12 && received < size; attempt++) {
      const headers: Record<string, string> = received === 0 ? {} : { range: `bytes=${received}-` };
      const answer = await askRaw(vault.url(""), `/v2/team/app/blobs/${digest}`, { headers });
      if (answer.status < 300) received += answer.body.length;
    }
    assert.ok(received > 0 && received < size, `${received} of ${size} bytes came`);
  },
);
