import assert from "node:assert/strict";
import { startApp } from "../../support/app_fixture.ts";
import { damageBlobs } from "../../support/cache_dir.ts";
import { type CachedFiles, startWithFiles } from "../../support/cached_files.ts";
import { startFakeUpstream } from "../../support/fake_upstream.ts";
import { runCaptured } from "../../support/run_captured.ts";
import { createTempDir } from "../../support/temp_dir.ts";

const ignore = Deno.build.os === "windows";

Deno.test({ name: "what is purged beside a server is fetched for the next client, at once", ignore }, async () => {
  await using scene = await startWithFiles(["/a", "/b"]);
  const { app, upstream } = scene;
  await app.takeCommands();
  await app.ask("/files/gone");
  assert.equal(upstream.count("/gone"), 1);
  upstream.serve("/gone", { body: "here" });
  for (const name of ["a", "b"]) await app.ask(`/files/${name}`);
  const { code } = await runCaptured(["cache", "purge", "files/a", "files/gone", "--cache-dir", app.cacheDir]);
  assert.equal(code, 0);
  await app.ask("/files/a");
  assert.equal((await app.ask("/files/gone")).text, "here");
  await app.ask("/files/b");
  assert.deepEqual(["/a", "/gone", "/b"].map((path) => upstream.count(path)), [2, 2, 1]);
});

Deno.test({ name: "damage that a command finds beside a server is counted there", ignore }, async () => {
  await using scene = await startWithFiles(["/a", "/b"]);
  const { app } = scene;
  await app.takeCommands();
  const damaged = () => app.metric("vault_integrity_failures_total", 'where="stored"');
  const verify = (...args: string[]) => runCaptured(["cache", "verify", "--cache-dir", app.cacheDir, ...args]);
  assert.equal((await verify()).code, 0);
  assert.equal(await damaged(), 0);
  damageBlobs(app.cacheDir);
  assert.equal((await verify()).code, 1);
  assert.equal(await damaged(), 2);
  await verify("--repair");
  assert.deepEqual([await damaged(), app.held().blobs], [4, 0]);
});

Deno.test({ name: "what a bundle has brought is served at once by the server on the directory", ignore }, async () => {
  await using here = await startWithFiles(["/a"]);
  await using there = await startWithFiles([]);
  there.upstream.serve("/a", { body: "newer" });
  await there.app.ask("/files/a");
  await there.app.idle();
  await using dir = await createTempDir();
  const configOf = async (name: string, { app, upstream }: CachedFiles) => {
    const backend = { type: "http", name: "files", config: { prefix: "/files", base_url: upstream.origin, ttl: "1h" } };
    await Deno.writeTextFile(dir.join(name), JSON.stringify({ cache_dir: app.cacheDir, backends: [backend] }));
    return ["--config", dir.join(name)];
  };
  const bundle = dir.join("bundle.tar");
  const made = await runCaptured(["bundle", "export", bundle, ...await configOf("there.yml", there)]);
  assert.equal(made.code, 0, made.stderr);
  await here.app.takeCommands();
  assert.notEqual((await here.app.ask("/files/a")).text, "newer");
  const { code, stderr } = await runCaptured(["bundle", "import", bundle, ...await configOf("here.yml", here)]);
  assert.equal(code, 0, stderr);
  assert.equal((await here.app.ask("/files/a")).text, "newer");
});

Deno.test({ name: "a command asks the server for what the directory does not tell", ignore }, async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: "body" });
  await using app = await startApp({ upstream: upstream.origin, backend: { ttl: "1h" } });
  for (let times = 0; times < 4; times++) {
    await app.ask("/files/a");
    await app.idle();
  }
  const run = (...args: string[]) => runCaptured(["cache", ...args, "--cache-dir", app.cacheDir]);
  assert.match((await run("show", "files/a")).stdout, /^next client\tnothing: no backend "files" is configured$/m);
  await app.takeCommands();
  assert.match((await run("show", "files/a")).stdout, /^next client\tis served from the cache; no upstream is asked$/m);
  assert.match((await run("show", "files/a", "--offline")).stdout, /^next client\tnothing: no backend/m);
  assert.equal(JSON.parse((await run("stats", "--json")).stdout).hit_rate, 0.75);
});

Deno.test(
  { name: "what a server could not fetch again is not pruned, whatever configuration a command has", ignore },
  async () => {
    await using dir = await createTempDir();
    await using upstream = startFakeUpstream();
    upstream.serve("/a", { body: "body" });
    {
      await using online = await startApp({ upstream: upstream.origin, cacheDir: dir.path });
      await online.ask("/files/a");
      await online.idle();
    }
    const prune = () => runCaptured(["cache", "prune", "--to", "0", "--dry-run", "--json", "--cache-dir", dir.path]);
    assert.deepEqual(JSON.parse((await prune()).stdout).bodies, 1);
    await using offline = await startApp({ upstream: upstream.origin, cacheDir: dir.path, backend: { offline: true } });
    await offline.takeCommands();
    const { code, stdout } = await prune();
    assert.deepEqual([code, JSON.parse(stdout).bodies], [1, 0]);
  },
);
