import assert from "node:assert/strict";
import { parseImageReference } from "../../../src/backends/oci/image_reference.ts";
import { readList } from "../../../src/warm/list.ts";
import { createArtifact, createImage, createLargeLayer, type Image, platformOf } from "../../support/oci/image.ts";
import { OciLayout } from "../../support/oci/layout.ts";
import { startLayoutRegistry } from "../../support/oci/layout_registry.ts";
import { missingPrograms } from "../../support/programs.ts";
import type { RecordingServer } from "../../support/recording_server.ts";
import { createTempDir } from "../../support/temp_dir.ts";
import { noSettings, openText, openWarmScene, type WarmScene } from "../../warm/scene.ts";

const ignore = missingPrograms("busybox").length > 0;

interface Scene extends AsyncDisposable {
  readonly layout: OciLayout;
  readonly image: Image;
  readonly registry: RecordingServer;
  readonly vault: WarmScene;
}

Deno.test({ name: "a whole image is warmed, and a second run asks the registry for nothing", ignore }, async () => {
  await using scene = await openScene();
  const { vault, registry, image } = scene;
  const { counts, failures } = await vault.warm(["docker:library/app:1"]);
  assert.deepEqual(failures, []);
  // The index by its tag and its digest, and of two platforms a manifest, a config and two layers, of which one is common.
  assert.equal(counts, "cached 1, new 9");
  const asked = registry.requests.length;
  assert.equal((await vault.warm(["docker:app:1"])).counts, "cached 10");
  assert.equal(registry.requests.length, asked);
  await registry[Symbol.asyncDispose]();
  for (const { manifest, config, layers } of image.platforms) {
    await expectCached(vault, `/v2/library/app/manifests/${manifest.digest}`);
    for (const { digest } of [config, ...layers]) await expectCached(vault, `/v2/library/app/blobs/${digest}`);
  }
  await expectCached(vault, "/v2/library/app/manifests/1");
});

Deno.test({ name: "only the platforms that are wanted are fetched", ignore }, async () => {
  await using scene = await openScene();
  const { vault, registry, image } = scene;
  assert.equal((await vault.warm(["docker:app:1 platforms=linux/arm64"])).counts, "cached 1, new 6");
  const other = platformOf(image, "amd64").manifest.digest;
  assert.ok(!registry.lines.some((line) => line.includes(other)), registry.lines.join("\n"));
  const settings = { platforms: ["linux/s390x", "manylinux_2_28_x86_64"] };
  const { failures } = await vault.warm(["docker:app:1"], { settings });
  assert.match(failures.join(), /app:1 is not there for linux\/s390x; it is for linux\/amd64, linux\/arm64/);
});

Deno.test({ name: "all tags that match a pattern are warmed, over all pages of the list", ignore }, async () => {
  await using scene = await openScene({ tags: ["3.18", "3.19", "3.20", "edge"], pageSize: 2 });
  const { outcomes } = await scene.vault.warm(["docker:app:3.*"]);
  const tags = Object.keys(outcomes).filter((name) => /^app:[\w.]+$/.test(name));
  assert.deepEqual(tags.sort(), ["app:3.18", "app:3.19", "app:3.20"]);
  const { failures } = await scene.vault.warm(["docker:app:4.*"]);
  assert.match(failures.join(), /No tag of app matches "4\.\*"/);
  assert.equal((await scene.vault.warm(["docker:app:{3.18,edge}"])).failures.length, 0);
});

Deno.test({ name: "--referrers brings what the API lists, and what cosign keeps under tags", ignore }, async () => {
  await using scene = await openScene({ hasReferrers: true });
  const { vault, registry, image } = scene;
  await vault.warm(["docker:app:1"]);
  assert.ok(!registry.lines.some((line) => line.includes("referrers")));
  const { outcomes, failures } = await vault.warm(["docker:app:1"], { settings: { referrers: true } });
  assert.deepEqual(failures, []);
  const names = Object.keys(outcomes).filter((name) => /referrer |sig of/.test(name));
  assert.ok(names.some((name) => name.includes("referrer sha256:")), names.join("\n"));
  assert.ok(names.some((name) => / sig of sha256:/.test(name)), names.join("\n"));
  await registry[Symbol.asyncDispose]();
  await expectCached(vault, `/v2/library/app/referrers/${image.root.digest}`);
  await expectCached(vault, `/v2/library/app/manifests/sha256-${image.root.digest.slice(7)}.sig`);
});

