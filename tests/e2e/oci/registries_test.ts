import assert from "node:assert/strict";
import { askOci } from "../../support/oci/ask_oci.ts";
import { canIsolate, createNetns } from "../../support/netns.ts";
import { createLargeLayer, hostArchitecture, type Image, platformOf } from "../../support/oci/image.ts";
import { createOciScene, type OciScene } from "../../support/oci/scene.ts";
import { missingPrograms } from "../../support/programs.ts";
import { pullLikeDocker } from "../../support/oci/pull_like_docker.ts";
import { pushBlob } from "../../support/oci/push_image.ts";
import { registryUser } from "../../support/oci/registry.ts";
import { createSkopeo } from "../../support/oci/skopeo.ts";
import type { VaultProcess } from "../../support/vault_process.ts";
import { testInTurn } from "../../support/thorough.ts";

const ignore = missingPrograms("docker-registry", "busybox").length > 0;
const ignoreSkopeo = ignore || !await canIsolate("skopeo");

/** Two registries in one backend, each behind its own proxy. The second lets in whom it knows. */
interface TwoRegistries extends AsyncDisposable {
  readonly first: OciScene;
  readonly second: OciScene;
  /** Has the second one's password from its environment. More keys of the backend. */
  startVault(more?: Readonly<Record<string, unknown>>): Promise<VaultProcess>;
}

