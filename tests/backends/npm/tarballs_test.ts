import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { FakeNow } from "../../support/fake_now.ts";
import { createNpmPackage, type NpmPackage } from "../../support/npm/npm_package.ts";
import { NpmRegistry } from "../../support/npm/npm_registry.ts";
import type { RawAnswer } from "../../support/raw_client.ts";
import { runCaptured } from "../../support/run_captured.ts";
import { NpmScene } from "./scene.ts";

const day = 86_400_000;
const tool = createNpmPackage("tool", "1.0.0");

function assertTarball(answer: RawAnswer, { tarball }: NpmPackage): void {
  assert.deepEqual([answer.status, answer.complete], [200, true], answer.text);
  assert.ok(Buffer.compare(answer.body, tarball) === 0);
}

function errorOf({ status, text }: RawAnswer): [status: number, code: string] {
  return [status, JSON.parse(text).code];
}

Deno.test("a tarball is served before its document was ever asked for, and its digest is known (npm ci)", async () => {
  await using scene = await NpmScene.create();
  scene.registry.publish(tool);
  await using vault = await scene.start();
  assertTarball(await vault.ask("/tool/-/tool-1.0.0.tgz"), tool);
  assert.deepEqual(scene.registry.lines, ["GET /tool", "GET /tool/-/tool-1.0.0.tgz"]);
});

Deno.test("a version newer than the cached document: it is revalidated once (verdaccio #5829)", async () => {
  await using scene = await NpmScene.create();
  scene.registry.publish(tool);
  await using vault = await scene.start({ ttl: "1h" });
  await vault.ask("/tool");
  const newer = scene.registry.publish(createNpmPackage("tool", "1.1.0"));
  using now = new FakeNow();
  now.advance(60_000);
  assertTarball(await vault.ask("/tool/-/tool-1.1.0.tgz"), newer);
  assert.deepEqual(scene.registry.lines.slice(1), ["GET /tool", "GET /tool/-/tool-1.1.0.tgz"]);
});

Deno.test("a version that no document lists comes unverified, which the log says; once it is listed, it is checked", async () => {
  await using scene = await NpmScene.create();
  const { registry } = scene;
  registry.publish(tool);
  const unlisted = createNpmPackage("tool", "1.1.0");
  await using vault = await scene.start({ ttl: "1h" });
  registry.fault = async (request, pass) =>
    request.url.endsWith("tool-1.1.0.tgz") ? new Response(unlisted.tarball) : await pass();
  assertTarball(await vault.ask("/tool/-/tool-1.1.0.tgz"), unlisted);
  await vault.app.logged(/^WARNING Fetching tool\/-\/tool-1\.1\.0\.tgz unverified/);
  await vault.app.idle();
  const asked = registry.requests.length;
  assertTarball(await vault.ask("/tool/-/tool-1.1.0.tgz"), unlisted);
  assert.equal(registry.requests.length, asked, "for ten seconds nobody is asked again");

  registry.fault = null;
  const published = registry.publish(createNpmPackage("tool", "1.1.0", { files: { "other.js": "1" } }));
  using now = new FakeNow();
  now.advance(60_000);
  assertTarball(await vault.ask("/tool/-/tool-1.1.0.tgz"), published);
});

Deno.test("what the registry does not have is 404, also where no document lists it", async () => {
  await using scene = await NpmScene.create();
  scene.registry.publish(tool);
  await using vault = await scene.start();
  for (const path of ["/tool/-/tool-9.0.0.tgz", "/nothing/-/nothing-1.0.0.tgz"]) {
    assert.deepEqual(errorOf(await vault.ask(path)), [404, "not_found"]);
  }
});

Deno.test("an old version has a SHA-1 alone, and is checked by it", async () => {
  await using scene = await NpmScene.create();
  scene.registry.publish(tool, { dist: { integrity: undefined } });
  await using vault = await scene.start();
  scene.registry.fault = async (request, pass) =>
    request.url.endsWith(".tgz") ? new Response(createNpmPackage("tool", "1.0.1").tarball) : await pass();
  const wrong = await vault.ask("/tool/-/tool-1.0.0.tgz");
  assert.ok(wrong.status === 502 || !wrong.complete);
  scene.registry.fault = null;
  assertTarball(await vault.ask("/tool/-/tool-1.0.0.tgz"), tool);
});