Deno.test({ name: "an image that is not there is said with the registry's reason", ignore }, async () => {
  await using scene = await openScene();
  const { failures } = await scene.vault.warm(["docker:nothing:1", "docker:ghcr.io/a/b:1", "docker:UPPER:1"]);
  const [first, second, third] = failures.toSorted();
  assert.match(first!, /nothing:1 is not there/);
  assert.match(second!, /"ghcr\.io" is not configured here/);
  assert.match(third!, /"UPPER:1" is no image/);
});

Deno.test("package URLs and URLs of registries lead to images", async () => {
  await using vault = await openWarmScene([
    { type: "oci", name: "registries", config: { registry_url: "http://127.0.0.1:1", retries: 0 } },
  ]);
  const [source] = vault.sources;
  const lineOf = (type: string, name: string, version: string, qualifiers: Record<string, string> = {}) =>
    source!.lineOf!({ type, namespace: "org", name, version, qualifiers: new Map(Object.entries(qualifiers)) });
  assert.equal(lineOf("docker", "app", "1.0"), "docker:org/app:1.0");
  assert.equal(lineOf("docker", "app", "1.0", { repository_url: "gcr.io" }), "docker:gcr.io/org/app:1.0");
  const oci = { repository_url: "ghcr.io/org/app", tag: "1", arch: "amd64" };
  const digest = `sha256:${"a".repeat(64)}`;
  assert.equal(lineOf("oci", "app", digest, oci), `docker:ghcr.io/org/app@${digest} platforms=linux/amd64`);
  assert.equal(lineOf("oci", "app", "", oci), "docker:ghcr.io/org/app:1 platforms=linux/amd64");
  assert.equal(lineOf("pypi", "app", "1"), null);
  assert.equal(source!.pathOf(new URL("http://127.0.0.1:1/v2/a/b/manifests/1")), "/v2/127.0.0.1:1/a/b/manifests/1");
  assert.equal(source!.pathOf(new URL("http://elsewhere/v2/a/b/manifests/1")), null);
});

Deno.test("references are parsed as docker does", () => {
  const digest = `sha256:${"0".repeat(64)}`;
  const table: [string, [string | null, string, string] | null][] = [
    ["alpine", [null, "alpine", "latest"]],
    ["alpine:3.20", [null, "alpine", "3.20"]],
    ["library/alpine", [null, "library/alpine", "latest"]],
    ["ghcr.io/org/app:1", ["ghcr.io", "org/app", "1"]],
    ["localhost/app", ["localhost", "app", "latest"]],
    ["registry:5000/a/b:v1", ["registry:5000", "a/b", "v1"]],
    ["[::1]:5000/a:v1", ["[::1]:5000", "a", "v1"]],
    [`a/b@${digest}`, [null, "a/b", digest]],
    [`a/b:1@${digest}`, [null, "a/b", digest]],
    ["alpine:3.*", [null, "alpine", "3.*"]],
    ["Alpine", null],
    ["a b", null],
    ["", null],
    ["{{ .Values.image }}", null],
    ["https://a/b", null],
  ];
  for (const [text, expected] of table) {
    const image = parseImageReference(text);
    assert.deepEqual(image && [image.registry, image.name, image.reference], expected, text);
  }
});

