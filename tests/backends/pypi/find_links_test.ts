import assert from "node:assert/strict";
import { jsonType } from "../../../src/backends/pypi/page_format.ts";
import type { FakeUpstream } from "../../support/fake_upstream.ts";
import { hashOf, PypiScene, servePage } from "./scene.ts";

const html = { "content-type": "text/html" };
const wheel = "demo-1.0+cpu-py3-none-any.whl";

/** A page of links at this path, and its files beside it. */
function serveLinks(upstream: FakeUpstream, path: string, files: Readonly<Record<string, string>>): void {
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  const anchors = Object.entries(files).map(([name, body]) => {
    const escaped = name.replace("+", "%2B");
    upstream.serve(`${folder}${escaped}`, { body });
    return `<a href="${escaped}#sha256=${hashOf(body)}">${name}</a>`;
  });
  upstream.serve(path, { body: `<html>${anchors.join("<br>")}</html>`, headers: html, etag: `"${anchors.length}"` });
}

async function setUp() {
  await using stack = new AsyncDisposableStack();
  const scene = stack.use(new PypiScene());
  const upstream = scene.startUpstream();
  serveLinks(upstream, "/whl/stable.html", { [wheel]: "demo", "other_lib-2.0.tar.gz": "other", "notes.txt": "" });
  const links = { url: `${upstream.origin}/whl/stable.html`, packagesUrl: null, isFindLinks: true };
  const owned = stack.move();
  return { scene, upstream, links, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

Deno.test("a page of links is an index: each project has a page and there is a list, from one look at it", async () => {
  await using all = await setUp();
  const { scene, upstream, links } = all;
  const backend = scene.backend([scene.index(upstream, links)], { ttlMs: 60_000 });
  assert.deepEqual([...(await scene.links(backend, "/simple/demo/")).keys()], [wheel]);
  assert.deepEqual([...(await scene.links(backend, "/simple/other-lib/")).keys()], ["other_lib-2.0.tar.gz"]);
  assert.match((await scene.ask(backend, "/simple/demo/")).text, new RegExp(`#sha256=${hashOf("demo")}"`));
  const list = JSON.parse((await scene.ask(backend, "/simple/", jsonType)).text);
  assert.deepEqual(list.projects, [{ name: "demo" }, { name: "other-lib" }]);
  assert.equal(upstream.count("/whl/stable.html"), 1);
  assert.equal((await scene.follow(backend, "/simple/demo/", wheel)).text, "demo");
  await assert.rejects(scene.ask(backend, "/simple/nothing/"), { code: "not_found" });
});

Deno.test("a page of links has its turn among indexes, and rules count", async () => {
  await using all = await setUp();
  const { scene, upstream, links } = all;
  const open = scene.startUpstream();
  servePage(open, "demo", [{ filename: "demo-9.0.tar.gz", body: "a stranger's" }]);
  servePage(open, "flask", [{ filename: "flask-3.0.tar.gz", body: "flask" }]);
  const backend = scene.backend([scene.index(upstream, links), scene.index(open)]);
  assert.deepEqual([...(await scene.links(backend, "/simple/demo/")).keys()], [wheel]);
  assert.deepEqual([...(await scene.links(backend, "/simple/flask/")).keys()], ["flask-3.0.tar.gz"]);
  assert.equal(open.count("/simple/demo/"), 0);
  const barred = scene.backend([scene.index(upstream, { ...links, never: ["demo"] })]);
  await assert.rejects(scene.ask(barred, "/simple/demo/"), { code: "not_found" });
});

Deno.test("what is added to a page of links is found, and an outage neither hides nor hands on a project", async () => {
  await using all = await setUp();
  const { scene, upstream, links } = all;
  const open = scene.startUpstream();
  const backend = scene.backend([scene.index(upstream, links), scene.index(open)]);
  await scene.links(backend, "/simple/demo/");
  const newer = "demo-2.0-py3-none-any.whl";
  serveLinks(upstream, "/whl/stable.html", { [wheel]: "demo", [newer]: "two", "extra-1.0.zip": "", "new-1.0.zip": "" });
  assert.deepEqual([...(await scene.links(backend, "/simple/demo/")).keys()], [wheel, newer]);
  upstream.serve("/whl/stable.html", { status: 503 });
  assert.deepEqual([...(await scene.links(backend, "/simple/demo/")).keys()], [wheel, newer]);
  assert.equal((await scene.follow(backend, "/simple/demo/", newer)).text, "two");
  assert.equal(open.requests.length, 0);
  const fresh = scene.backend([scene.index(upstream, links), scene.index(open)], { name: "fresh" });
  await assert.rejects(scene.ask(fresh, "/simple/demo/"), { upstreamStatus: 503 });
  assert.equal(open.requests.length, 0);
});

Deno.test("a folder is a page of links, too: its links count from its slash", async () => {
  await using all = await setUp();
  const { scene, upstream } = all;
  serveLinks(upstream, "/wheels/", { [wheel]: "demo" });
  const folder = { url: `${upstream.origin}/wheels`, packagesUrl: null, isFindLinks: true };
  const backend = scene.backend([scene.index(upstream, folder)]);
  assert.equal((await scene.follow(backend, "/simple/demo/", wheel)).text, "demo");
});

Deno.test("a hundred clients ask for as many projects at once: nobody waits for a turn that another one has", async () => {
  await using all = await setUp();
  const { scene, upstream, links } = all;
  const names = Array.from({ length: 100 }, (_, nth) => `many${nth}`);
  serveLinks(upstream, "/whl/stable.html", Object.fromEntries(names.map((name) => [`${name}-1.0.zip`, name])));
  const backend = scene.backend([scene.index(upstream, links)], { ttlMs: 60_000 });
  const pages = await Promise.all(names.map((name) => scene.links(backend, `/simple/${name}/`)));
  assert.deepEqual(pages.map(({ size }) => size), names.map(() => 1));
  assert.equal(upstream.count("/whl/stable.html"), 1);
});