Deno.test("a tarball that is cut short is no tarball, with a length or without (verdaccio #467, #756)", async () => {
  await using scene = await NpmScene.create();
  scene.registry.publish(tool);
  await using vault = await scene.start();
  const part = tool.tarball.slice(0, 100);
  for (const body of [part, ReadableStream.from([part])]) {
    scene.registry.fault = async (request, pass) => request.url.endsWith(".tgz") ? new Response(body) : await pass();
    const answer = await vault.ask("/tool/-/tool-1.0.0.tgz");
    assert.ok(answer.status === 502 || !answer.complete, `${answer.status}`);
  }
  scene.registry.fault = null;
  assertTarball(await vault.ask("/tool/-/tool-1.0.0.tgz"), tool);
});

const odd: Readonly<Record<string, (version: NpmPackage) => string>> = {
  "of JSR (berry #238)": ({ name, version }) => `/~/11/${name}/${version}.tgz`,
  "with the scope once more": ({ name, version }) => `/${name}/-/${name}-${version}.tgz`,
  "of GitHub": ({ name, version }) => `/download/${name}/${version}/0123456789abcdef`,
  "of Artifactory (pnpm #4283)": ({ name, version }) => `/api/npm/repo/${name}/-/${name}-${version}.tgz`,
  "with another name": ({ name, version }) => `/${name}/-/package-v${version}.tgz`,
};

for (const [what, tarballPath] of Object.entries(odd)) {
  Deno.test(`a tarball at a path ${what} is at the usual one here`, async () => {
    await using scene = await NpmScene.create({ tarballPath });
    const scoped = scene.registry.publish(createNpmPackage("@acme/tool", "1.0.0"));
    await using vault = await scene.start();
    assertTarball(await vault.ask("/@acme/tool/-/tool-1.0.0.tgz"), scoped);
    const { versions } = await vault.json("/@acme/tool");
    const { pathname } = new URL(versions["1.0.0"].dist.tarball);
    assert.ok(pathname.startsWith("/npm/@acme/tool/-/"), pathname);
    assertTarball(await vault.app.ask(pathname), scoped);
  });
}

Deno.test("a version that was published anew is fetched anew, once its document was read", async () => {
  await using scene = await NpmScene.create();
  scene.registry.publish(tool);
  await using vault = await scene.start({ ttl: "0s" });
  assertTarball(await vault.ask("/tool/-/tool-1.0.0.tgz"), tool);
  await vault.app.idle();
  const anew = scene.registry.publish(createNpmPackage("tool", "1.0.0", { files: { "other.js": "1" } }));
  await vault.ask("/tool");
  assertTarball(await vault.ask("/tool/-/tool-1.0.0.tgz"), anew);
});

Deno.test("npm pack, npm exec and audits look at the root (devguard #1574)", async () => {
  await using scene = await NpmScene.create();
  scene.registry.publish(tool);
  const scoped = scene.registry.publish(createNpmPackage("@acme/tool", "1.0.0"));
  await using vault = await scene.start();
  assertTarball(await vault.app.ask("/tool/-/tool-1.0.0.tgz"), tool);
  assertTarball(await vault.app.ask("/@acme/tool/-/tool-1.0.0.tgz"), scoped);
  assert.equal((await vault.app.ask("/-/npm/v1/keys")).status, 200);
  assert.equal((await vault.app.ask("/-/npm/v1/attestations/tool@1.0.0")).status, 200);
  const { status, text } = await vault.app.ask("/tool");
  assert.equal(status, 404);
  assert.match(text, /the known prefixes are \/npm\n/);
  assert.match((await vault.app.ask("/")).text, /serves:\n {2}\/npm {2}npm\n\n/, "the root is no prefix of its own");
});

Deno.test("min_age hides young versions and refuses their tarballs, on every verb; latest moves for it alone", async () => {
  await using scene = await NpmScene.create();
  const { registry } = scene;
  registry.publish(tool);
  const published = new Date(Date.now() - day);
  const young = registry.publish(createNpmPackage("tool", "1.1.0"), { at: published });
  registry.tag("tool", "next", "1.1.0");
  await using vault = await scene.start({ min_age: "3d", min_age_except: ["@acme/*"] });
  for (const accept of ["*/*", "application/vnd.npm.install-v1+json"]) {
    const { versions, time, "dist-tags": tags } = await vault.json("/tool", { accept });
    assert.deepEqual([Object.keys(versions), tags], [["1.0.0"], { latest: "1.0.0" }]);
    assert.equal(time?.["1.1.0"], undefined);
  }
  assert.equal((await vault.json("/tool/latest")).version, "1.0.0");
  assert.equal((await vault.ask("/tool/1.1.0")).status, 404);
  for (const path of ["/tool/-/tool-1.1.0.tgz", "/tool/-/tool-1.1.1.tgz"]) {
    assert.deepEqual(errorOf(await vault.ask(path)), [403, "denied"]);
    assert.equal((await vault.ask(path, { method: "HEAD" })).status, 403);
    assert.equal((await vault.ask(path, { headers: { range: "bytes=0-9" } })).status, 403);
  }
  assertTarball(await vault.ask("/tool/-/tool-1.0.0.tgz"), tool);
  const scoped = registry.publish(createNpmPackage("@acme/tool", "1.0.0"), { at: new Date() });
  assertTarball(await vault.ask("/@acme/tool/-/tool-1.0.0.tgz"), scoped);

  const { headers } = await vault.ask("/tool");
  const since = published.toUTCString();
  const conditions = [{ "if-none-match": headers.get("etag")! }, { "if-modified-since": since }];
  assert.equal((await vault.ask("/tool", { headers: conditions[0]! })).status, 304);
  using now = new FakeNow();
  now.advance(3 * day);
  for (const headers of conditions) {
    const { status } = await vault.ask("/tool", { headers });
    assert.equal(status, 200, "what clients see has changed since, although the registry's document has not");
  }
  assert.equal((await vault.json("/tool"))["dist-tags"].latest, "1.1.0");
  assertTarball(await vault.ask("/tool/-/tool-1.1.0.tgz"), young);
});

