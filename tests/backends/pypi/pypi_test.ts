import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type AppFixture, startBackends } from "../../support/app_fixture.ts";
import { type FakeUpstream, startFakeUpstream } from "../../support/fake_upstream.ts";

const jsonType = "application/vnd.pypi.simple.v1+json";
const wheel = "demo-1.0-py3-none-any.whl";
const body = "a wheel";
const basic = `Basic ${btoa("me:hunter2")}`;

/** An index at `/simple` that has "demo", whose wheel is at this URL. */
function serveDemo(index: FakeUpstream, url: string): void {
  const hashes = { sha256: createHash("sha256").update(body).digest("hex") };
  const page = { meta: { "api-version": "1.1" }, name: "demo", files: [{ filename: wheel, url, hashes }] };
  index.serve("/simple/demo/", { body: JSON.stringify(page), headers: { "content-type": jsonType } });
}

/** The path that the page links to for the wheel. */
async function linkOf(app: AppFixture, page = "/pypi/simple/demo/"): Promise<string> {
  const { status, text } = await app.ask(page, { headers: { accept: jsonType } });
  assert.equal(status, 200, text);
  return new URL(JSON.parse(text).files[0].url, `http://vault${page}`).pathname;
}

function startPypi(config: Record<string, unknown>): Promise<AppFixture> {
  return startBackends([{ type: "pypi", name: "pypi", config: { retries: 0, ...config } }]);
}

const authorizations = ({ requests }: FakeUpstream) => requests.map(({ headers }) => headers.get("authorization"));

Deno.test("credentials go to the hosts of index_url and packages_url, and to no other that a page names", async () => {
  for (const isConfigured of [true, false]) {
    await using index = startFakeUpstream();
    await using files = startFakeUpstream();
    files.serve(`/packages/${wheel}`, { body });
    serveDemo(index, files.url(`/packages/${wheel}`));
    const login = { username: "me", password: "hunter2", allow_private_redirects: true };
    const packages = isConfigured ? { packages_url: files.origin } : {};
    await using app = await startPypi({ index_url: index.url("/simple/"), ...login, ...packages });
    const link = await linkOf(app);
    const { host } = new URL(files.origin);
    assert.equal(link, isConfigured ? `/pypi/packages/${wheel}` : `/pypi/files/demo/http/${host}/packages/${wheel}`);
    assert.equal((await app.ask(link)).text, body);
    assert.deepEqual([authorizations(index), authorizations(files)], [[basic], [isConfigured ? basic : null]]);
  }
});

Deno.test("each of several indexes has credentials of its own", async () => {
  await using first = startFakeUpstream();
  await using second = startFakeUpstream();
  second.serve(`/f/${wheel}`, { body });
  serveDemo(second, `../../f/${wheel}`);
  const indexes = [
    { index_url: first.url("/simple"), username: "me", password: "hunter2" },
    { index_url: second.url("/simple"), token: "t0ken" },
  ];
  await using app = await startPypi({ indexes });
  assert.equal((await app.ask(await linkOf(app))).text, body);
  assert.deepEqual([authorizations(first), authorizations(second)], [[basic], ["Bearer t0ken", "Bearer t0ken"]]);
});

Deno.test("a page is confirmed by its ETag and has no body for HEAD; a file is had in ranges, also on a miss", async () => {
  await using index = startFakeUpstream();
  index.serve(`/f/${wheel}`, { body });
  serveDemo(index, `../../f/${wheel}`);
  await using app = await startPypi({ index_url: index.url("/simple") });
  const page = await app.ask("/pypi/simple/demo/");
  assert.equal(page.headers.get("content-type"), "text/html; charset=utf-8");
  assert.match(page.headers.get("cache-control") ?? "", /max-age=0/);
  const etag = page.headers.get("etag")!;
  const again = await app.ask("/pypi/simple/demo/", { headers: { "if-none-match": etag } });
  assert.equal(again.status, 304);
  assert.ok(again.headers.get("vary")?.split(", ").includes("Accept"));
  const head = await app.ask("/pypi/simple/demo/", { method: "HEAD" });
  assert.deepEqual([head.status, head.text, head.headers.get("etag")], [200, "", etag]);
  assert.equal(head.headers.get("content-length"), String(page.text.length));
  const link = await linkOf(app);
  for (let times = 0; times < 2; times++) {
    const tail = await app.ask(link, { headers: { range: "bytes=-5" } });
    assert.deepEqual([tail.status, tail.text], [206, body.slice(-5)]);
  }
  assert.deepEqual(index.requests.map(({ target }) => target), ["/simple/demo/", `/f/${wheel}`]);
});

Deno.test("names in another spelling are moved below the prefix, which may be the root", async () => {
  for (const prefix of ["/py/mirror", "/"]) {
    await using app = await startPypi({ prefix, index_url: "http://127.0.0.1:9/simple" });
    const base = prefix === "/" ? "" : prefix;
    const moves = [["/simple/Demo_A", "/simple/demo-a/"], ["/", "/simple/"], ["/Demo", "/demo/"]];
    for (const [asked, location] of base === "" ? moves : [...moves, ["", "/simple/"]]) {
      const answer = await app.ask(base + asked);
      const { pathname } = new URL(answer.headers.get("location")!, `http://vault${base}${asked}`);
      assert.deepEqual([answer.status, pathname], [301, base + location]);
    }
  }
});

Deno.test("an outage of an index is told as one, with its host and without its credentials", async () => {
  await using index = startFakeUpstream();
  index.serve("/simple/demo/", { status: 503 });
  await using app = await startPypi({ index_url: index.url("/simple"), token: "t0ken" });
  const { status, text } = await app.ask("/pypi/simple/demo/");
  assert.equal(status, 502);
  assert.ok(text.includes(`"${new URL(index.url("/")).origin}/…"`), text);
  assert.ok(!text.includes("t0ken"));
});

Deno.test("a file that an index links to in a network not its own is refused, and never asked for", async () => {
  await using index = startFakeUpstream();
  const hidden = "http://169.254.169.254/latest/demo-1.0.tar.gz";
  index.serve("/simple/demo/", {
    headers: { "content-type": "text/html" },
    body: `<a href="${hidden}">demo-1.0.tar.gz</a>`,
  });
  await using app = await startPypi({ index_url: index.url("/simple"), retries: 0 });
  const page = await app.ask("/pypi/simple/demo/");
  const link = /href="([^"]+)"/.exec(page.text)![1]!;
  const { pathname } = new URL(link, "http://vault/pypi/simple/demo/");
  const { status, text } = await app.ask(pathname);
  assert.equal(status, 403, text);
  assert.match(text, /its address 169\.254\.169\.254 is not a public one/);
});

Deno.test("an index_url that ends in .html is a page of links, and any other with find_links", async () => {
  await using upstream = startFakeUpstream();
  const body = '<a href="demo-1.0.tar.gz">demo</a>';
  for (const path of ["/links.html", "/folder/"]) {
    upstream.serve(path, { body, headers: { "content-type": "text/html" } });
    const keys = path.endsWith(".html") ? {} : { find_links: true };
    await using app = await startPypi({ index_url: upstream.url(path), ...keys });
    const page = await app.ask("/pypi/simple/demo/");
    assert.match(page.text, /href="[^"]*\/demo-1\.0\.tar\.gz"/);
    assert.equal((await app.ask("/pypi/simple/other/")).status, 404);
  }
});
