import assert from "node:assert/strict";
import { startApp } from "../support/app_fixture.ts";
import { type FakeUpstream, startFakeUpstream } from "../support/fake_upstream.ts";

const html = { "content-type": "text/html" };

/** A folder that is redirected to its slash, as web servers do. */
function serveFolder(upstream: FakeUpstream, path: string): void {
  upstream.serve(path, { status: 301, headers: { location: `${upstream.origin}${path}/` } });
  upstream.serve(`${path}/`, { body: '<a href="x.txt">x.txt</a>', headers: html });
}

for (const method of ["GET", "HEAD"]) {
  Deno.test(`${method} of a folder without its slash is redirected to it, relative, also from the cache and offline`, async () => {
    await using upstream = startFakeUpstream();
    serveFolder(upstream, "/pub/dir");
    const cacheDir = await Deno.makeTempDir({ prefix: "vault-test-" });
    const backend = { ttl: "1h" };
    {
      await using app = await startApp({ upstream: upstream.origin, cacheDir, backend });
      for (const accept of ["*/*", "text/html"]) {
        const { status, headers } = await app.ask("/files/pub/dir?C=M", { method, headers: { accept } });
        assert.deepEqual([status, headers.get("location")], [301, "./dir/?C=M"]);
        assert.equal((await app.ask("/files/pub/dir")).headers.get("location"), "./dir/");
        await app.idle();
      }
      assert.equal((await app.ask("/files/pub/dir/")).text, '<a href="x.txt">x.txt</a>');
      await app.idle();
    }
    {
      await using app = await startApp({ upstream: upstream.origin, cacheDir, backend, top: { offline: true } });
      const { status, headers } = await app.ask("/files/pub/dir", { method });
      assert.deepEqual([status, headers.get("location")], [301, "./dir/"]);
      assert.equal((await app.ask("/files/pub/dir/")).status, 200);
    }
    await Deno.remove(cacheDir, { recursive: true });
  });
}

Deno.test("a folder that leads on to its own page is redirected too, a file behind such a name is not", async () => {
  await using upstream = startFakeUpstream();
  for (const [path, contentType] of [["/dir", "text/html"], ["/latest", "application/gzip"]] as const) {
    const page = `${path}/index`;
    upstream.serve(path, { status: 301, headers: { location: `${path}/` } });
    upstream.serve(`${path}/`, { status: 302, headers: { location: page } });
    upstream.serve(page, { body: page, headers: { "content-type": contentType } });
  }
  await using app = await startApp({ upstream: upstream.origin });
  for (let times = 0; times < 2; times++) {
    assert.equal((await app.ask("/files/dir")).headers.get("location"), "./dir/");
    assert.equal((await app.ask("/files/dir/")).text, "/dir/index");
    assert.equal((await app.ask("/files/latest")).text, "/latest/index");
    await app.idle();
  }
});

Deno.test("a name with a colon stays a path", async () => {
  await using upstream = startFakeUpstream();
  serveFolder(upstream, "/a:b");
  await using app = await startApp({ upstream: upstream.origin });
  const location = (await app.ask("/files/a:b")).headers.get("location")!;
  assert.equal(new URL(location, "http://proxy.test/sub/files/a:b").href, "http://proxy.test/sub/files/a:b/");
});

Deno.test("the prefix without its slash is redirected, since it stands for the folder of the base URL", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/pub/", { body: "listing", headers: html });
  await using app = await startApp({ upstream: `${upstream.origin}/pub/` });
  const { status, headers } = await app.ask("/files");
  assert.deepEqual([status, headers.get("location")], [301, "./files/"]);
  assert.equal((await app.ask("/files/")).text, "listing");
});

Deno.test("redirects to other places are followed as before", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/latest", { status: 302, headers: { location: "/v1/" } });
  upstream.serve("/v1/", { body: "listing", headers: html });
  await using app = await startApp({ upstream: upstream.origin });
  assert.equal((await app.ask("/files/latest")).text, "listing");
});