async function createTwoRegistries(): Promise<TwoRegistries> {
  await using stack = new AsyncDisposableStack();
  const first = stack.use(await createOciScene());
  const second = stack.use(await createOciScene({ auth: "basic" }));
  const repositories = [
    { registry_url: first.upstream.url },
    { registry_url: second.upstream.url, username: "${REGISTRY_USER}", password: "${REGISTRY_PASSWORD}" },
  ];
  const env = { REGISTRY_USER: registryUser.username, REGISTRY_PASSWORD: registryUser.password };
  const resources = stack.move();
  return {
    ...{ first, second },
    startVault(more = {}) {
      const config = { repositories, retries: 0, ...more };
      return first.startVault([{ type: "dockerhub", name: "hub", config }], [], env);
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** An image that only this registry has, and one that others may have under the same name. */
async function publishBoth(scene: OciScene, name: string): Promise<{ own: Image; shared: Image }> {
  const own = await scene.publish({ message: `${name}'s own` }, `team/${name}:1`);
  return { own, shared: await scene.publish({ message: `shared, ${name}` }, "team/shared:1") };
}

testInTurn(
  { name: "two registries: the first that has an image serves it, the second with its login", ignore },
  async () => {
    await using registries = await createTwoRegistries();
    const { first, second } = registries;
    const ofFirst = await publishBoth(first, "first");
    const ofSecond = await publishBoth(second, "second");
    await using vault = await registries.startVault();

    assert.equal((await pullLikeDocker(vault.url(""), "team/second:1")).root, ofSecond.own.root.digest);
    const absent = ["HEAD", "GET"].map((method) => `${method} /v2/team/second/manifests/1`);
    assert.deepEqual(first.upstream.lines, absent, "the rest is where the tag is");
    assert.deepEqual(authorizationsAt(first), new Set([null]));
    assert.deepEqual(authorizationsAt(second), new Set([null, `Basic ${btoa("frodo:mellon")}`]));

    second.upstream.forget();
    assert.equal((await pullLikeDocker(vault.url(""), "team/shared:1")).root, ofFirst.shared.root.digest);
    assert.deepEqual(second.upstream.lines, []);

    const neither = await askOci(vault.url("/v2/team/neither/manifests/1"));
    assert.deepEqual([neither.status, neither.error?.code], [404, "MANIFEST_UNKNOWN"]);
    for (const { upstream } of [first, second]) assert.ok(neither.error?.message.includes(upstream.url));
  },
);

function authorizationsAt({ upstream }: OciScene): Set<string | null> {
  return new Set(upstream.requests.map(({ headers }) => headers.get("authorization")));
}

testInTurn({
  name: "skopeo gets what only the second registry has, and is told where none has it",
  ignore: ignoreSkopeo,
}, async () => {
  await using registries = await createTwoRegistries();
  const { own } = await publishBoth(registries.second, "second");
  await using vault = await registries.startVault();
  const host = new URL(vault.url("")).host;
  await using netns = await createNetns();
  await netns.expose(vault.url(""));
  await using skopeo = await createSkopeo({ netns, insecure: [host] });

  const copied = await skopeo.copy(`${host}/team/second:1`, "--all");
  assert.equal(copied.code, 0, copied.stderr);
  const bytes = await Deno.readFile(`${copied.directory}/manifest.json`);
  assert.deepEqual(bytes, await Deno.readFile(own.layout.pathOf(own.root.digest)));
  const neither = await skopeo.copy(`${host}/team/neither:1`);
  assert.notEqual(neither.code, 0);
  assert.match(neither.stderr, /manifest unknown.*does not exist/s);
});

testInTurn(
  { name: "the first registry is down: an outage is told as one, and content comes from the second", ignore },
  async () => {
    await using registries = await createTwoRegistries();
    const { first, second } = registries;
    const ofFirst = await publishBoth(first, "first");
    const ofSecond = await publishBoth(second, "second");
    await using vault = await registries.startVault({ tag_ttl: "0s" });
    await pullLikeDocker(vault.url(""), "team/shared:1");
    await first.upstream.refuse();

    const { status, error } = await askOci(vault.url("/v2/team/second/manifests/1"));
    assert.deepEqual([status, error?.code], [502, "UNAVAILABLE"]);
    assert.ok(error?.message.includes(first.upstream.url), error?.message);
    assert.deepEqual(second.upstream.lines, [], "its image may be another one of that name");

    const { manifest, layers } = platformOf(ofSecond.own);
    assert.equal((await askOci(vault.url(`/v2/team/second/manifests/${manifest.digest}`))).size, manifest.size);
    for (const { digest, size } of layers) {
      assert.equal((await askOci(vault.url(`/v2/team/second/blobs/${digest}`))).size, size);
    }
    assert.equal((await pullLikeDocker(vault.url(""), "team/shared:1")).root, ofFirst.shared.root.digest);

    first.upstream.accept();
    assert.equal((await pullLikeDocker(vault.url(""), "team/second:1")).root, ofSecond.own.root.digest);
  },
);

testInTurn({ name: "the first registry is down, with on_outage: next: the second answers", ignore }, async () => {
  await using registries = await createTwoRegistries();
  const { first, second } = registries;
  const ofFirst = await publishBoth(first, "first");
  const ofSecond = await publishBoth(second, "second");
  await using vault = await registries.startVault({ on_outage: "next" });
  await pullLikeDocker(vault.url(""), "team/first:1");
  await first.upstream.refuse();

  assert.equal((await pullLikeDocker(vault.url(""), "team/second:1")).root, ofSecond.own.root.digest);
  assert.equal((await pullLikeDocker(vault.url(""), "team/shared:1")).root, ofSecond.shared.root.digest);
  assert.equal((await pullLikeDocker(vault.url(""), "team/first:1")).root, ofFirst.own.root.digest, "it is held");
  const { status, error } = await askOci(vault.url("/v2/team/neither/manifests/1"));
  assert.deepEqual([status, error?.code], [502, "UNAVAILABLE"], "the first may have it");
});

testInTurn(
  { name: "the second registry is down: what the first has is served, the rest is an outage", ignore },
  async () => {
    await using registries = await createTwoRegistries();
    const { first, second } = registries;
    const { own } = await publishBoth(first, "first");
    await using vault = await registries.startVault();
    await second.upstream.refuse();

    assert.equal((await pullLikeDocker(vault.url(""), "team/first:1")).root, own.root.digest);
    for (const rest of ["manifests/1", `manifests/${own.root.digest}`, `blobs/${platformOf(own).config.digest}`]) {
      const { status, error } = await askOci(vault.url(`/v2/team/neither/${rest}`));
      assert.deepEqual([status, error?.code], [502, "UNAVAILABLE"], rest);
      assert.ok(error?.message.includes(second.upstream.url), error?.message);
    }
  },
);

testInTurn(
  { name: "a vault behind a vault: its registries' images, all platforms fetched ahead", ignore },
  async (t) => {
    await using headquarters = await createOciScene();
    await using site = await createOciScene();
    const image = await headquarters.publish({ message: "far" }, "team/far:1");
    const itself = { registry_url: headquarters.upstream.url, names: "reg.example", retries: 0 };
    await using parent = await headquarters.startVault([{ type: "oci", name: "registries", config: itself }]);
    const mirror = { registry_url: parent.url(""), mirror_of: "reg.example", prefetch: "all_platforms", retries: 0 };
    const forms = ["path", "ns"];
    const backends = forms.map((form) => ({ type: "oci", name: form, config: { ...mirror, mirror_form: form } }));
    await using vault = await site.startVault(backends);
    for (const form of forms) {
      await t.step(form, async () => {
        const pulled = await pullLikeDocker(vault.url(`/${form}`), "reg.example/team/far:1");
        assert.equal(pulled.root, image.root.digest);
        await vault.waitForLine(new RegExp(`Fetched ahead for ${form} /reg\\.example/team/far/`));
      });
    }
    await parent.waitForLine(/\/v2\/reg\.example\/team\/far\/manifests\/1/);
    await parent.waitForLine(/\/v2\/team\/far\/manifests\/1\?ns=reg\.example/);
    const asked = headquarters.upstream.lines.filter((line) => line.startsWith("GET"));
    assert.deepEqual(asked, [...new Set(asked)], "each once");

    await t.step({
      name: "skopeo copies all platforms, without the vault behind",
      ignore: ignoreSkopeo,
      async fn() {
        await parent.stop();
        const { host } = new URL(vault.url(""));
        await using netns = await createNetns();
        await netns.expose(vault.url(""));
        await using skopeo = await createSkopeo({ netns, insecure: [host] });
        const copied = await skopeo.copy(`${host}/reg.example/team/far:1`, "--all");
        assert.equal(copied.code, 0, copied.stderr);
        const bytes = await Deno.readFile(`${copied.directory}/manifest.json`);
        assert.deepEqual(bytes, await Deno.readFile(image.layout.pathOf(image.root.digest)));
      },
    });
  },
);

testInTurn({
  name: "private images stay private: content that is held is served only where it was seen, or upstream confirms it",
  ignore,
}, async () => {
  await using scene = await createOciScene();
  await using other = await createOciScene();
  const { upstream } = scene;
  const secret = await createLargeLayer(scene.layout, 200_000);
  const { digest } = secret.descriptor;
  const image = await scene.publish({ message: "private", layers: [secret] }, "team/private:1");
  await scene.publish({ message: "public" }, "team/public:1");
  const backends = [scene.hub(), { ...other.hub(), name: "other" }];
  await using vault = await scene.startVault(backends);
  await pullLikeDocker(vault.url(""), "team/private:1");
  await vault.waitForLine(new RegExp(`Transfer complete .*${digest}`));
  upstream.forget();

  const blob = (repository: string) => askOci(vault.url(`/v2/${repository}/blobs/${digest}`));
  const denied = await blob("team/public");
  assert.deepEqual([denied.status, denied.error?.code], [404, "BLOB_UNKNOWN"]);
  assert.deepEqual(upstream.lines, ["HEAD", "GET"].map((method) => `${method} /v2/team/public/blobs/${digest}`));

  for (const path of [`blobs/${digest}`, `manifests/${image.root.digest}`, "manifests/1"]) {
    assert.equal((await askOci(vault.url(`/other/v2/team/private/${path}`))).status, 404, path);
  }
  assert.deepEqual(other.upstream.lines.map((line) => line.split(" ")[0]), ["HEAD", "GET", "HEAD", "GET", "GET"]);

  upstream.forget();
  await pushBlob(scene.layout, secret.descriptor, { registry: scene.registry.url, name: "team/holder" });
  for (const _ of ["confirmed", "known"]) assert.equal((await blob("team/holder")).size, secret.descriptor.size);
  assert.deepEqual(upstream.lines, [`HEAD /v2/team/holder/blobs/${digest}`]);

  const copy = await scene.publish({ message: "copy", layers: [secret] }, "team/copy:1");
  const path = `/v2/team/copy/manifests/${platformOf(copy).manifest.digest}`;
  await askOci(vault.url(path));
  assert.equal((await blob("team/copy")).size, secret.descriptor.size);
  const confirmed = `HEAD /v2/team/copy/blobs/${secret.descriptor.digest}`;
  assert.deepEqual(upstream.lines, [`GET ${path}`, confirmed], "its manifest alone does not open it");
});

testInTurn({ name: "ten repositories with the same layer: it is fetched once", ignore }, async () => {
  await using scene = await createOciScene();
  const layer = await createLargeLayer(scene.layout, 3_000_000);
  const names = Array.from({ length: 10 }, (_, index) => `team/app-${index}`);
  for (const name of names) {
    const image = { message: name, layers: [layer], architectures: [hostArchitecture] };
    await scene.publish(image, `${name}:1`);
  }
  await using vault = await scene.startVault();
  for (const name of names) {
    await pullLikeDocker(vault.url(""), `${name}:1`);
    await vault.waitForLine(new RegExp(`Transfer complete .*${layer.descriptor.digest}`));
  }
  assert.equal(scene.upstream.count("GET", new RegExp(`/blobs/${layer.descriptor.digest}$`)), 1);
  assert.equal(scene.upstream.count("HEAD", new RegExp(`/blobs/${layer.descriptor.digest}$`)), names.length - 1);
});

testInTurn({ name: "ten repositories with the same layer, pulled at once: it is fetched once", ignore }, async () => {
  await using scene = await createOciScene();
  const layer = await createLargeLayer(scene.layout, 30_000_000);
  const names = Array.from({ length: 10 }, (_, index) => `team/app-${index}`);
  for (const name of names) {
    const image = { message: name, layers: [layer], architectures: [hostArchitecture] };
    await scene.publish(image, `${name}:1`);
  }
  await using vault = await scene.startVault();
  await Promise.all(names.map((name) => pullLikeDocker(vault.url(""), `${name}:1`)));
  assert.equal(scene.upstream.count("GET", new RegExp(`/blobs/${layer.descriptor.digest}$`)), 1);
});
