import assert from "node:assert/strict";
import { startBackends } from "../../support/app_fixture.ts";
import { startFakeUpstream } from "../../support/fake_upstream.ts";
import { createTempDir } from "../../support/temp_dir.ts";

const manifestType = "application/vnd.oci.image.manifest.v1+json";
const manifest = JSON.stringify({ schemaVersion: 2, mediaType: manifestType, layers: [] });
const page = "<html><body><a href='x-1.tar.gz'>x-1.tar.gz</a></body></html>";

/** What a backend serves: where its upstream has it, and where clients ask for it. */
interface Served {
  readonly path: string;
  readonly body: string;
  readonly type: string;
  readonly target: string;
}

function file(version: number): Served {
  const path = `/pool/a_${version}.deb`;
  return { path, body: "here", type: "text/plain", target: `/x${path}` };
}

function project(version: number): Served {
  const path = `/simple/project-${version}/`;
  return { path, body: page, type: "text/html", target: `/x${path}` };
}

function tag(version: number): Served {
  const path = `/v2/team/app/manifests/${version}`;
  return { path, body: manifest, type: manifestType, target: path };
}

/** A backend of each type, with its login wherever that may stand. */
const types: readonly (readonly [
  type: string,
  keys: (url: string, login: object) => object,
  served: (version: number) => Served,
])[] = [
  ["http", (url, login) => ({ base_url: url, ...login }), file],
  ["apt", (url, login) => ({ mirror_url: url, ...login }), file],
  ["pypi", (url, login) => ({ index_url: `${url}/simple`, ...login }), project],
  ["pypi", (url, login) => ({ indexes: [{ index_url: `${url}/simple`, ...login }] }), project],
  ["oci", (url, login) => ({ registry_url: url, insecure: true, ...login }), tag],
  ["dockerhub", (url, login) => ({ repositories: [{ registry_url: url, insecure: true, ...login }] }), tag],
];

const forms: readonly (readonly [key: string, more: object, headerOf: (secret: string) => string])[] = [
  ["token_file", {}, (secret) => `Bearer ${secret}`],
  ["password_file", { username: "u" }, (secret) => `Basic ${btoa(`u:${secret}`)}`],
];

for (const [type, keys, served] of types) {
  for (const [key, more, headerOf] of forms) {
    const [where] = Object.keys(keys("", {}));
    Deno.test(`${key} of ${type} (${where}): the secret is the file's, also after it has changed`, async () => {
      await using dir = await createTempDir();
      await using upstream = startFakeUpstream();
      let accepted = headerOf("first");
      for (const { path, body, type } of [served(1), served(2)]) {
        upstream.serve(
          path,
          ({ headers }) =>
            headers.get("authorization") === accepted
              ? { body, headers: { "content-type": type } }
              : { status: 401, headers: { "www-authenticate": "Basic realm=x" } },
        );
      }
      await Deno.writeTextFile(dir.join("secret"), "first\n");
      const login = { ...more, [key]: dir.join("secret") };
      const config = { prefix: "/x", retries: 0, ...keys(upstream.origin, login) };
      await using app = await startBackends([{ type, name: "x", config }]);
      assert.equal((await app.ask(served(1).target)).status, 200);
      accepted = headerOf("second");
      await Deno.writeTextFile(dir.join("secret"), "second\n");
      assert.equal((await app.ask(served(2).target)).status, 200);
      assert.equal(upstream.requests.at(-1)?.headers.get("authorization"), headerOf("second"));
      assert.doesNotMatch(app.lines.join("\n"), /first|second/);
    });
  }
}

Deno.test("a backend that asks no upstream needs no file of its secret", async () => {
  const config = { prefix: "/x", base_url: "http://a.example", token_file: "/nonexistent/token" };
  const backend = (own: object) => [{ type: "http", name: "x", config: { ...config, ...own } }];
  await using offline = await startBackends(backend({ offline: true }));
  assert.equal((await offline.ask("/x/a")).status, 404);
  await using allOffline = await startBackends(backend({}), { top: { offline: true } });
  assert.equal((await allOffline.ask("/x/a")).status, 404);
  await assert.rejects(startBackends(backend({})), {
    message: 'Cannot read a secret from "/nonexistent/token": there is no such file',
  });
});
