import assert from "node:assert/strict";
import { jsonType } from "../../../src/backends/pypi/page_format.ts";
import { VaultError } from "../../../src/errors.ts";
import type { FakeUpstream } from "../../support/fake_upstream.ts";
import { policy, PypiScene, type ServedFile, servePage } from "./scene.ts";

const ownWheel: ServedFile = { filename: "demo-1.0-py3-none-any.whl", body: "ours" };
const strangers: ServedFile = { filename: "demo-99.0-py3-none-any.whl", body: "a stranger's" };

/** Two indexes that both have "demo"; the second has "flask", too. */
async function setUp() {
  await using stack = new AsyncDisposableStack();
  const scene = stack.use(new PypiScene());
  const [first, second] = [scene.startUpstream(), scene.startUpstream()];
  servePage(first, "demo", [ownWheel]);
  servePage(second, "demo", [strangers]);
  servePage(second, "flask", [{ filename: "flask-3.0.tar.gz", body: "flask" }]);
  const backend = scene.backend([scene.index(first), scene.index(second)]);
  const owned = stack.move();
  return { scene, first, second, backend, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

Deno.test("a project comes from the first index that has it, and the others are not asked", async () => {
  await using all = await setUp();
  const { scene, second, backend } = all;
  assert.deepEqual([...(await scene.links(backend, "/simple/demo/")).keys()], [ownWheel.filename]);
  assert.equal((await scene.follow(backend, "/simple/demo/", ownWheel.filename)).text, ownWheel.body);
  assert.equal(second.requests.length, 0);
});

Deno.test("what the first does not have comes from the next, files and all", async () => {
  await using all = await setUp();
  const { scene, first, second, backend } = all;
  const { host } = new URL(second.origin);
  const link = (await scene.links(backend, "/simple/flask/")).get("flask-3.0.tar.gz");
  assert.equal(link, `/files/flask/http/${host}/packages/flask-3.0.tar.gz`);
  assert.equal((await scene.ask(backend, link!)).text, "flask");
  assert.equal(first.count("/packages/flask-3.0.tar.gz"), 0);
});

for (const status of [401, 403, 429, 500, 503]) {
  Deno.test(`an index that answers ${status} does not hand its projects to the next`, async () => {
    await using all = await setUp();
    const { scene, first, second, backend } = all;
    first.serve("/simple/demo/", { status });
    await assert.rejects(scene.ask(backend, "/simple/demo/"), { upstreamStatus: status });
    await assert.rejects(scene.ask(backend, `/packages/${strangers.filename}`), { upstreamStatus: status });
    assert.equal(second.requests.length, 0);
  });
}

Deno.test('a status that means "not found" to an index hands the project to the next, and others do not', async () => {
  await using all = await setUp();
  const { scene, first, second } = all;
  const backend = scene.backend([scene.index(first, { absentStatuses: [403] }), scene.index(second)]);
  first.serve("/simple/flask/", { status: 403, body: "AccessDenied" });
  assert.deepEqual([...(await scene.links(backend, "/simple/flask/")).keys()], ["flask-3.0.tar.gz"]);
  first.serve("/simple/flask/", { status: 401 });
  await assert.rejects(scene.ask(scene.backend([scene.index(first, { absentStatuses: [403] })]), "/simple/flask/"), {
    code: "denied",
  });
});

Deno.test("where an index says 403 for what it does not have, the client is told 404, and why", async () => {
  await using all = await setUp();
  const { scene, first } = all;
  first.serve("/simple/nothing/", { status: 403 });
  const backend = scene.backend([scene.index(first, { absentStatuses: [403] })]);
  await assert.rejects(scene.ask(backend, "/simple/nothing/"), {
    code: "not_found",
    message: /does not exist: upstream answered 403, which counts as 404 here/,
  });
});

Deno.test("a project that nobody has is missing, and the error tells who was asked", async () => {
  await using all = await setUp();
  const { scene, first, second, backend } = all;
  await assert.rejects(scene.ask(backend, "/simple/nothing/"), (error) => {
    assert.ok(error instanceof VaultError);
    assert.equal(error.code, "not_found");
    for (const upstream of [first, second]) assert.ok(error.message.includes(upstream.url("/simple/nothing/")));
    return true;
  });
});

Deno.test("only the indexes that may have a project are asked for it and its files", async () => {
  await using all = await setUp();
  const { scene, first, second } = all;
  const backend = scene.backend([
    scene.index(first, { only: ["corp-*"] }),
    scene.index(second, { never: ["demo", "corp-*"] }),
  ]);
  await assert.rejects(scene.ask(backend, "/simple/corp-x/"), { code: "not_found" });
  assert.equal(second.requests.length, 0);
  await scene.ask(backend, "/simple/flask/");
  assert.deepEqual(first.requests.map(({ target }) => target), ["/simple/corp-x/"]);
  const refusal = { code: "not_found", message: /"only" and "never"/ };
  for (const path of ["/simple/demo/", `/packages/${ownWheel.filename}`]) {
    await assert.rejects(scene.ask(backend, path), refusal);
  }
  assert.equal(second.count("/simple/demo/"), 0);
});

Deno.test("an sdist is found although its name could be another project's that no index may have", async () => {
  await using all = await setUp();
  const { scene, first } = all;
  const sdist: ServedFile = { filename: "demo-1.0-1.tar.gz", body: "post-release" };
  servePage(first, "demo", [sdist]);
  const backend = scene.backend([scene.index(first, { only: ["demo"] })]);
  assert.equal((await scene.follow(backend, "/simple/demo/", sdist.filename)).text, sdist.body);
});

Deno.test("a page that is held of an index that may not have the project any more is not served", async () => {
  await using all = await setUp();
  const { scene, first, second } = all;
  const ttl = { ttlMs: 3_600_000 };
  const before = scene.backend([scene.index(second)], ttl);
  await scene.ask(before, "/simple/demo/");
  const after = [scene.index(first), scene.index(second, { never: ["demo"] })];
  const offline = scene.backend(after, { ...ttl, policy: { ...policy, offline: true } });
  await assert.rejects(scene.ask(offline, "/simple/demo/"), { code: "offline" });
  const online = scene.backend(after, ttl);
  first.serve("/simple/demo/", { status: 503 });
  await assert.rejects(scene.ask(online, "/simple/demo/"), { upstreamStatus: 503 });
  await assert.rejects(scene.ask(online, `/packages/${strangers.filename}`), { upstreamStatus: 503 });
  first.serve("/simple/demo/", { status: 404 });
  await assert.rejects(scene.ask(online, "/simple/demo/"), { code: "not_found" });
  servePage(first, "demo", [ownWheel]);
  await assert.rejects(scene.ask(online, `/packages/${strangers.filename}`), { code: "not_found" });
  assert.deepEqual([...(await scene.links(online, "/simple/demo/")).keys()], [ownWheel.filename]);
});

Deno.test("what one backend makes of a page is not what another shows", async () => {
  await using all = await setUp();
  const { scene, first, second } = all;
  servePage(second, "demo", [ownWheel]);
  for (const upstream of [first, second, first]) {
    const { host, port } = new URL(upstream.origin);
    const changes = { name: port, ttlMs: 3_600_000 };
    const backend = scene.backend([scene.index(upstream, { packagesUrl: null })], changes);
    const path = `/files/demo/http/${host}/packages/${ownWheel.filename}`;
    assert.equal((await scene.links(backend, "/simple/demo/")).get(ownWheel.filename), path);
    assert.equal((await scene.ask(backend, path)).text, ownWheel.body);
  }
});

function serveList(upstream: FakeUpstream, names: readonly string[]): void {
  const body = JSON.stringify({ meta: { "api-version": "1.1" }, projects: names.map((name) => ({ name })) });
  upstream.serve("/simple/", { body, headers: { "content-type": jsonType } });
}

async function namesOf({ scene, backend }: Awaited<ReturnType<typeof setUp>>): Promise<string[]> {
  const { projects } = JSON.parse((await scene.ask(backend, "/simple/", jsonType)).text);
  return projects.map(({ name }: { name: string }) => name);
}

Deno.test("the list of projects has those of all indexes, each once, as far as they may have them", async () => {
  await using all = await setUp();
  const { scene, first, second } = all;
  serveList(first, ["Demo", "hidden"]);
  serveList(second, ["demo", "flask", "Corp.X"]);
  const backend = scene.backend([
    scene.index(first, { never: ["hidden"] }),
    scene.index(second, { never: ["corp-*"] }),
  ]);
  assert.deepEqual(await namesOf({ ...all, backend }), ["Demo", "flask"]);
  const html = await scene.ask(backend, "/simple/");
  assert.match(html.text, /href="demo\/"/);
  assert.match(html.text, /href="flask\/"/);
  assert.equal((await scene.ask(backend, "/simple/", "image/png")).status, 406);
});

Deno.test("an index without a list is left out of it; one that is down is not", async () => {
  await using all = await setUp();
  const { first, second } = all;
  serveList(second, ["flask"]);
  assert.deepEqual(await namesOf(all), ["flask"]);
  first.serve("/simple/", { status: 503 });
  await assert.rejects(namesOf(all), { upstreamStatus: 503 });
  for (const upstream of [first, second]) upstream.serve("/simple/", { status: 410 });
  const empty = all.scene.backend([all.scene.index(first)]);
  await assert.rejects(namesOf({ ...all, backend: empty }), { code: "gone" });
});
