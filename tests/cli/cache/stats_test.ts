import assert from "node:assert/strict";
import { runCaptured } from "../../support/run_captured.ts";
import { CacheScene } from "./cache_scene.ts";

async function statsOf(scene: CacheScene, ...args: string[]) {
  const { code, stdout, stderr } = await scene.run("stats", "--json", ...args);
  assert.deepEqual([code, stderr], [0, ""]);
  return JSON.parse(stdout);
}

Deno.test("cache stats counts each body once, and says which ones several backends have", async () => {
  await using scene = new CacheScene();
  await scene.put("pypi/a", { body: "same", sizeBytes: 300, storedDays: 5, usedDays: 2 });
  await scene.put("pypi/b", { body: "same", sizeBytes: 300, storedDays: 5, usedDays: 2 });
  await scene.put("files/a", { body: "same", sizeBytes: 300, storedDays: 5, usedDays: 2 });
  await scene.put("files/never", { sizeBytes: 50, storedDays: 7, usedDays: 7 });
  const stats = await statsOf(scene);
  assert.deepEqual([stats.bodies, stats.bytes, stats.entries], [2, 350, 4]);
  assert.deepEqual(stats.shared, { bodies: 1, bytes: 300 });
  const [files, pypi] = stats.backends;
  assert.deepEqual([files.name, files.entries, files.bodies, files.bytes], ["files", 2, 2, 350]);
  assert.deepEqual([pypi.name, pypi.entries, pypi.bodies, pypi.bytes], ["pypi", 2, 1, 300]);
  assert.deepEqual([files.unused, pypi.unused], [{ bodies: 1, bytes: 50 }, { bodies: 0, bytes: 0 }]);
  const days = (at: string) => Math.round((Date.now() - Date.parse(at)) / 86_400_000);
  assert.deepEqual([days(files.oldest), days(files.newest), days(files.used)], [7, 5, 2]);
});

Deno.test("cache stats counts bodies of no entry, entries of no body, staged bodies and garbage", async () => {
  await using scene = new CacheScene();
  const gone = await scene.put("files/gone");
  await scene.put("files/unnamed", { sizeBytes: 70 });
  await scene.put("files/garbage", { sizeBytes: 80 });
  await scene.fixture.restartAfter(() => {
    Deno.removeSync(scene.bodyPath(gone));
    Deno.removeSync(`${scene.dir}/entries/files/unnamed~.json`);
    Deno.writeTextFileSync(`${scene.dir}/entries/files/garbage~.json`, "garbage");
    Deno.removeSync(`${scene.dir}/usage.json`);
  });
  const staged = await scene.fixture.stage({ backend: "files", key: "/x", requestHeaders: [] }, new Uint8Array(90));
  const stats = await statsOf(scene);
  staged.discard();
  assert.deepEqual(stats.unnamed, { bodies: 2, bytes: 150 });
  assert.deepEqual(stats.staged, { bodies: 1, bytes: 90 });
  assert.deepEqual([stats.unreadable, stats.backends[0].without_body], [1, 1]);
});

Deno.test("elsewhere than on a terminal cache stats prints each value in a field of its own", async () => {
  await using scene = new CacheScene();
  await scene.put("files/a");
  const { stdout } = await scene.run("stats");
  assert.match(stdout, /^bodies\t1000\t1$/m);
  assert.match(stdout, /^without an entry\t0\t0$/m);
  assert.match(stdout, /^files\t1\t1\t1000\t/m);
  assert.doesNotMatch(stdout, /\\t|\\u0009/);
});

Deno.test("cache stats asks a running vault for its hit rate", async () => {
  await using scene = new CacheScene();
  await scene.put("files/a");
  const asked: string[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, ({ url }) => {
    asked.push(new URL(url).pathname + new URL(url).search);
    return Response.json({ cache_hit_rate: 0.875, uptime: 7200 });
  });
  const usual = ["--cache-dir", scene.dir, "--port", String(server.addr.port)];
  const { stdout } = await runCaptured(["cache", "stats", ...usual], { isTerminal: true });
  assert.match(stdout, /\nhit rate +87\.5 % in 2 h \(http:/);
  assert.match(stdout, /\nBACKEND +ENTRIES .*\nfiles \(not configured\) +1 +1 +1000 bytes /);
  await server.shutdown();
  assert.deepEqual(asked, ["/-/metrics?format=json"]);
});

Deno.test("a vault that does not answer fails cache stats only where it was named", async () => {
  await using scene = new CacheScene();
  await scene.put("files/a");
  const closed = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = closed.addr;
  closed.close();
  const usual = await runCaptured(["cache", "stats", "--json", "--cache-dir", scene.dir, "--port", String(port)]);
  assert.deepEqual([usual.code, JSON.parse(usual.stdout).hit_rate], [0, null]);
  const named = await runCaptured(["cache", "stats", "--url", `http://127.0.0.1:${port}`]);
  assert.equal(named.code, 1);
  assert.match(named.stderr, /^Cannot work on the cache of the vault at http:\/\/127\.0\.0\.1:\d+: /);
  assert.equal((await runCaptured(["cache", "stats", "--url", "vault"])).code, 2);
  const both = await scene.run("stats", "--url", `http://127.0.0.1:${port}`);
  assert.deepEqual([both.code, both.stderr], [
    2,
    "--url names a server, which knows that itself: leave out --cache-dir\n",
  ]);
});

Deno.test("files in the place of folders of the cache are passed over", async () => {
  await using scene = new CacheScene();
  await scene.put("files/a");
  Deno.writeTextFileSync(`${scene.dir}/blobs/sha256/README`, "");
  Deno.writeTextFileSync(`${scene.dir}/entries/README`, "");
  assert.equal((await statsOf(scene)).entries, 1);
  assert.equal((await scene.run("ls")).code, 0);
  assert.equal((await scene.run("prune", "--to", "0", "--dry-run")).code, 0);
  Deno.removeSync(`${scene.dir}/blobs/sha256/README`);
});
