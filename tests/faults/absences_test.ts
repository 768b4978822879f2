import assert from "node:assert/strict";
import { type AppFixture, startApp } from "../support/app_fixture.ts";
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
    assert.equal(await statusOf(app, "/never-asked"), 504);
  });
}

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
  assert.equal(await statusOf(empty, "/a"), 504);
});