const old = "2024-03-04T10:00:00.000Z";
const lately = () => new Date(Date.now() - day).toISOString();
/** How a registry may name the tarball of 2.0.0, and say when it was published. */
const youngOnes: readonly (readonly [what: string, version: string, file: string, time: () => unknown])[] = [
  ["with a tarball of another name", "2.0.0", "tool-two.tgz", lately],
  ["with a letter before its number", "v2.0.0", "tool-2.0.0.tgz", lately],
  ["with a build behind its number", "2.0.0+build", "tool-2.0.0.tgz", lately],
  ["from the future", "2.0.0", "tool-2.0.0.tgz", () => "2999-01-01T00:00:00.000Z"],
  ["without a time, unlike another one", "2.0.0", "tool-2.0.0.tgz", () => undefined],
  ["with a time that is none", "2.0.0", "tool-2.0.0.tgz", () => "soon"],
  ["with a time that is a number", "2.0.0", "tool-2.0.0.tgz", Date.now],
];

for (const [what, version, file, time] of youngOnes) {
  Deno.test(`min_age hides a version ${what}, and refuses its tarball under each name`, async () => {
    await using scene = await NpmScene.create();
    const { registry } = scene;
    registry.fault = ({ url }) => {
      const { pathname } = new URL(url);
      if (pathname !== "/tool") return new Response(tool.tarball);
      const versionAt = (version: string, file: string) => (
        { name: "tool", version, dist: { tarball: `${registry.url}/tool/-/${file}` } }
      );
      const versions = { "1.0.0": versionAt("1.0.0", "tool-1.0.0.tgz"), [version]: versionAt(version, file) };
      return Response.json({ name: "tool", versions, time: { "1.0.0": old, [version]: time() } });
    };
    await using vault = await scene.start({ min_age: "3d" });
    assert.deepEqual(Object.keys((await vault.json("/tool")).versions), ["1.0.0"]);
    for (const name of new Set([file, `tool-${version}.tgz`])) {
      for (const method of ["GET", "HEAD"]) {
        assert.equal((await vault.ask(`/tool/-/${name}`, { method })).status, 403, name);
      }
    }
    assert.equal((await vault.ask("/tool/-/tool-1.0.0.tgz")).status, 200);
    assert.equal(registry.count("GET", /\.tgz$/), 1);
  });
}

Deno.test("min_age counts for what is cached already, and says so where a registry tells no times", async () => {
  await using scene = await NpmScene.create();
  const young = scene.registry.publish(createNpmPackage("tool", "1.1.0"), { at: new Date(Date.now() - day) });
  {
    await using vault = await scene.start();
    assertTarball(await vault.ask("/tool/-/tool-1.1.0.tgz"), young);
  }
  {
    await using vault = await scene.start({ min_age: "3d" });
    assert.equal((await vault.ask("/tool/-/tool-1.1.0.tgz")).status, 403);
    const { code } = await runCaptured(["cache", "purge", "npm/tool", "--cache-dir", vault.app.cacheDir]);
    assert.equal(code, 0);
  }
  {
    await using vault = await scene.start({ min_age: "3d" });
    const { status } = await vault.ask("/tool/-/tool-1.1.0.tgz");
    assert.equal(status, 403, "also where the document that says so is gone: it is fetched again");
  }
  await using timeless = new NpmRegistry({ tellsTimes: false });
  timeless.publish(createNpmPackage("other", "1.0.0"), { at: new Date() });
  await using vault = await scene.start({ min_age: "3d", registry_url: timeless.url });
  assert.deepEqual(Object.keys((await vault.json("/other")).versions), ["1.0.0"]);
  await vault.app.logged(/^WARNING min_age hides nothing of http:\/\/127\.0\.0\.1:\d+: it does not say when/);
});

