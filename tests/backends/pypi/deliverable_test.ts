import assert from "node:assert/strict";
import type { Artifact } from "../../../src/artifact.ts";
import { htmlType, jsonType } from "../../../src/backends/pypi/page_format.ts";
import { headerOf } from "../../../src/http/headers.ts";
import { FakeNow } from "../../support/fake_now.ts";
import { hashOf, policy, PypiScene, type ServedFile, servePage } from "./scene.ts";

const metadataOf = ({ filename }: ServedFile) => `metadata of ${filename}`;

function wheel(version: string): ServedFile {
  const file = { filename: `demo-${version}-py3-none-any.whl`, body: `wheel ${version}` };
  return { ...file, keys: { "core-metadata": { sha256: hashOf(metadataOf(file)) }, "requires-python": ">=3.8" } };
}

const [first, second, third] = [wheel("1.0"), wheel("2.0"), wheel("3.0")];

/** An index that has "demo", of which the cache has the page, two wheels, and the metadata of the second. */
async function setUp() {
  await using stack = new AsyncDisposableStack();
  const scene = stack.use(new PypiScene());
  const upstream = scene.startUpstream();
  servePage(upstream, "demo", [first, second, third]);
  for (const file of [first, second, third]) {
    upstream.serve(`/packages/${file.filename}.metadata`, { body: metadataOf(file) });
  }
  const online = scene.backend([scene.index(upstream)]);
  await scene.follow(online, "/simple/demo/", first.filename);
  await scene.follow(online, "/simple/demo/", second.filename);
  await scene.ask(online, `/packages/${second.filename}.metadata`);
  const offline = (hidesUncached: boolean) =>
    scene.backend([scene.index(upstream)], { policy: { ...policy, offline: true }, hidesUncached });
  const owned = stack.move();
  return { scene, upstream, online, offline, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

Deno.test("offline, a page shows the files that are cached, and metadata where that is cached", async () => {
  await using all = await setUp();
  const { scene, upstream } = all;
  const asked = upstream.requests.length;
  const offline = all.offline(true);
  const json = JSON.parse((await scene.ask(offline, "/simple/demo/", jsonType)).text);
  assert.deepEqual(
    json.files.map((file: Record<string, unknown>) => [file.filename, file["core-metadata"], file["requires-python"]]),
    [
      [first.filename, undefined, ">=3.8"],
      [second.filename, { sha256: hashOf(metadataOf(second)) }, ">=3.8"],
    ],
  );
  const { text: html } = await scene.ask(offline, "/simple/demo/", htmlType);
  assert.deepEqual([...html.matchAll(/>(demo-[^<]*)</g)].map(([, name]) => name), [first.filename, second.filename]);
  assert.equal(html.match(/data-core-metadata/g)?.length, 1);
  for (const [filename] of await scene.links(offline, "/simple/demo/")) {
    assert.match((await scene.follow(offline, "/simple/demo/", filename)).text, /^wheel /);
  }
  assert.equal(upstream.requests.length, asked);
});

Deno.test("a file that comes into the cache is on the page a second later, under another ETag", async () => {
  await using all = await setUp();
  const { scene } = all;
  using now = new FakeNow();
  const offline = all.offline(true);
  const before = await scene.ask(offline, "/simple/demo/", jsonType);
  await scene.follow(all.online, "/simple/demo/", third.filename);
  now.advance(1001);
  const after = await scene.ask(offline, "/simple/demo/", jsonType);
  assert.equal(JSON.parse(after.text).files.length, 3);
  assert.notEqual(headerOf(after.headers, "etag"), headerOf(before.headers, "etag"));
  assert.deepEqual(await scene.ask(offline, "/simple/demo/", jsonType), after);
});

Deno.test("a project of which no file is cached is missed, not an empty page", async () => {
  await using all = await setUp();
  const { scene, upstream, online } = all;
  servePage(upstream, "other", [{ filename: "other-1.0.tar.gz", body: "an sdist" }]);
  servePage(upstream, "empty", []);
  for (const project of ["other", "empty"]) await scene.ask(online, `/simple/${project}/`);
  await assert.rejects(scene.ask(all.offline(true), "/simple/other/"), {
    code: "offline",
    message: /No file of "other"/,
  });
  assert.deepEqual(JSON.parse((await scene.ask(all.offline(true), "/simple/empty/", jsonType)).text).files, []);
});

Deno.test("with offline_indexes: full, a page shows all files", async () => {
  await using all = await setUp();
  const links = await all.scene.links(all.offline(false), "/simple/demo/");
  assert.deepEqual([...links.keys()], [first, second, third].map(({ filename }) => filename));
});

Deno.test("offline, the list of projects names those whose page is cached, in each form, whether a list is cached or not", async () => {
  await using all = await setUp();
  const { scene, upstream } = all;
  servePage(upstream, "zope-interface", []);
  await scene.ask(all.online, "/simple/Zope.Interface/");
  await scene.ask(all.online, "/simple/zope-interface/");
  const { text } = await scene.ask(all.offline(true), "/simple/", jsonType);
  assert.deepEqual(JSON.parse(text).projects, [{ name: "demo" }, { name: "zope-interface" }]);
  const html = (await scene.ask(all.offline(true), "/simple/", htmlType)).text;
  assert.deepEqual([...html.matchAll(/href="([^"]*)"/g)].map(([, href]) => href), ["demo/", "zope-interface/"]);
  await assert.rejects(scene.ask(all.offline(false), "/simple/", jsonType), { code: "offline" });
});

Deno.test("offline, the files of a page are looked up once, however many clients ask within a second", async () => {
  await using scene = new PypiScene();
  const upstream = scene.startUpstream();
  const many = Array.from({ length: 2000 }, (_, at) => ({
    filename: `big-1.${at}.tar.gz`,
    body: `${at}`,
    url: `${upstream.origin}/packages/big-1.${at}.tar.gz`,
  }));
  servePage(upstream, "big", many);
  upstream.serve("/packages/big-1.7.tar.gz", { body: "7" });
  const index = scene.index(upstream);
  await scene.follow(scene.backend([index]), "/simple/big/", "big-1.7.tar.gz");
  const { vault } = scene.fixture;
  let looks = 0;
  const holds = vault.reader.holds.bind(vault.reader);
  Object.defineProperty(vault.reader, "holds", { value: (artifact: Artifact) => (looks++, holds(artifact)) });
  const offline = scene.backend([index], { policy: { ...policy, offline: true }, hidesUncached: true });
  using now = new FakeNow();
  for (let round = 0; round < 5; round++) {
    assert.deepEqual([...(await scene.links(offline, "/simple/big/")).keys()], ["big-1.7.tar.gz"]);
  }
  assert.equal(looks, 2000);
  now.advance(1001);
  await scene.links(offline, "/simple/big/");
  assert.equal(looks, 4000);
});
