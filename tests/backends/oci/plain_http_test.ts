import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { type AppFixture, startBackends } from "../../support/app_fixture.ts";
import { type FakeUpstream, startFakeUpstream } from "../../support/fake_upstream.ts";
import { testCertificates } from "../../upstream/certificates.ts";

const ca = fileURLToPath(new URL("../../support/tls/ca.pem", import.meta.url));
const layer = "a layer";
const digest = `sha256:${createHash("sha256").update(layer).digest("hex")}`;
const blob = `/v2/team/x/blobs/${digest}`;

interface Scene extends AsyncDisposable {
  /** Speaks https, wants a token, and redirects to its storage. */
  readonly registry: FakeUpstream;
  /** Speaks plain http. */
  readonly storage: FakeUpstream;
  startVault(more: Record<string, unknown>): Promise<AppFixture>;
}

function createScene(): Scene {
  const registry = startFakeUpstream({ tls: testCertificates.localhost, hostname: "localhost" });
  const storage = startFakeUpstream();
  for (const path of [blob, "/v2/team/x/manifests/1", `/v2/team/x/manifests/${digest}`]) {
    registry.serve(path, { status: 307, headers: { location: storage.url("/object") } });
  }
  storage.serve("/object", { body: layer });
  return {
    ...{ registry, storage },
    startVault(more) {
      const config = { registry_url: registry.origin, ca, token: "hunter2", retries: 0, ...more };
      return startBackends([{ type: "oci", name: "all", config }]);
    },
    async [Symbol.asyncDispose]() {
      await registry[Symbol.asyncDispose]();
      await storage[Symbol.asyncDispose]();
    },
  };
}

Deno.test("a registry with a login that redirects blobs to plain http: refused without the key", async () => {
  await using scene = createScene();
  await using app = await scene.startVault({});
  const { status, text } = await app.ask(blob);
  assert.equal(status, 502);
  assert.match(text, /plain http what credentials protect/);
  assert.deepEqual(scene.storage.requests, []);
});

Deno.test("plain_http_blobs: a blob comes over plain http, without the login, and is kept", async () => {
  await using scene = createScene();
  await using app = await scene.startVault({ plain_http_blobs: true });
  for (const _ of ["miss", "hit"]) assert.equal((await app.ask(blob)).text, layer);
  assert.equal((await app.ask(blob, { method: "HEAD" })).status, 200);
  assert.deepEqual(scene.registry.requests.map(({ headers }) => headers.get("authorization")), ["Bearer hunter2"]);
  assert.deepEqual(scene.storage.requests.map(({ headers }) => headers.get("authorization")), [null]);
});

Deno.test("plain_http_blobs: other bytes than those of the digest are refused", async () => {
  await using scene = createScene();
  scene.storage.serve("/object", { body: "another" });
  await using app = await scene.startVault({ plain_http_blobs: true });
  const { status } = await app.ask(blob);
  assert.equal(status, 502);
  assert.equal(app.held().blobs, 0);
});

Deno.test("plain_http_blobs: manifests never come over plain http", async () => {
  await using scene = createScene();
  await using app = await scene.startVault({ plain_http_blobs: true });
  for (const reference of ["1", digest]) {
    assert.equal((await app.ask(`/v2/team/x/manifests/${reference}`)).status, 502, reference);
  }
  assert.deepEqual(scene.storage.requests, []);
});

Deno.test("plain_http_blobs: what is held under another name is fetched, since nobody proves that it is there", async () => {
  await using scene = createScene();
  const other = blob.replace("team/x", "team/y");
  scene.registry.serve(other, { status: 307, headers: { location: scene.storage.url("/other") } });
  await using app = await scene.startVault({ plain_http_blobs: true });
  assert.equal((await app.ask(blob)).status, 200);
  await app.idle();
  scene.storage.serve("/other", ({ method }) => method === "HEAD" ? { body: layer } : { status: 404 });
  assert.equal((await app.ask(other)).status, 404);
});
