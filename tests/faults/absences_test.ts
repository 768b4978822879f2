import assert from "node:assert/strict";
import { type AppFixture, startApp, startBackends } from "../support/app_fixture.ts";
import { startFakeUpstream } from "../support/fake_upstream.ts";

async function statusOf(app: AppFixture, path: string, method = "GET"): Promise<number> {
  return (await app.ask(`/files${path}`, { method })).status;
}

async function tempCache(): Promise<{ cacheDir: string } & AsyncDisposable> {
  const cacheDir = await Deno.makeTempDir({ prefix: "vault-test-" });
  return { cacheDir, [Symbol.asyncDispose]: () => Deno.remove(cacheDir, { recursive: true }) };
}

for (const status of [404, 410]) {
  Deno.test(`${status} survives a restart, is fresh for negative_ttl, and is then told when upstream is down or offline`, async () => {
    await using cache = await tempCache();
    const upstream = startFakeUpstream();
    await using _ = upstream;
    upstream.serve("/a", { status });
    const options = { upstream: upstream.origin, cacheDir: cache.cacheDir };
    {
      await using app = await startApp(options);
      assert.equal(await statusOf(app, "/a"), status);
    }
    {
      await using app = await startApp({ ...options, backend: { negative_ttl: "1h" } });
      assert.deepEqual([await statusOf(app, "/a"), await statusOf(app, "/a", "HEAD")], [status, status]);
      assert.equal(upstream.count("/a"), 1);
    }
    await upstream[Symbol.asyncDispose]();
    {
      await using app = await startApp({ ...options, backend: { negative_ttl: 0 } });
      const stale = await app.ask("/files/a");
      assert.equal(stale.status, status);
      assert.match(stale.text, /when it was last asked, and cannot be asked now: .*connection refused/);
      assert.equal(await statusOf(app, "/never-asked"), 502);
    }
    {
      await using app = await startApp({ ...options, backend: { negative_ttl: 0, stale_if_error: 0 } });
      assert.equal(await statusOf(app, "/a"), 502);
    }
    await using app = await startApp({ ...options, top: { offline: true } });
    const offline = await app.ask("/files/a");
    assert.equal(offline.status, status);
    assert.match(offline.text, /when it was last asked; the vault is offline/);
    assert.equal(await statusOf(app, "/never-asked"), 404);
  });
}

for (const method of ["GET", "HEAD"]) {
  Deno.test(`${method}: known absences of a silent upstream are told after revalidate_timeout, and from then on at once`, async () => {
    await using cache = await tempCache();
    await using upstream = startFakeUpstream();
    const names = Array.from({ length: 20 }, (_, i) => `/${i}`);
    const options = { upstream: upstream.origin, cacheDir: cache.cacheDir };
    {
      await using app = await startApp(options);
      for (const name of names) assert.equal(await statusOf(app, name), 404);
    }
    const holds = names.map((name) => upstream.hold(name));
    const asked = upstream.requests.length;
    const backend = { negative_ttl: 0, timeout: "10s" };
    await using app = await startApp({ ...options, top: { revalidate_timeout: "1s" }, backend });
    for (const name of names) assert.equal(await statusOf(app, name, method), 404);
    assert.equal(upstream.requests.length - asked, 1, "one question finds out that the host is silent");
    for (const hold of holds) hold.release();
    await app.idle();
  });
}

Deno.test("a known absence of an upstream that refuses for a while is not asked about again at once", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve(
    "/a",
    (_request, nth) => nth === 0 ? { status: 404 } : { status: 429, headers: { "retry-after": "60" } },
  );
  await using app = await startApp({ upstream: upstream.origin, backend: { negative_ttl: 0, retries: 3 } });
  for (let i = 0; i < 4; i++) assert.equal(await statusOf(app, "/a"), 404);
  assert.equal(upstream.count("/a"), 2);
});

Deno.test("where no stale copy may be served, a slow answer is waited for", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: "one", headers: { etag: '"1"' } });
  const common = { base_url: upstream.origin, ttl: 0 };
  const backends = [
    { type: "http", name: "strict", config: { ...common, prefix: "/strict", stale_if_error: 0 } },
    { type: "http", name: "usual", config: { ...common, prefix: "/usual" } },
  ];
  await using app = await startBackends(backends, { top: { revalidate_timeout: "10ms" } });
  for (const name of ["strict", "usual"]) assert.equal((await app.ask(`/${name}/a`)).status, 200);
  await app.idle();
  const hold = upstream.hold("/a");
  const asking = app.ask("/strict/a");
  await hold.reached;
  // Its patience began later, and ends before upstream answers.
  assert.match((await app.ask("/usual/a")).headers.get("cache-status")!, /stale-if-error/);
  hold.release();
  assert.equal((await asking).status, 200);
});

Deno.test("what upstream has again is served, and its absence forgotten for good", async () => {
  await using cache = await tempCache();
  await using upstream = startFakeUpstream();
  const options = { upstream: upstream.origin, cacheDir: cache.cacheDir, backend: { negative_ttl: 0, ttl: "1h" } };
  {
    await using app = await startApp(options);
    assert.equal(await statusOf(app, "/a"), 404);
    upstream.serve("/a", { body: "here" });
    assert.equal(await statusOf(app, "/a"), 200);
    await app.idle();
  }
  {
    await using app = await startApp({ ...options, top: { offline: true } });
    assert.equal((await app.ask("/files/a")).text, "here");
  }
  await Deno.remove(`${cache.cacheDir}/blobs`, { recursive: true });
  await Deno.remove(`${cache.cacheDir}/entries`, { recursive: true });
  await using empty = await startApp({ ...options, top: { offline: true } });
  assert.equal(await statusOf(empty, "/a"), 404);
});

Deno.test("what an offline vault upstream does not have is missed, and no absence: it is asked again at once", async () => {
  await using inner = await tempCache();
  await using outer = await tempCache();
  await using source = startFakeUpstream();
  await using stranger = startFakeUpstream();
  source.serve("/a", { body: "here" });
  source.serve("/simple/tool/", { body: "", headers: { "content-type": "text/html" } });
  stranger.serve("/simple/tool/", {
    body: "<a href='tool-6.6.tar.gz'>tool-6.6.tar.gz</a>",
    headers: { "content-type": "text/html" },
  });
  const backends = (files: string, index: string) => [
    { type: "http", name: "files", config: { base_url: files, retries: 0 } },
    {
      type: "pypi",
      name: "pypi",
      config: { indexes: [index, stranger.origin].map((url) => ({ index_url: `${url}/simple` })), retries: 0 },
    },
  ];
  await using site = await startBackends(backends(source.origin, source.origin), {
    cacheDir: inner.cacheDir,
    top: { offline: true },
  });
  await using branch = await startBackends(backends(`${site.origin}/files`, `${site.origin}/pypi`), outer);
  const missed = await branch.ask("/files/a");
  assert.equal(missed.status, 404);
  assert.equal(missed.headers.get("cache-status"), "vault; fwd=miss; fwd-status=404; detail=offline");
  assert.match(missed.text, /upstream is a vault that is offline.*artifact-vault warm \/files\/a\n/);
  const page = await branch.ask("/pypi/simple/tool/");
  assert.deepEqual([page.status, stranger.count("/simple/tool/")], [410, 0], "no stranger is asked instead");
  assert.equal((await branch.ask("/-/misses")).text, "/files/a\npypi:tool\n");
  {
    await using online = await startBackends(backends(source.origin, source.origin), inner);
    assert.equal(await statusOf(online, "/a"), 200);
    await online.idle();
  }
  assert.equal((await branch.ask("/files/a")).text, "here");
});
