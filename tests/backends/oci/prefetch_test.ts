import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type AppFixture, startBackends } from "../../support/app_fixture.ts";
import { type FakeUpstream, startFakeUpstream } from "../../support/fake_upstream.ts";
import { createTempDir } from "../../support/temp_dir.ts";

const indexType = "application/vnd.oci.image.index.v1+json";
const manifestType = "application/vnd.oci.image.manifest.v1+json";
const digestOf = (body: string) => `sha256:${createHash("sha256").update(body).digest("hex")}`;
const tag = "/v2/team/x/manifests/1";

interface Image {
  readonly registry: FakeUpstream;
  readonly index: string;
  /** Paths of manifests, configs and layers, by the architecture whose image has them. */
  readonly paths: Readonly<Record<string, readonly string[]>>;
}

/** A registry with an index of an image for three architectures; each has a manifest, a config and two layers. */
function startImage(): Image {
  const registry = startFakeUpstream();
  const serve = (kind: string, body: string, type = "application/octet-stream") => {
    const path = `/v2/team/x/${kind}/${digestOf(body)}`;
    registry.serve(path, { body, headers: { "content-type": type } });
    return path;
  };
  const listed: unknown[] = [];
  const paths: Record<string, string[]> = {};
  for (const architecture of ["amd64", "arm64", "arm"]) {
    const blobs = ["config", "layer", "common layer"].map((name) => name.startsWith("c") ? name : name + architecture);
    const [config, ...layers] = blobs.map((body) => ({ digest: digestOf(body), size: body.length }));
    const foreign = { digest: digestOf("foreign"), size: 1, urls: ["https://elsewhere.example/layer"] };
    const manifest = JSON.stringify({
      ...{ schemaVersion: 2, mediaType: manifestType, config, layers: [...layers, foreign] },
      annotations: { architecture },
    });
    const variant = architecture === "arm" ? { variant: "v7" } : {};
    listed.push({
      mediaType: manifestType,
      digest: digestOf(manifest),
      platform: { os: "linux", architecture, ...variant },
    });
    paths[architecture] = [serve("manifests", manifest, manifestType), ...blobs.map((body) => serve("blobs", body))];
  }
  const index = JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: listed });
  registry.serve(tag, {
    body: index,
    headers: { "content-type": indexType, "docker-content-digest": digestOf(index) },
  });
  serve("manifests", index, indexType);
  return { registry, index, paths };
}

function startVault({ registry }: Image, more: Record<string, unknown>, cacheDir?: string): Promise<AppFixture> {
  const config = { registry_url: registry.origin, names: "reg.example", retries: 0, tag_ttl: "1h", ...more };
  return startBackends([{ type: "oci", name: "all", config }], cacheDir === undefined ? {} : { cacheDir });
}

/** The paths that were asked for, without the tag. */
function askedPaths({ registry }: Image): string[] {
  return registry.requests.map(({ method, target }) => `${method} ${target}`).filter((line) => !line.endsWith(tag))
    .sort();
}

function gets(paths: readonly string[]): string[] {
  return [...new Set(paths)].map((path) => `GET ${path}`).sort();
}

const platforms: readonly (readonly [prefetch: string | string[], fetched: string[]])[] = [
  ["all_platforms", ["amd64", "arm64", "arm"]],
  [["linux/arm64", "linux/arm"], ["arm64", "arm"]],
  ["linux/arm/v7", ["arm"]],
  ["linux/arm/v6", []],
];

for (const [prefetch, architectures] of platforms) {
  Deno.test(`prefetch: ${prefetch} fetches ${architectures.join(", ") || "nothing"} once a client has the index`, async () => {
    const image = startImage();
    await using registry = image.registry;
    await using app = await startVault(image, { prefetch });
    const expected = architectures.flatMap((architecture) => image.paths[architecture]!);
    assert.equal((await app.ask(tag)).text, image.index);
    await app.logged(/^INFO Fetched ahead for all \/@default\/team\/x\/manifests\/1: /);
    assert.deepEqual(askedPaths(image), gets(expected), "each once, and no foreign layer");

    registry.requests.length = 0;
    for (let i = 0; i < 2; i++) await app.ask(tag);
    await registry[Symbol.asyncDispose]();
    for (const path of expected) assert.equal((await app.ask(path)).status, 200, path);
    assert.deepEqual(registry.requests, []);
    assert.equal(app.lines.filter((line) => line.includes("etched ahead")).length, 1);
  });
}