Deno.test("manifests of Kubernetes, values of Helm and compose files name their images", async () => {
  const notes: string[] = [];
  const read = async (text: string) => {
    await using vault = await openWarmScene([{ type: "dockerhub", name: "hub", config: {} }]);
    const lines = await Array.fromAsync(
      await readList("file.yaml", {
        sources: vault.sources,
        settings: noSettings,
        open: () => openText(text),
        note: (message) => notes.push(message),
      }),
    );
    return lines.map(({ text }) => text);
  };
  assert.deepEqual(await read(kubernetes), [
    "docker:registry.k8s.io/pause:3.9",
    "docker:busybox:1.36",
    "docker:nginx:1.27",
    "docker:quay.io/org/files:1",
    "docker:ghcr.io/org/app:1@sha256:" + "1".repeat(64),
  ]);
  assert.deepEqual(await read('services:\n  web:\n    image: "nginx:${TAG:-1.27}"\n  db:\n    image: ${DB}\n'), [
    "docker:nginx:1.27",
  ]);
  assert.match(notes.join(), /"\$\{DB\}" is no image that could be fetched/);
  assert.deepEqual(await read("image:\n  registry: docker.io\n  repository: bitnami/redis\n  tag: 7.2\n"), [
    "docker:docker.io/bitnami/redis:7.2",
  ]);
  assert.deepEqual(await read('{"kind": "Pod", "spec": {"containers": [{\n"image": "alpine"}]}}'), ["docker:alpine"]);
  assert.deepEqual(await read('{"kind":"Pod","spec":{"containers":[{"name":"a","image":"alpine"}]}}'), [
    "docker:alpine",
  ]);
  assert.deepEqual(await read("services: {a: {image: alpine:3.19}}"), ["docker:alpine:3.19"]);
  notes.length = 0;
  const compose =
    "services:\n  web: {build: ., image: org/app:dev}\n  worker: {image: org/app:dev}\n  db: {image: postgres:17}";
  assert.deepEqual(await read(compose), ["docker:postgres:17"]);
  assert.deepEqual(notes, [
    'file.yaml: "org/app:dev" is built by its service ("build:"), and is left out; where a registry has it, list docker:org/app:dev',
  ]);
  await assert.rejects(read("image: [a\nb: c: d"), /Cannot parse "file\.yaml" as YAML/);
});

const kubernetes = `
apiVersion: apps/v1
kind: Deployment
spec:
  template:
    spec:
      initContainers:
        - name: first
          image: registry.k8s.io/pause:3.9
        - { name: second, image: "busybox:1.36" }
      containers:
        - image: nginx:1.27 # a comment
      volumes:
        - image:
            reference: quay.io/org/files:1
            pullPolicy: Always
---
# the output of helm
kind: CronJob
spec:
  jobTemplate:
    spec: {template: {spec: {containers: [{image: 'ghcr.io/org/app:1@sha256:${"1".repeat(64)}'}]}}}
---
`;

interface SceneOptions {
  readonly tags?: readonly string[];
  readonly pageSize?: number;
  readonly hasReferrers?: boolean;
}

async function openScene({ tags = ["1"], pageSize, hasReferrers = false }: SceneOptions = {}): Promise<Scene> {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await createTempDir());
  const layout = new OciLayout(dir.join("layout"));
  const image = await createImage(layout, { message: "warm", layers: [await createLargeLayer(layout, 2_000_000)] });
  const all = tags.map((tag) => [`library/app:${tag}`, image.root] as const);
  const referrers = hasReferrers
    ? [createArtifact(layout, image.root, { type: "application/spdx+json", content: "an SBOM" }).manifest]
    : [];
  const [platform] = image.platforms;
  const cosign = { type: "application/vnd.dev.cosign.simplesigning.v1+json", content: "a signature" };
  const signature = createArtifact(layout, platform!.manifest, cosign).manifest;
  const ofCosign = hasReferrers ? [[`library/app:sha256-${image.root.digest.slice(7)}.sig`, signature] as const] : [];
  const registry = stack.use(startLayoutRegistry(layout, {
    tags: Object.fromEntries([...all, ...ofCosign]),
    manifests: [...image.platforms.map(({ manifest }) => manifest), ...referrers],
    ...pageSize !== undefined && { pageSize },
  }));
  const config = { registry_url: registry.url, retries: 0, tag_ttl: "1h" };
  const vault = stack.use(await openWarmScene([{ type: "dockerhub", name: "hub", config }]));
  const resources = stack.move();
  return { layout, image, registry, vault, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

async function expectCached(vault: WarmScene, path: string): Promise<void> {
  const response = await vault.client.request(path);
  assert.equal(response.status, 200, `${path}: ${response.status}`);
  assert.match(response.headers.get("cache-status") ?? "hit", /hit/, path);
  await response.body?.cancel();
}
