import assert from "node:assert/strict";
import type { Backend } from "../../../src/backend.ts";
import { jsonType } from "../../../src/backends/pypi/page_format.ts";
import { Forwarding } from "../../../src/backends/pypi/forwarding.ts";
import type { FakeUpstream } from "../../support/fake_upstream.ts";
import { PypiScene, type ServedFile, servePage } from "./scene.ts";

const strangers: ServedFile = { filename: "corp_app-99.0-py3-none-any.whl", body: "a stranger's" };
const page = "/simple/corp-app/";

/** An index of one's own that redirects what it does not have to the public one, as GitLab does. */
async function setUp() {
  await using stack = new AsyncDisposableStack();
  const scene = stack.use(new PypiScene());
  const [own, open] = [scene.startUpstream(), scene.startUpstream()];
  for (const project of ["corp-app", "flask"]) forward(own, open, `/simple/${project}/`);
  servePage(open, "corp-app", [strangers]);
  servePage(open, "flask", [{ filename: "flask-3.0.tar.gz", body: "flask" }]);
  const indexes = [scene.index(own), scene.index(open, { never: ["corp-*"] })];
  const owned = stack.move();
  return { scene, own, open, indexes, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function forward(from: FakeUpstream, to: FakeUpstream, path: string): void {
  from.serve(path, { status: 302, headers: { location: to.url(path) } });
}

async function filesOf(scene: PypiScene, backend: Backend, path: string): Promise<string[]> {
  return [...(await scene.links(backend, path)).keys()];
}

Deno.test("a redirect to an index that never has the project is not followed, and that index learns no name", async () => {
  await using all = await setUp();
  const { scene, open, indexes } = all;
  const backend = scene.backend(indexes);
  for (let times = 0; times < 2; times++) {
    await assert.rejects(scene.ask(backend, page), { code: "not_found", message: /redirects to another index/ });
    await assert.rejects(scene.ask(backend, `/packages/${strangers.filename}`), { code: "not_found" });
  }
  assert.equal(open.requests.length, 0);
  assert.deepEqual(await filesOf(scene, backend, "/simple/flask/"), ["flask-3.0.tar.gz"]);
  assert.deepEqual(open.requests.map(({ target }) => target), ["/simple/flask/"]);
});

Deno.test("an index that a redirect leads to has its turn after the others, and not before", async () => {
  await using all = await setUp();
  const { scene, own, open } = all;
  const between = scene.startUpstream();
  servePage(between, "corp-app", [{ filename: "corp_app-1.0.tar.gz", body: "ours" }]);
  const backend = scene.backend([own, between, open].map((upstream) => scene.index(upstream)));
  assert.deepEqual(await filesOf(scene, backend, page), ["corp_app-1.0.tar.gz"]);
  assert.equal(open.requests.length, 0);
});

Deno.test("a stranger's page that was held before there were rules is not served, not even while all is down", async () => {
  await using all = await setUp();
  const { scene, own, open, indexes } = all;
  const before = scene.backend([scene.index(own)], { ttlMs: 3_600_000 });
  assert.deepEqual(await filesOf(scene, before, page), [strangers.filename]);
  const after = scene.backend(indexes, { ttlMs: 3_600_000 });
  await assert.rejects(scene.ask(after, page), { code: "not_found" });
  own.serve(page, { status: 503 });
  await assert.rejects(scene.ask(after, page), { upstreamStatus: 503 });
  assert.equal(open.count(page), 1);
});

Deno.test("a stranger's page is gone when its only index forwards no more", async () => {
  await using all = await setUp();
  const { scene, own } = all;
  const backend = scene.backend([scene.index(own)]);
  assert.deepEqual(await filesOf(scene, backend, page), [strangers.filename]);
  own.serve(page, { status: 404 });
  for (let times = 0; times < 2; times++) await assert.rejects(scene.ask(backend, page), { code: "not_found" });
});

Deno.test("a page of one's own stays when its index begins to redirect it", async () => {
  await using all = await setUp();
  const { scene, own, open, indexes } = all;
  servePage(own, "corp-app", [{ filename: "corp_app-1.0.tar.gz", body: "ours" }]);
  const backend = scene.backend(indexes);
  assert.deepEqual(await filesOf(scene, backend, page), ["corp_app-1.0.tar.gz"]);
  forward(own, open, page);
  assert.deepEqual(await filesOf(scene, backend, page), ["corp_app-1.0.tar.gz"]);
  assert.equal(open.requests.length, 0);
});

Deno.test("a redirect to a server that is no index of the backend stops the search, and is not followed", async () => {
  await using all = await setUp();
  const { scene, own, open } = all;
  const [stranger, mirror] = [scene.startUpstream(), open];
  servePage(stranger, "flask", [{ filename: "flask-9.tar.gz", body: "?" }]);
  forward(own, stranger, "/simple/flask/");
  const backend = scene.backend([scene.index(own), scene.index(mirror)]);
  await assert.rejects(scene.ask(backend, "/simple/flask/"), {
    code: "upstream_failed",
    message: /add it to "indexes"/,
  });
  assert.deepEqual([stranger.requests.length, mirror.requests.length], [0, 0]);
});

Deno.test("the list of an index that redirects it to another one is not its own", async () => {
  await using all = await setUp();
  const { scene, own, open, indexes } = all;
  forward(own, open, "/simple/");
  const body = JSON.stringify({ meta: { "api-version": "1.1" }, projects: [{ name: "flask" }, { name: "corp-app" }] });
  open.serve("/simple/", { body, headers: { "content-type": jsonType } });
  const { projects } = JSON.parse((await scene.ask(scene.backend(indexes), "/simple/", jsonType)).text);
  assert.deepEqual(projects, [{ name: "flask" }]);
});

const gitlab = "https://gitlab.example/api/v4/projects/7/packages/pypi/simple";
const rules = new Forwarding([gitlab, "https://art.example/a/simple", "https://art.example/b/simple"], false);

const targets: [index: string, target: string, outcome: "followed" | "not_found" | "upstream_failed"][] = [
  [gitlab, "https://gitlab.example/elsewhere/x/", "followed"],
  ["http://art.example/c", "https://art.example/c/x/", "followed"],
  ["https://art.example/a/simple", "https://art.example/a/simple/x/", "followed"],
  ["https://art.example/a/simple", "https://art.example/b/simple/x/", "not_found"],
  ["https://art.example/a/simple", "https://art.example/b/simple", "not_found"],
  ["https://art.example/a/simple", "https://art.example/b/simpler/x/", "followed"],
  [gitlab, "https://pypi.org/simple/x/", "not_found"],
  [gitlab, "https://pypi.python.org/simple/x/", "not_found"],
  ["https://pypi.python.org/simple", "https://pypi.org/simple/x/", "followed"],
  [gitlab, "https://gitlab.example:8443/x/", "upstream_failed"],
  [gitlab, "https://cdn.example/x/", "upstream_failed"],
];

for (const [index, target, outcome] of targets) {
  Deno.test(`a redirect from ${index} to ${target} is ${outcome}`, () => {
    assert.equal(rules.objection(index, new URL(target))?.code ?? "followed", outcome);
  });
}

Deno.test("one index alone without rules may forward wherever it likes; with rules it may not", () => {
  const target = new URL("https://pypi.org/simple/x/");
  assert.equal(new Forwarding([gitlab], false).objection(gitlab, target), null);
  assert.equal(new Forwarding([gitlab], true).objection(gitlab, target)?.code, "not_found");
});

Deno.test("a 304 of an index that forwards no more does not make a stranger's page its own", async () => {
  await using all = await setUp();
  const { scene, own, open } = all;
  const [modified, date] = ["Mon, 01 Jan 2024 00:00:00 GMT", "Tue, 02 Jan 2024 00:00:00 GMT"];
  const headers = { "content-type": jsonType, "last-modified": modified, date };
  const body = (filename: string) =>
    JSON.stringify({
      meta: { "api-version": "1.0" },
      name: "corp-app",
      files: [{ filename, url: filename, hashes: {} }],
    });
  open.serve(page, { body: body(strangers.filename), headers });
  const backend = scene.backend([scene.index(own)]);
  assert.deepEqual(await filesOf(scene, backend, page), [strangers.filename]);
  own.serve(page, (request) => {
    const isConditional = request.headers.has("if-modified-since");
    return isConditional ? { status: 304, headers } : { body: body("corp_app-1.0.tar.gz"), headers };
  });
  assert.deepEqual(await filesOf(scene, backend, page), ["corp_app-1.0.tar.gz"]);
});
