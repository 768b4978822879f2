import assert from "node:assert/strict";
import { type AppFixture, startApp, startBackends } from "../support/app_fixture.ts";
import { type Answer, type FakeUpstream, startFakeUpstream } from "../support/fake_upstream.ts";

const html = { "content-type": "text/html; charset=utf-8" };
const loginPage: Answer = { body: "<html>Please log in</html>", headers: html };
const manifestType = "application/vnd.oci.image.manifest.v1+json";
const indexType = "application/vnd.oci.image.index.v1+json";
const digest = `sha256:${"0".repeat(64)}`;

function json(value: unknown, type = "application/json"): Answer {
  return { body: JSON.stringify(value), headers: { "content-type": type } };
}

/** Lets upstream redirect this path to a page to log in at. */
function capture(upstream: FakeUpstream, path: string): void {
  upstream.serve(path, { status: 302, headers: { location: "/login" } });
  upstream.serve("/login", loginPage);
}

async function assertRefused(app: AppFixture, target: string): Promise<void> {
  for (const method of ["HEAD", "GET"]) {
    const { status, text } = await app.ask(target, { method });
    assert.equal(status, 502);
    if (method === "GET") assert.match(text, /a web page came in its place|something else than/);
  }
  await app.idle();
  assert.deepEqual(app.held(), { entries: 0, blobs: 0, staged: 0 });
}

Deno.test("a login page in place of a file: the held copy is served and stays, what is not held is 502", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/tool.tar.gz", { body: "an archive", headers: { "content-type": "application/gzip" } });
  await using app = await startApp({ upstream: upstream.origin, backend: { ttl: 0 } });
  capture(upstream, "/other.tar.gz");
  await assertRefused(app, "/files/other.tar.gz");
  assert.equal((await app.ask("/files/tool.tar.gz")).text, "an archive");
  await app.idle();
  capture(upstream, "/tool.tar.gz");
  for (let i = 0; i < 2; i++) {
    const stale = await app.ask("/files/tool.tar.gz");
    assert.deepEqual([stale.status, stale.text], [200, "an archive"]);
    assert.match(stale.headers.get("cache-status")!, /fwd-status=200; .*detail=stale-if-error/);
  }
  await app.logged(/^WARNING Serving a stale copy of files \/tool\.tar\.gz: .*a web page came in its place/);
});

Deno.test("a name without an ending is protected by its held copy, and a client that takes no pages gets none", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/latest", { body: "1.2.3", headers: { "content-type": "text/plain" } });
  await using app = await startApp({ upstream: upstream.origin, backend: { ttl: 0 } });
  await app.ask("/files/latest");
  await app.idle();
  upstream.serve("/latest", loginPage);
  assert.equal((await app.ask("/files/latest")).text, "1.2.3");
  upstream.serve("/api", loginPage);
  assert.equal((await app.ask("/files/api", { headers: { accept: "application/json" } })).status, 502);
});

Deno.test("web pages where they belong are kept: listings, pages by name, and pages that change", async () => {
  await using upstream = startFakeUpstream();
  await using app = await startApp({ upstream: upstream.origin, backend: { ttl: 0 } });
  for (const path of ["/dir/", "/page.html", "/about", "/v1.2/"]) {
    for (const body of ["<html>one</html>", "<html>two</html>"]) {
      upstream.serve(path, { body, headers: html });
      const { status, text } = await app.ask(`/files${path}`);
      assert.deepEqual([status, text], [200, body]);
      await app.idle();
    }
  }
});

Deno.test("a 304 that claims to be a page confirms the copy: it has no body", async () => {
  await using upstream = startFakeUpstream();
  const etag = '"1"';
  upstream.serve(
    "/tool.tar.gz",
    ({ headers }) =>
      headers.get("if-none-match") === etag
        ? { status: 304, headers: { etag, ...html } }
        : { body: "an archive", headers: { etag, "content-type": "application/gzip" } },
  );
  await using app = await startApp({ upstream: upstream.origin, backend: { ttl: 0 } });
  await app.ask("/files/tool.tar.gz");
  await app.idle();
  const { text, headers } = await app.ask("/files/tool.tar.gz");
  assert.equal(text, "an archive");
  assert.match(headers.get("cache-status")!, /fwd=stale; fwd-status=304/);
  assert.doesNotMatch(headers.get("cache-status")!, /stale-if-error/);
  assert.equal(headers.get("content-type"), "application/gzip");
});

Deno.test("a 416 that comes with a page about it is no page in place of the file", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve(
    "/tool.tar.gz",
    ({ range }) =>
      range
        ? { status: 416, body: "<html>416</html>", headers: { ...html, "content-range": "bytes */10" } }
        : { body: "an archive", headers: { "etag": '"1"', "content-type": "application/gzip" } },
  );
  await using app = await startApp({ upstream: upstream.origin, top: { range_ahead: 5 } });
  const { status, headers } = await app.ask("/files/tool.tar.gz", { headers: { range: "bytes=1000-" } });
  assert.deepEqual([status, headers.get("content-range")], [416, "bytes */10"]);
  await app.idle();
  assert.equal((await app.ask("/files/tool.tar.gz")).text, "an archive");
});

Deno.test("with web_pages: allow, a page is content like any other", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/data.json", loginPage);
  await using app = await startApp({ upstream: upstream.origin, backend: { web_pages: "allow" } });
  assert.deepEqual((await app.ask("/files/data.json")).text, loginPage.body);
});

const images: readonly [name: string, path: string, good: Answer][] = [
  ["a tag", "/v2/team/x/manifests/1", json({ schemaVersion: 2, mediaType: manifestType, layers: [] }, manifestType)],
  ["a list of tags", "/v2/team/x/tags/list", json({ name: "team/x", tags: ["1"] })],
  ["a list of referrers", `/v2/team/x/referrers/${digest}`, json({ schemaVersion: 2, manifests: [] }, indexType)],
];

const strangers: readonly [name: string, answer: Answer][] = [
  ["a login page", loginPage],
  ["a page that claims to be JSON", { body: "<html></html>", headers: { "content-type": indexType } }],
  ["another document", json({ status: "maintenance" }, indexType)],
];

for (const [name, path, good] of images) {
  for (const [stranger, answer] of strangers) {
    Deno.test(`${stranger} in place of ${name} is an outage: nothing is kept, and the held one is served`, async () => {
      await using registry = startFakeUpstream();
      const config = { repositories: [{ registry_url: registry.origin }], retries: 0, tag_ttl: 0 };
      await using app = await startBackends([{ type: "oci", name: "all", config }]);
      // What stands in front of a registry answers for the tag that takes the place of the referrers API as well.
      registry.serve(`/v2/team/x/manifests/${digest.replace(":", "-")}`, answer);
      registry.serve(path, answer);
      const refused = await app.ask(path);
      assert.equal(refused.status, 502);
      assert.match(refused.text, /"UNAVAILABLE".*(?:a web page came in its place|something else than)/);
      await app.idle();
      assert.deepEqual(app.held(), { entries: 0, blobs: 0, staged: 0 });
      registry.serve(path, good);
      assert.equal((await app.ask(path)).text, good.body);
      await app.idle();
      registry.serve(path, answer);
      const stale = await app.ask(path);
      assert.deepEqual([stale.status, stale.text], [200, good.body]);
    });
  }
}
