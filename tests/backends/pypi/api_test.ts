import assert from "node:assert/strict";
import { headerOf } from "../../../src/http/headers.ts";
import type { FakeUpstream } from "../../support/fake_upstream.ts";
import { hashOf, policy, PypiScene, servePage } from "./scene.ts";

const day = 24 * 3_600_000;

interface ApiFile {
  readonly version: string;
  readonly body: string;
  /** How long ago it was uploaded. */
  readonly ageMs?: number;
}

const filenameOf = ({ version }: ApiFile) => `demo-${version}.tar.gz`;

/** What PyPI says of the project "demo", whose last file is that of its newest version. */
function serveApi(upstream: FakeUpstream, files: readonly ApiFile[]): void {
  servePage(upstream, "demo", files.map((file) => ({ filename: filenameOf(file), body: file.body })));
  const entryOf = (file: ApiFile) => ({
    filename: filenameOf(file),
    url: upstream.url(`/packages/${filenameOf(file)}`),
    digests: { sha256: hashOf(file.body) },
    ...file.ageMs !== undefined && { upload_time_iso_8601: new Date(Date.now() - file.ageMs).toISOString() },
  });
  const releases = Object.fromEntries(files.map((file) => [file.version, [entryOf(file)]]));
  for (const file of files) {
    const about = { info: { name: "demo", version: file.version }, urls: [entryOf(file)], vulnerabilities: [] };
    const headers = { "content-type": "application/json" };
    upstream.serve(`/pypi/demo/${file.version}/json`, { body: JSON.stringify(about), headers });
    const newest = { ...about, releases: { ...releases, "0.1": [] }, last_serial: 7 };
    upstream.serve("/pypi/demo/json", { body: JSON.stringify(newest), headers });
  }
}