Deno.test("an index by digest is fetched ahead for as well, and not again by its tag", async () => {
  const image = startImage();
  await using _registry = image.registry;
  await using app = await startVault(image, { prefetch: "all_platforms" });
  await app.ask(`/v2/team/x/manifests/${digestOf(image.index)}`);
  await app.logged(/^INFO Fetched ahead .*: 8 manifests and blobs, 0 were cached already$/);
  image.registry.requests.length = 0;
  await app.ask(tag);
  await app.ask(tag);
  assert.deepEqual(askedPaths(image), []);
});

Deno.test("what a vault has an index of, but not what it lists, is fetched once the index is asked for again", async () => {
  const image = startImage();
  await using _registry = image.registry;
  await using directory = await createTempDir("vault-prefetch-");
  const cacheDir = directory.join("cache");
  {
    await using app = await startVault(image, {}, cacheDir);
    await app.ask(tag);
    await app.idle();
    assert.deepEqual(askedPaths(image), [], "nothing without the key");
  }
  await using app = await startVault(image, { prefetch: "linux/amd64" }, cacheDir);
  await app.ask(tag, { method: "HEAD" });
  await app.ask(tag);
  await app.logged(/^INFO Fetched ahead /);
  assert.deepEqual(askedPaths(image), gets(image.paths.amd64!));
});

Deno.test("a client that pulls meanwhile shares the transfer", async () => {
  const image = startImage();
  await using registry = image.registry;
  await using app = await startVault(image, { prefetch: "linux/amd64" });
  const layer = image.paths.amd64![2]!;
  const hold = registry.hold(layer);
  await app.ask(tag);
  await hold.reached;
  const pulled = app.ask(layer);
  hold.release();
  assert.equal((await pulled).text, "layeramd64");
  await app.logged(/^INFO Fetched ahead /);
  assert.equal(registry.count(layer), 1);
});

Deno.test("a layer that is missing is told, and the others are fetched", async () => {
  const image = startImage();
  await using registry = image.registry;
  const missing = image.paths.amd64![1]!;
  registry.serve(missing, { status: 404 });
  await using app = await startVault(image, { prefetch: "all_platforms" });
  await app.ask(tag);
  const line = await app.logged(/^WARNING Not all could be fetched ahead for all /);
  assert.match(line, /: 7 manifests and blobs, 0 were cached already; .*404/);
  for (const path of Object.values(image.paths).flat()) assert.ok(registry.count(path) > 0, path);
  const asked = askedPaths(image);
  await app.ask(tag);
  await app.idle();
  assert.deepEqual(askedPaths(image), asked, "it is not tried again at once");
});

Deno.test("a quota that is used up ends it", async () => {
  const image = startImage();
  await using registry = image.registry;
  const [first, ...others] = Object.values(image.paths).map(([manifest]) => manifest!);
  registry.serve(first!, { status: 429 });
  await using app = await startVault(image, { prefetch: "all_platforms" });
  await app.ask(tag);
  await app.logged(/^WARNING Not all could be fetched ahead /);
  for (const path of others) assert.equal(registry.count(path), 0);
});

Deno.test("nothing is fetched ahead offline, nor from a registry that only a client has named", async () => {
  const image = startImage();
  await using registry = image.registry;
  await using directory = await createTempDir("vault-prefetch-");
  const cacheDir = directory.join("cache");
  const open = { registry_url: "unused.example", names: "other.example", registries: "any", insecure: true };
  const stranger = { ...open, allow_private_redirects: true, prefetch: "all_platforms" };
  {
    await using app = await startVault(image, stranger, cacheDir);
    const target = `/v2/${new URL(registry.origin).host}/team/x/manifests/1`;
    for (let i = 0; i < 2; i++) assert.equal((await app.ask(target)).status, 200);
    await app.idle();
    assert.deepEqual(askedPaths(image), []);
  }
  {
    await using app = await startVault(image, {}, cacheDir);
    await app.ask(tag);
    await app.idle();
  }
  await using offline = await startVault(image, { prefetch: "all_platforms", offline: true }, cacheDir);
  assert.equal((await offline.ask(tag)).status, 200);
  await offline.idle();
  assert.deepEqual([askedPaths(image), offline.lines.filter((line) => line.includes("ahead"))], [[], []]);
});
