import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { startBackends } from "../../support/app_fixture.ts";
import { type FakeUpstream, startFakeUpstream } from "../../support/fake_upstream.ts";

const manifestType = "application/vnd.oci.image.manifest.v1+json";
const layer = "what is in the private layer";
const digestOf = (text: string) => `sha256:${createHash("sha256").update(text).digest("hex")}`;

/** A registry that takes any manifest: this one names a layer that may or may not be in the repository. */
function serveManifest(registry: FakeUpstream, image: string, configType: string): void {
  const body = JSON.stringify({
    schemaVersion: 2,
    mediaType: manifestType,
    config: { mediaType: configType, digest: digestOf(layer), size: layer.length },
    layers: [{ mediaType: "application/octet-stream", digest: digestOf(layer), size: layer.length }],
  });
  const headers = { "content-type": manifestType, "docker-content-digest": digestOf(body) };
  registry.serve(`/v2/${image}/manifests/1`, { body, headers });
}

/** A private registry and a public one, behind one backend whose cache has the private layer. */
async function startScene() {
  await using stack = new AsyncDisposableStack();
  const registryA = stack.use(startFakeUpstream());
  const registryB = stack.use(startFakeUpstream());
  registryA.serve(`/v2/secret/app/blobs/${digestOf(layer)}`, { body: layer });
  const repositories = [
    { registry_url: registryA.origin, names: "a.test" },
    { registry_url: registryB.origin, names: "b.test" },
  ];
  const app = stack.use(await startBackends([{ type: "oci", name: "all", config: { repositories } }]));
  const brought = await app.ask(`/v2/a.test/secret/app/blobs/${digestOf(layer)}`);
  assert.equal(brought.text, layer);
  // Whoever has all of it may come back before it is stored: what is still arriving is another case.
  await app.idle();
  const resources = stack.move();
  return { app, registryB, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

for (const configType of ["application/vnd.oci.image.config.v1+json", "application/vnd.stranger.config+json"]) {
  Deno.test(`a manifest with a config of type ${configType} opens no layer that another repository brought`, async () => {
    await using scene = await startScene();
    const { app, registryB } = scene;
    serveManifest(registryB, "mallory/app", configType);
    assert.equal((await app.ask("/v2/b.test/mallory/app/manifests/1")).status, 200);
    const blob = `/mallory/app/blobs/${digestOf(layer)}`;
    for (const method of ["HEAD", "GET"]) {
      const { status, text } = await app.ask(`/v2/b.test${blob}`, { method });
      assert.deepEqual([status, text.includes(layer)], [404, false], method);
    }
    assert.notEqual(registryB.count(`/v2${blob}`), 0);
  });
}

Deno.test("a layer that another repository brought costs one HEAD, where the registry has it", async () => {
  await using scene = await startScene();
  const { app, registryB } = scene;
  serveManifest(registryB, "team/app", "application/vnd.oci.image.config.v1+json");
  const blob = `/v2/team/app/blobs/${digestOf(layer)}`;
  registryB.serve(blob, { body: layer });
  await app.ask("/v2/b.test/team/app/manifests/1");
  for (const round of [1, 2]) {
    assert.equal((await app.ask(`/v2/b.test/team/app/blobs/${digestOf(layer)}`)).text, layer, `${round}`);
  }
  const asked = registryB.requests.filter(({ target }) => target === blob).map(({ method }) => method);
  assert.deepEqual(asked, ["HEAD"]);
});
