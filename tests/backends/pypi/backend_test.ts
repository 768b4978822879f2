import assert from "node:assert/strict";
import { htmlType, jsonType } from "../../../src/backends/pypi/page_format.ts";
import { headerOf } from "../../../src/http/headers.ts";
import { FakeNow } from "../../support/fake_now.ts";
import { contentTypeOf, policy, PypiScene, type ServedFile, servePage } from "./scene.ts";

const wheel: ServedFile = { filename: "demo-1.0-py3-none-any.whl", body: "a wheel" };
const sdist: ServedFile = { filename: "demo-1.0.tar.gz", body: "an sdist" };

/** An index that has "demo", and a backend for it. */
async function setUp(files: readonly ServedFile[] = [wheel, sdist]) {
  await using stack = new AsyncDisposableStack();
  const scene = stack.use(new PypiScene());
  const upstream = scene.startUpstream();
  servePage(upstream, "demo", files);
  const owned = stack.move();
  const backend = scene.backend([scene.index(upstream)]);
  return { scene, upstream, backend, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const moves: [path: string, location: string][] = [
  ["/", "./simple/"],
  ["/simple", "./simple/"],
  ["/simple/Demo_X", "../simple/demo-x/"],
  ["/simple/Demo_X/", "../../simple/demo-x/"],
  ["/demo?a=b", "./demo/?a=b"],
];

for (const [path, location] of moves) {
  Deno.test(`${path} is moved to ${location}, without a question upstream`, async () => {
    await using all = await setUp();
    const { status, headers } = await all.scene.ask(all.backend, path);
    assert.deepEqual([status, headerOf(headers, "location")], [301, location]);
    assert.equal(all.upstream.requests.length, 0);
  });
}

Deno.test("the prefix without a slash is moved below itself, whatever a reverse proxy has before it", async () => {
  await using all = await setUp();
  const client = { host: "127.0.0.1", port: 40_000 };
  const request = { client, base: "/a/pypi", path: "/", isBarePrefix: true, query: "?a=b", headers: new Headers() };
  const answer = await all.backend.resolve(request, all.scene.fixture.vault.reader);
  assert.deepEqual(answer.kind === "answer" && answer.answer.headers, [["location", "./pypi/simple/?a=b"]]);
});

const forms: [accept: string | undefined, contentType: string][] = [
  [undefined, "text/html; charset=utf-8"],
  ["*/*", "text/html; charset=utf-8"],
  [htmlType, htmlType],
  [`${jsonType}, ${htmlType};q=0.1, text/html;q=0.01`, jsonType],
];

Deno.test("a page is had in every form, and asked for as JSON and once", async () => {
  await using all = await setUp();
  const backend = all.scene.backend([all.scene.index(all.upstream)], { ttlMs: 60_000 });
  for (const [accept, contentType] of forms) {
    const page = await all.scene.ask(backend, "/simple/demo/", accept);
    assert.equal(contentTypeOf(page), contentType);
    assert.equal(headerOf(page.headers, "vary"), "Accept");
    assert.match(headerOf(page.headers, "etag") ?? "", /^"[0-9a-f]{32}"$/);
    assert.match(page.text, /demo-1\.0\.tar\.gz/);
  }
  const [request, ...others] = all.upstream.requests;
  assert.equal(others.length, 0);
  assert.equal(request!.headers.get("accept"), `${jsonType}, ${htmlType};q=0.2, text/html;q=0.1`);
});

Deno.test("who accepts none of the forms is told which there are", async () => {
  await using all = await setUp();
  const { status, text, headers } = await all.scene.ask(all.backend, "/simple/demo/", "image/png");
  assert.deepEqual([status, headerOf(headers, "vary")], [406, "Accept"]);
  for (const type of [jsonType, htmlType, "text/html"]) assert.ok(text.includes(type));
  assert.equal(all.upstream.requests.length, 0);
});

Deno.test("thirty clients at once make one question upstream", async () => {
  await using all = await setUp();
  const { scene, upstream, backend } = all;
  const hold = upstream.hold("/simple/demo/");
  const asked = Array.from({ length: 30 }, () => scene.ask(backend, "/simple/demo/"));
  await hold.reached;
  hold.release();
  const texts = new Set((await Promise.all(asked)).map(({ text }) => text));
  assert.deepEqual([texts.size, upstream.requests.length], [1, 1]);
});

for (const page of ["/simple/demo/", "/demo/"]) {
  Deno.test(`the links of ${page} are relative to it, and lead to files that are checked and kept`, async () => {
    await using all = await setUp();
    const { scene, upstream, backend } = all;
    for (const { filename, body } of [wheel, sdist]) {
      assert.equal((await scene.links(backend, page)).get(filename), `/packages/${filename}`);
      assert.equal((await scene.follow(backend, page, filename)).text, body);
      assert.equal((await scene.ask(backend, `/packages/${filename}`)).text, body);
      assert.equal(upstream.count(`/packages/${filename}`), 1);
    }
  });
}

Deno.test("files of other hosts are carried by their whole URL, and their query stays with us", async () => {
  await using all = await setUp([]);
  const { scene, upstream, backend } = all;
  const other = scene.startUpstream();
  const target = "/whl/demo-1.0+cu118-py3-none-any.whl?token=1";
  other.serve(target, { body: wheel.body });
  servePage(upstream, "demo", [{ ...wheel, url: other.url(`${target}#sha256=0`) }]);
  const { host } = new URL(other.origin);
  const link = (await scene.links(backend, "/simple/demo/")).get(wheel.filename)!;
  assert.equal(link, `/files/demo/http/${host}/whl/demo-1.0+cu118-py3-none-any.whl`);
  const asPipEscapes = link.replace(":", "%3A").replace("+", "%2B");
  for (const path of [link, asPipEscapes]) assert.equal((await scene.ask(backend, path)).text, wheel.body);
  assert.deepEqual(other.requests.map((request) => request.target), [target]);
});

Deno.test("a file is asked for before its page: the page is looked up", async () => {
  await using all = await setUp();
  const { scene, upstream, backend } = all;
  assert.equal((await scene.ask(backend, `/packages/${sdist.filename}`)).text, sdist.body);
  assert.deepEqual(upstream.requests.map(({ target }) => target), ["/simple/demo/", `/packages/${sdist.filename}`]);
});

Deno.test("a page and its files are served when the index is gone", async () => {
  using now = new FakeNow();
  await using all = await setUp();
  const { scene, upstream, backend } = all;
  await scene.follow(backend, "/simple/demo/", wheel.filename);
  await upstream[Symbol.asyncDispose]();
  assert.equal((await scene.follow(backend, "/simple/demo/", wheel.filename)).text, wheel.body);
  assert.match((await scene.ask(backend, "/simple/demo/", htmlType)).text, /demo-1\.0\.tar\.gz/);
  now.advance(60_000);
  const refusal = { code: "upstream_failed" };
  await assert.rejects(scene.ask(backend, `/packages/${sdist.filename}`), refusal);
  await assert.rejects(scene.ask(backend, "/packages/demo-2.0.tar.gz"), refusal);
});

Deno.test("what is not what its page says is never served", async () => {
  await using all = await setUp();
  const { scene, upstream, backend } = all;
  upstream.serve(`/packages/${wheel.filename}`, { body: "something else" });
  await assert.rejects(scene.follow(backend, "/simple/demo/", wheel.filename), { code: "digest_mismatch" });
});

const unlisted: [path: string, reason: RegExp][] = [
  ["/packages/demo-9.0.tar.gz", /the pages of "demo" do not list it/],
  ["/packages/secret/demo-1.0.tar.gz", /the pages of "demo" do not list it/],
  ["/packages/secret.txt", /its name is not one of a package/],
  ["/packages/other-1.0.tar.gz", /the pages of "other" do not list it/],
];

for (const [path, reason] of unlisted) {
  Deno.test(`${path}, which no page lists, is never fetched`, async () => {
    await using all = await setUp();
    const { scene, upstream, backend } = all;
    upstream.serve(path, { body: "a secret" });
    await assert.rejects(scene.ask(backend, path), { code: "not_found", message: reason });
    const { host } = new URL(upstream.origin);
    await assert.rejects(scene.ask(backend, `/files/demo/http/${host}${path}`), { code: "not_found" });
    assert.deepEqual(upstream.requests.filter(({ target }) => !target.startsWith("/simple/")), []);
  });
}

Deno.test("a page that is held is looked at again for a file it does not list, but not at each request", async () => {
  using now = new FakeNow();
  await using all = await setUp([wheel]);
  const { scene, upstream } = all;
  const backend = scene.backend([scene.index(upstream)], { ttlMs: 3_600_000 });
  await scene.ask(backend, "/simple/demo/");
  servePage(upstream, "demo", [wheel, sdist]);
  const askForNew = () => scene.ask(backend, `/packages/${sdist.filename}`);
  for (let times = 0; times < 3; times++) await assert.rejects(askForNew, { code: "not_found" });
  assert.equal(upstream.count("/simple/demo/"), 1);
  now.advance(10_001);
  assert.equal((await askForNew()).text, sdist.body);
  assert.equal(upstream.count("/simple/demo/"), 2);
});

Deno.test("metadata beside a file is served where the page says so, and checked", async () => {
  const hashes = { sha256: "0".repeat(64) };
  await using all = await setUp([
    { ...wheel, keys: { "core-metadata": true } },
    { ...sdist, keys: { "core-metadata": hashes } },
    { filename: "demo-2.0.tar.gz", body: "without" },
  ]);
  const { scene, upstream, backend } = all;
  for (const name of [wheel.filename, sdist.filename, "demo-2.0.tar.gz"]) {
    upstream.serve(`/packages/${name}.metadata`, { body: "Name: demo" });
  }
  assert.equal((await scene.ask(backend, `/packages/${wheel.filename}.metadata`)).text, "Name: demo");
  const wrong = scene.ask(backend, `/packages/${sdist.filename}.metadata`);
  await assert.rejects(wrong, { code: "digest_mismatch" });
  await assert.rejects(scene.ask(backend, "/packages/demo-2.0.tar.gz.metadata"), { code: "not_found" });
  assert.equal(upstream.count("/packages/demo-2.0.tar.gz.metadata"), 0);
});

for (const [gpgSig, found] of [[true, true], [false, false], [undefined, false]] as const) {
  Deno.test(`a signature beside a file is ${found ? "" : "not "}asked for where gpg-sig is ${gpgSig}`, async () => {
    await using all = await setUp([{ ...sdist, keys: { "gpg-sig": gpgSig } }]);
    const { scene, upstream, backend } = all;
    upstream.serve(`/packages/${sdist.filename}.asc`, { body: "signed" });
    const asked = scene.ask(backend, `/packages/${sdist.filename}.asc`);
    if (found) assert.equal((await asked).text, "signed");
    else await assert.rejects(asked, { code: "not_found" });
  });
}

Deno.test("an index in HTML with links of every kind is had as JSON too, with files that work", async () => {
  await using all = await setUp([]);
  const { scene, upstream, backend } = all;
  const body = `<!DOCTYPE html><html><head><base href="../../pool/"></head><body>
    <a href="demo-1.0.tar.gz">demo-1.0.tar.gz</a>
    <a href="/packages/demo-2.0.zip#md5=0">demo-2.0.zip</a>
    <a href="${upstream.origin}/x/demo-3.0.tar.gz?a=1&amp;b=2">demo-3.0.tar.gz</a></body></html>`;
  upstream.serve("/simple/demo/", { body, headers: { "content-type": "text/html" } });
  for (const target of ["/pool/demo-1.0.tar.gz", "/packages/demo-2.0.zip", "/x/demo-3.0.tar.gz?a=1&b=2"]) {
    upstream.serve(target, { body: target });
    const filename = /[^/?]+(?=\?|$)/.exec(target)![0];
    assert.equal((await scene.follow(backend, "/simple/demo/", filename)).text, target);
  }
});

Deno.test("what cannot be read as a page is an error of the index", async () => {
  await using all = await setUp();
  const { scene, upstream, backend } = all;
  upstream.serve("/simple/demo/", { body: "{", headers: { "content-type": jsonType } });
  await assert.rejects(scene.ask(backend, "/simple/demo/"), { code: "upstream_failed", message: /\/simple\/demo\// });
});

Deno.test("an index may be at the root of its host", async () => {
  await using all = await setUp([]);
  const { scene, upstream } = all;
  const backend = scene.backend([scene.index(upstream, { url: `${upstream.origin}/`, packagesUrl: null })]);
  const body = '<a href="../demo-1.0.tar.gz">demo-1.0.tar.gz</a>';
  upstream.serve("/demo/", { body, headers: { "content-type": "text/html" } });
  upstream.serve("/demo-1.0.tar.gz", { body: "at the root" });
  assert.equal((await scene.follow(backend, "/simple/demo/", "demo-1.0.tar.gz")).text, "at the root");
});

Deno.test("paths that mean nothing are refused, with what there is", async () => {
  await using all = await setUp();
  const asked = all.scene.ask(all.backend, "/simple/demo/1.0/");
  await assert.rejects(asked, {
    code: "unknown_route",
    message: /"\/pypi\/simple\/demo\/1\.0\/".*\/simple\/<project>\//,
  });
});

Deno.test("files come onto the page once they are old enough, and can be had before", async () => {
  using now = new FakeNow();
  const uploaded = (daysAgo: number) => ({ "upload-time": new Date(Date.now() - daysAgo * 86_400_000).toISOString() });
  await using all = await setUp([{ ...wheel, keys: uploaded(8) }, { ...sdist, keys: uploaded(2) }]);
  const { scene, upstream } = all;
  const backend = scene.backend([scene.index(upstream)], { minAgeMs: 7 * 86_400_000 });
  assert.deepEqual([...(await scene.links(backend, "/simple/demo/")).keys()], [wheel.filename]);
  assert.doesNotMatch((await scene.ask(backend, "/simple/demo/")).text, /demo-1\.0\.tar\.gz/);
  assert.equal((await scene.ask(backend, `/packages/${sdist.filename}`)).text, sdist.body);
  now.advance(4.9 * 86_400_000);
  assert.equal((await scene.links(backend, "/simple/demo/")).size, 1);
  now.advance(0.2 * 86_400_000);
  assert.equal((await scene.links(backend, "/simple/demo/")).size, 2);
  assert.deepEqual(scene.warnings, []);
});

Deno.test("where an index does not say when files came, their Last-Modified counts, asked for once each", async () => {
  using now = new FakeNow();
  await using all = await setUp();
  const { scene, upstream } = all;
  const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toUTCString();
  const serve = ({ filename, body }: ServedFile, days: number) =>
    upstream.serve(`/packages/${filename}`, { body, lastModified: daysAgo(days) });
  const late = { filename: "demo-3.0.tar.gz", body: "late" };
  servePage(upstream, "demo", [wheel, sdist, late]);
  serve(wheel, 30);
  serve(sdist, 2);
  upstream.serve(`/packages/${late.filename}`, { body: late.body });
  const backend = scene.backend([scene.index(upstream)], { minAgeMs: 7 * 86_400_000 });
  for (let times = 0; times < 2; times++) {
    const links = await scene.links(backend, "/simple/demo/");
    assert.deepEqual([...links.keys()].sort(), [wheel.filename, late.filename].sort());
    assert.doesNotMatch((await scene.ask(backend, "/simple/demo/")).text, new RegExp(sdist.filename));
  }
  const heads = upstream.requests.filter(({ method }) => method === "HEAD").map(({ target }) => target);
  assert.deepEqual(heads.sort(), [wheel, sdist, late].map(({ filename }) => `/packages/${filename}`).sort());
  assert.deepEqual(scene.warnings, []);
  now.advance(6 * 86_400_000);
  assert.equal((await scene.links(backend, "/simple/demo/")).size, 3);
  assert.equal((await scene.follow(backend, "/simple/demo/", sdist.filename)).text, sdist.body);
});

Deno.test("while files cannot be asked for their age, a page is shown as it is held", async () => {
  await using all = await setUp();
  const { scene, upstream } = all;
  const backend = scene.backend([scene.index(upstream)], { minAgeMs: 7 * 86_400_000 });
  for (const { filename } of [wheel, sdist]) upstream.serve(`/packages/${filename}`, { status: 503 });
  assert.equal((await scene.links(backend, "/simple/demo/")).size, 2);
  assert.equal(scene.warnings.length, 1);
});

Deno.test("an index that does not say when files came is left as it is, and warned of once", async () => {
  await using all = await setUp();
  const { scene, upstream } = all;
  servePage(upstream, "other", [wheel]);
  const backend = scene.backend([scene.index(upstream)], { minAgeMs: 7 * 86_400_000 });
  for (const page of ["/simple/demo/", "/demo/", "/simple/other/"]) {
    assert.ok((await scene.links(backend, page)).has(wheel.filename));
  }
  assert.equal(scene.warnings.length, 1);
  assert.match(scene.warnings[0]!, new RegExp(`min_age of backend "pypi" .*${upstream.origin}/simple`));
});

Deno.test("offline, what is held is served, and the rest is refused", async () => {
  await using all = await setUp();
  const { scene, upstream, backend } = all;
  await scene.follow(backend, "/simple/demo/", wheel.filename);
  const asked = upstream.requests.length;
  const offline = scene.backend([scene.index(upstream)], { policy: { ...policy, offline: true } });
  assert.equal((await scene.follow(offline, "/simple/demo/", wheel.filename)).text, wheel.body);
  await assert.rejects(scene.ask(offline, `/packages/${sdist.filename}`), { code: "offline" });
  await assert.rejects(scene.ask(offline, "/simple/other/"), { code: "offline" });
  assert.equal(upstream.requests.length, asked);
});

const notPages: readonly [what: string, contentType: string, body: string][] = [
  ["JSON that breaks off", jsonType, '{"meta":{"api-version":"1.1"},"fil'],
  ["JSON of another kind", jsonType, '{"error":"maintenance"}'],
  ["a text", "text/plain", "maintenance"],
  ["nothing", "text/html", ""],
  ["a page to sign in at", "text/html", "<html><body><form>Sign in</form></body></html>"],
];

for (const [what, contentType, body] of notPages) {
  Deno.test(`${what} does not take the place of a page that is held`, async () => {
    await using all = await setUp();
    const before = await all.scene.ask(all.backend, "/simple/demo/", jsonType);
    all.upstream.serve("/simple/demo/", { body, headers: { "content-type": contentType } });
    const asked = all.upstream.requests.length;
    assert.equal((await all.scene.ask(all.backend, "/simple/demo/", jsonType)).text, before.text);
    assert.equal(all.upstream.requests.length, asked + 1);
  });
}

for (const suffix of ["", ".metadata"]) {
  Deno.test(`a file${suffix} without a hash is confirmed once its ttl is over, and fetched when it is another`, async () => {
    await using all = await setUp([{ ...wheel, keys: { hashes: {}, "core-metadata": true } }]);
    const { scene, upstream, backend } = all;
    const path = `/packages/${wheel.filename}${suffix}`;
    const serve = (body: string) => upstream.serve(path, { body, etag: `"${body}"` });
    serve("old");
    await scene.ask(backend, "/simple/demo/");
    for (let times = 0; times < 2; times++) assert.equal((await scene.ask(backend, path)).text, "old");
    serve("new");
    assert.equal((await scene.ask(backend, path)).text, "new");
    upstream.serve(path, { status: 503 });
    assert.equal((await scene.ask(backend, path)).text, "new");
    upstream.serve("/simple/demo/", { status: 503 });
    assert.equal((await scene.ask(backend, path)).text, "new");
  });
}

Deno.test("a web page is no file, not even one without a hash", async () => {
  await using all = await setUp([{ ...wheel, keys: { hashes: {} } }]);
  const target = `/packages/${wheel.filename}`;
  all.upstream.serve(target, { body: "<html>", headers: { "content-type": "text/html" } });
  const follow = () => all.scene.follow(all.backend, "/simple/demo/", wheel.filename);
  await assert.rejects(follow(), { code: "upstream_failed", message: /a web page came/ });
  all.upstream.serve(target, { body: wheel.body });
  assert.equal((await follow()).text, wheel.body);
});

Deno.test("a file that is replaced under its name is fetched again once the page says so, and not before", async () => {
  await using all = await setUp();
  const { scene, backend, upstream } = all;
  const replaced = { ...wheel, body: "another wheel" };
  assert.equal((await scene.follow(backend, "/simple/demo/", wheel.filename)).text, wheel.body);
  servePage(upstream, "demo", [replaced]);
  const link = `/packages/${wheel.filename}`;
  assert.equal((await scene.ask(backend, link)).text, wheel.body);
  assert.equal((await scene.follow(backend, "/simple/demo/", wheel.filename)).text, replaced.body);
  const asked = upstream.requests.length;
  assert.equal((await scene.ask(backend, link)).text, replaced.body);
  assert.equal(upstream.requests.length, asked);
});

Deno.test("links of a page count from where redirects led to, also when it comes from the cache", async () => {
  await using all = await setUp();
  const { scene, upstream } = all;
  const backend = scene.backend([scene.index(upstream)], { ttlMs: 60_000 });
  upstream.serve("/simple/demo/", { status: 302, headers: { location: "/deep/er/simple/demo/?token=s3cret" } });
  const page = { name: "demo", files: [{ filename: wheel.filename, url: `../../files/${wheel.filename}` }] };
  upstream.serve("/deep/er/simple/demo/?token=s3cret", {
    body: JSON.stringify(page),
    headers: { "content-type": jsonType },
  });
  upstream.serve(`/deep/er/files/${wheel.filename}`, { body: wheel.body });
  for (let times = 0; times < 2; times++) {
    assert.equal((await scene.follow(backend, "/simple/demo/", wheel.filename)).text, wheel.body);
  }
  assert.deepEqual(upstream.requests.map(({ target }) => target), [
    "/simple/demo/",
    "/deep/er/simple/demo/?token=s3cret",
    `/deep/er/files/${wheel.filename}`,
  ]);
});

Deno.test("links of a page that is confirmed count from where redirects led to then", async () => {
  await using all = await setUp();
  const { scene, upstream, backend } = all;
  const body = JSON.stringify({ name: "demo", files: [{ filename: wheel.filename, url: `./${wheel.filename}` }] });
  const headers = { "content-type": jsonType };
  for (const folder of ["old", "new"]) {
    upstream.serve("/simple/demo/", { status: 302, headers: { location: `/${folder}/` } });
    upstream.serve(`/${folder}/`, (request) => ({
      ...{ body, headers, etag: '"1"' },
      status: request.headers.get("if-none-match") === '"1"' ? 304 : 200,
    }));
    const [link] = (await scene.links(backend, "/simple/demo/")).values();
    assert.match(link!, new RegExp(`/${folder}/${wheel.filename}$`));
  }
});