Deno.test("a private scope is asked for at its own registry, with its token, and nowhere else on any path", async () => {
  await using scene = await NpmScene.create();
  await using own = new NpmRegistry({ token: "mellon" });
  const secret = own.publish(createNpmPackage("@acme/secret", "1.0.0"));
  await using vault = await scene.start({ scopes: { "@acme": { registry_url: own.url, token: "mellon" } } });
  assertTarball(await vault.ask("/@acme/secret/-/secret-1.0.0.tgz"), secret);
  assert.equal((await vault.json("/@acme%2fsecret/latest")).version, "1.0.0");
  for (
    const path of [
      "/@acme/none",
      "/@acme/none/latest",
      "/@acme/none/-/none-1.0.0.tgz",
      "/@acme/secret/-/secret-9.0.0.tgz",
      "/-/npm/v1/attestations/@acme%2fnone@1.0.0",
      "/-/package/@acme%2fnone/dist-tags",
      "/-/package/@ACME/secret/dist-tags",
      "/-/npm/v1/attestations/@ACME/secret@1.0.0",
      "/@ACME/secret",
      "/@Acme%2fsecret/-/secret-1.0.0.tgz",
      "/@acme%252fsecret",
      "/%2540acme%252fsecret",
      "/@acme//secret",
      "/-/v1/search?text=@acme/secret",
      "/-/v1/search?text=some+%40ACME%2Fsecret",
      "/-/v1/search?size=20&text=scope:acme",
      "/-/org/acme/package",
    ]
  ) {
    for (const method of ["GET", "HEAD"]) await vault.ask(path, { method });
  }
  assert.deepEqual(scene.registry.lines, []);
  assert.ok(own.requests.every(({ headers }) => headers.get("authorization") === "Bearer mellon"));
  assert.ok(vault.app.lines.every((line) => !line.includes("mellon")));
});

Deno.test("a scope that is not alone falls back on the public registry, for what its own does not have", async () => {
  await using scene = await NpmScene.create();
  await using own = new NpmRegistry();
  const mine = own.publish(createNpmPackage("@acme/mine", "1.0.0"));
  const theirs = scene.registry.publish(createNpmPackage("@acme/theirs", "1.0.0"));
  await using vault = await scene.start({ scopes: { "@acme": { registry_url: own.url, only: false } } });
  assertTarball(await vault.ask("/@acme/mine/-/mine-1.0.0.tgz"), mine);
  assertTarball(await vault.ask("/@acme/theirs/-/theirs-1.0.0.tgz"), theirs);
  await own.refuse();
  assert.equal((await vault.ask("/@acme/none")).status, 502, "an outage is no absence");
});

Deno.test("a cached document of a registry that may not have the package any more does not count", async () => {
  await using scene = await NpmScene.create();
  scene.registry.publish(createNpmPackage("@acme/tool", "6.6.6"));
  await using own = new NpmRegistry();
  own.publish(createNpmPackage("@acme/tool", "1.0.0"));
  {
    await using vault = await scene.start();
    assert.equal((await vault.json("/@acme/tool"))["dist-tags"].latest, "6.6.6");
  }
  const scopes = { "@acme": { registry_url: own.url } };
  {
    await using vault = await scene.start({ scopes, offline: true, offline_indexes: "full" });
    assert.deepEqual(errorOf(await vault.ask("/@acme/tool")), [410, "offline"]);
  }
  await using vault = await scene.start({ scopes });
  assert.equal((await vault.json("/@acme/tool"))["dist-tags"].latest, "1.0.0");
});

Deno.test("offline, documents show the versions whose tarballs are cached, and latest is the newest of them", async () => {
  await using scene = await NpmScene.create();
  scene.registry.publish(tool);
  scene.registry.publish(createNpmPackage("tool", "2.0.0"));
  scene.registry.publish(createNpmPackage("other", "1.0.0"));
  {
    await using vault = await scene.start();
    await vault.ask("/tool/-/tool-1.0.0.tgz");
    await vault.ask("/other");
  }
  await using vault = await scene.start({ offline: true });
  const { versions, "dist-tags": tags } = await vault.json("/tool");
  assert.deepEqual([Object.keys(versions), tags], [["1.0.0"], { latest: "1.0.0" }]);
  assert.deepEqual(Object.keys((await vault.json("/other")).versions), ["1.0.0"], "what is for another platform alone");
  assert.deepEqual(errorOf(await vault.ask("/other/-/other-1.0.0.tgz")), [404, "offline"]);
  assertTarball(await vault.ask("/tool/-/tool-1.0.0.tgz"), tool);
});