async function setUp(files: readonly ApiFile[] = [{ version: "1.0", body: "one" }, { version: "2.0", body: "two" }]) {
  await using stack = new AsyncDisposableStack();
  const scene = stack.use(new PypiScene());
  const upstream = scene.startUpstream();
  serveApi(upstream, files);
  const owned = stack.move();
  return { scene, upstream, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

for (const path of ["/pypi/demo/json", "/demo/json", "/demo/json/"]) {
  Deno.test(`${path} is what the index says of the project, with links to the vault`, async () => {
    await using all = await setUp();
    const { scene, upstream } = all;
    const backend = scene.backend([scene.index(upstream)], { ttlMs: 60_000 });
    const got = await scene.ask(backend, path);
    assert.equal(headerOf(got.headers, "content-type"), "application/json");
    const { info, urls, releases, last_serial, vulnerabilities } = JSON.parse(got.text);
    assert.deepEqual([info, last_serial, vulnerabilities], [{ name: "demo", version: "2.0" }, 7, []]);
    const link = "http://vault/pypi/files/demo/" + upstream.url("/packages/demo-2.0.tar.gz").replace("://", "/");
    const packages = "http://vault/pypi/packages/demo-2.0.tar.gz";
    assert.ok([link, packages].includes(urls[0].url), urls[0].url);
    assert.equal(urls[0].digests.sha256, hashOf("two"));
    assert.deepEqual(Object.keys(releases).sort(), ["0.1", "1.0", "2.0"]);
    const { pathname } = new URL(releases["1.0"][0].url);
    assert.equal((await scene.ask(backend, pathname.slice("/pypi".length))).text, "one");
    await scene.ask(backend, path);
    assert.equal(upstream.count("/pypi/demo/json"), 1);
  });
}

Deno.test("one version is asked for by its number, and names in another spelling are moved", async () => {
  await using all = await setUp();
  const { scene, upstream } = all;
  const backend = scene.backend([scene.index(upstream)]);
  for (const path of ["/pypi/demo/1.0/json", "/demo/1.0/json"]) {
    assert.equal(JSON.parse((await scene.ask(backend, path)).text).info.version, "1.0");
  }
  const moved = await scene.ask(backend, "/pypi/Demo/1.0/json");
  assert.deepEqual([moved.status, headerOf(moved.headers, "location")], [301, "../../../pypi/demo/1.0/json"]);
  assert.equal((await scene.ask(backend, "/simple/json")).status, 301);
  await assert.rejects(scene.ask(backend, "/pypi/demo/3.0/json"), { code: "not_found" });
});

Deno.test("the JSON API is that of the index which has the project, and rules count", async () => {
  await using all = await setUp();
  const { scene, upstream } = all;
  const own = scene.startUpstream();
  servePage(own, "demo", [{ filename: "demo-5.0.tar.gz", body: "ours" }]);
  const backend = scene.backend([scene.index(own), scene.index(upstream)]);
  await assert.rejects(scene.ask(backend, "/pypi/demo/json"), { code: "not_found" });
  const barred = scene.backend([scene.index(upstream, { never: ["demo"] })]);
  await assert.rejects(scene.ask(barred, "/pypi/demo/json"), { code: "not_found" });
  const other = scene.backend([scene.index(own, { url: `${own.origin}/index` })]);
  servePage(own, "demo", []);
  await assert.rejects(scene.ask(other, "/pypi/demo/json"), { code: "not_found" });
  assert.equal(upstream.requests.length, 0);
});

const outages: readonly [name: string, answer: { status?: number; body?: string; headers?: Record<string, string> }][] =
  [
    ["is down", { status: 503 }],
    ["sends a page for people", { body: "<html>maintenance</html>", headers: { "content-type": "text/html" } }],
    ["sends what is no JSON", { body: "{", headers: { "content-type": "application/json" } }],
  ];

for (const [name, answer] of outages) {
  Deno.test(`while the index ${name}, what is held of its JSON API is served`, async () => {
    await using all = await setUp();
    const { scene, upstream } = all;
    const backend = scene.backend([scene.index(upstream)]);
    const { text } = await scene.ask(backend, "/pypi/demo/json");
    upstream.serve("/pypi/demo/json", answer);
    assert.equal((await scene.ask(backend, "/pypi/demo/json")).text, text);
    assert.equal(upstream.count("/pypi/demo/json"), 2);
    upstream.serve("/simple/demo/", { status: 503 });
    assert.equal((await scene.ask(backend, "/pypi/demo/json")).text, text);
  });
}

Deno.test("min_age hides versions from the JSON API, and what is said of the newest one with it", async () => {
  const files = [
    { version: "1.0", body: "one", ageMs: 30 * day },
    { version: "2.0rc1", body: "rc", ageMs: 10 * day },
    { version: "2.0", body: "two", ageMs: day },
  ];
  await using all = await setUp(files);
  const { scene, upstream } = all;
  const backend = scene.backend([scene.index(upstream)], { minAgeMs: 7 * day });
  const { info, urls, releases } = JSON.parse((await scene.ask(backend, "/pypi/demo/json")).text);
  assert.equal(info.version, "1.0");
  assert.deepEqual(urls.map(({ filename }: { filename: string }) => filename), ["demo-1.0.tar.gz"]);
  assert.deepEqual(Object.keys(releases).sort(), ["0.1", "1.0", "2.0rc1"]);
  await assert.rejects(scene.ask(backend, "/pypi/demo/2.0/json"), { code: "not_found", message: /min_age/ });
});

Deno.test("offline, it shows the files that are cached, and the newest version that has one", async () => {
  await using all = await setUp(
    ["1.0", "2.0", "3.0"].map((version, at) => ({ version, body: version, ageMs: (9 - at) * day })),
  );
  const { scene, upstream } = all;
  const online = scene.backend([scene.index(upstream)]);
  const offline = (hidesUncached: boolean) =>
    scene.backend([scene.index(upstream)], { policy: { ...policy, offline: true }, hidesUncached });
  await scene.ask(online, "/pypi/demo/json");
  await scene.ask(online, "/pypi/demo/3.0/json");
  await assert.rejects(scene.ask(offline(true), "/pypi/demo/json"), /No file of "demo" .* offline for "pypi": it asks/);
  for (const version of ["1.0", "2.0"]) await scene.follow(online, "/simple/demo/", `demo-${version}.tar.gz`);
  const asked = upstream.requests.length;
  const shown = async (hidesUncached: boolean) => {
    const { info, releases, urls } = JSON.parse((await scene.ask(offline(hidesUncached), "/pypi/demo/json")).text);
    return [info.version, Object.keys(releases), urls.map(({ filename }: { filename: string }) => filename)];
  };
  assert.deepEqual(await shown(true), ["2.0", ["1.0", "2.0"], ["demo-2.0.tar.gz"]]);
  assert.deepEqual(await shown(false), ["3.0", ["1.0", "2.0", "3.0", "0.1"], ["demo-3.0.tar.gz"]]);
  await assert.rejects(scene.ask(offline(true), "/pypi/demo/3.0/json"), { code: "offline" });
  assert.equal(upstream.requests.length, asked);
});
