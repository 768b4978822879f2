import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { prepareCacheDir } from "../../src/cli/cache_dir.ts";
import { startApp } from "../support/app_fixture.ts";
import { listBlobs } from "../support/cache_dir.ts";
import { flipBit } from "../support/carry.ts";
import { startFakeUpstream } from "../support/fake_upstream.ts";
import { Pattern } from "../support/pattern.ts";
import { createTempDir, type TempDir } from "../support/temp_dir.ts";
import { runToSuccess } from "../support/run_command.ts";
import { walk } from "../support/walk.ts";

// A cache directory that was carried in from elsewhere may hold anything under any name.

const secret = "what lies elsewhere on this machine";
/** The first is as long as the secret, the second is streamed. */
const bodies = [new Pattern(secret.length, 1), new Pattern(300_000, 2)];

const intruders: readonly [name: string, put: (path: string, dir: TempDir) => Promise<void>][] = [
  ["a link to a file of the same size", async (path, dir) => {
    const { size } = await Deno.stat(path);
    await Deno.writeTextFile(dir.join("secret"), secret.padEnd(size, "."));
    await Deno.remove(path);
    await Deno.symlink(dir.join("secret"), path);
  }],
  ["a named pipe", async (path) => {
    await Deno.remove(path);
    await runToSuccess(["mkfifo", path]);
  }],
  ["a link to a named pipe", async (path, dir) => {
    await runToSuccess(["mkfifo", dir.join("pipe")]);
    await Deno.remove(path);
    await Deno.symlink(dir.join("pipe"), path);
  }],
];

for (const body of bodies) {
  for (const [name, put] of intruders) {
    Deno.test(`${name} for a body of ${body.size} bytes is a miss: fetched again, nothing handed out, nobody waits`, async () => {
      await using dir = await createTempDir();
      await using upstream = startFakeUpstream();
      upstream.serve("/a", { body, etag: '"1"' });
      await using app = await startApp({
        upstream: upstream.origin,
        top: { memory_cache_size: 0 },
        backend: { ttl: "1h" },
      });
      await app.ask("/files/a");
      await app.idle();
      await put(`${app.cacheDir}/blobs/sha256/${listBlobs(app.cacheDir)[0]}`, dir);
      const answer = await app.ask("/files/a");
      assert.ok(answer.complete && body.matches(answer.body, 0));
      await app.idle();
      assert.ok(body.matches((await app.ask("/files/a")).body, 0));
      assert.equal(upstream.count("/a"), 2, "the miss, and once more for the intruder");
    });
  }
}

for (const [name, put] of intruders) {
  Deno.test(`${name} for an entry, the size or what was staged: all is answered, and the files linked to stay`, async () => {
    await using dir = await createTempDir();
    await using upstream = startFakeUpstream();
    const body = new Pattern(3_000_000, 3);
    upstream.serve("/a", { body, etag: '"1"' });
    const cacheDir = dir.join("cache");
    {
      await using app = await startApp({ upstream: upstream.origin, cacheDir, backend: { ttl: "1h" } });
      await app.ask("/files/a");
      await app.idle();
    }
    const staged = `${cacheDir}/staging/11111111-1111-4111-8111-111111111111`;
    await Deno.mkdir(staged, { recursive: true });
    const names = [`${staged}.lock`, `${staged}/${"a".repeat(40)}-1.part`, `${staged}/${"a".repeat(40)}-1.json`];
    for (const path of names) await Deno.writeTextFile(path, "x");
    const entry = `${cacheDir}/entries/files/a~.json`;
    for (const [i, path] of [entry, `${cacheDir}/usage.json`, ...names].entries()) {
      await put(path, { ...dir, join: () => `${dir.path}/outside-${i}` });
    }
    await using app = await startApp({ upstream: upstream.origin, cacheDir, backend: { ttl: "1h" } });
    const answer = await app.ask("/files/a");
    assert.ok(answer.complete && body.matches(answer.body, 0));
    await app.idle();
    assert.equal(Deno.lstatSync(entry).isFile, true, "the entry is written anew in its place");
    for (const path of walk(dir.path).filter((path) => path.startsWith("outside-"))) {
      const info = await Deno.stat(dir.join(path));
      if (info.isFile) assert.match(await Deno.readTextFile(dir.join(path)), /^what lies elsewhere/);
    }
  });
}

Deno.test("headers that are never stored are not sent, should an entry have them", async () => {
  await using dir = await createTempDir();
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: new Pattern(1000, 4), etag: '"1"' });
  const options = { upstream: upstream.origin, cacheDir: dir.path, backend: { ttl: "1h" } };
  {
    await using app = await startApp(options);
    await app.ask("/files/a");
    await app.idle();
  }
  const path = dir.join("entries/files/a~.json");
  const entry = JSON.parse(await Deno.readTextFile(path));
  const foreign = [["content-length", "3"], ["set-cookie", "a=b"], ["access-control-allow-origin", "*"]];
  await Deno.writeTextFile(path, JSON.stringify({ ...entry, headers: [...entry.headers, ...foreign] }));
  await using app = await startApp(options);
  const { headers, body } = await app.ask("/files/a");
  assert.match(headers.get("cache-status")!, /hit/);
  assert.deepEqual([headers.get("set-cookie"), headers.get("access-control-allow-origin")], [null, null]);
  assert.equal(body.byteLength, 1000);
});

Deno.test(
  "whatever the umask, what is cached can be read by its owner alone",
  { ignore: Deno.build.os === "windows" },
  async () => {
    await using dir = await createTempDir();
    await using upstream = startFakeUpstream();
    upstream.serve("/a/b/c", { body: new Pattern(3_000_000, 5), etag: '"1"' });
    upstream.serve("/parked", {
      body: new Pattern(3_000_000, 6),
      etag: '"1"',
      fault: { kind: "silent", afterBytes: 2_000_000 },
    });
    const umask = Deno.umask(0);
    try {
      const cacheDir = dir.join("cache");
      await prepareCacheDir(cacheDir);
      {
        await using app = await startApp({ upstream: upstream.origin, cacheDir, backend: { ttl: "1h" } });
        await app.ask("/files/a/b/c");
        await app.idle();
        using client = await app.connect();
        await client.request("/files/parked");
        await client.readSome(1_500_000);
      }
      const paths = [...foldersAndFiles(dir.path)];
      assert.ok(paths.some((path) => path.endsWith(".part")) && paths.some((path) => path.endsWith("c~.json")));
      for (const path of paths) assert.equal(Deno.statSync(path).mode! & 0o077, 0, path);
    } finally {
      Deno.umask(umask);
    }
  },
);

function* foldersAndFiles(folder: string): Iterable<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    yield `${folder}/${name}`;
    if (isDirectory) yield* foldersAndFiles(`${folder}/${name}`);
  }
}

Deno.test("a copied cache with flipped bits: sound bodies are hits, damaged ones are fetched again within the request", async () => {
  await using dir = await createTempDir();
  await using upstream = startFakeUpstream();
  const sizes = [10_000, 300_000, 2_000_000];
  const files = sizes.flatMap((size, i) => [
    { path: `/sound-${size}`, body: new Pattern(size, 2 * i + 7), isSound: true },
    { path: `/damaged-${size}`, body: new Pattern(size, 2 * i + 8), isSound: false },
  ]);
  for (const { path, body } of files) upstream.serve(path, { body, etag: '"1"' });
  const backend = { ttl: "1h" };
  {
    await using app = await startApp({ upstream: upstream.origin, cacheDir: dir.join("cache"), backend });
    for (const { path } of files) await app.ask(`/files${path}`);
    await app.idle();
  }
  const cacheDir = dir.join("carried");
  await runToSuccess(["cp", "-a", dir.join("cache"), cacheDir]);
  for (const { body, isSound } of files) {
    const sha256 = createHash("sha256").update(body.bytes()).digest("hex");
    if (!isSound) await flipBit(`${cacheDir}/blobs/sha256/${sha256.slice(0, 2)}/${sha256}`, body.size / 2);
  }
  await using app = await startApp({ upstream: upstream.origin, cacheDir, backend });
  for (const { path, body, isSound } of files) {
    const answer = await app.ask(`/files${path}`);
    assert.ok(answer.complete && answer.body.length === body.size && body.matches(answer.body, 0), path);
    assert.equal(upstream.count(path), isSound ? 1 : 2, path);
  }
  assert.equal(await app.metric("vault_damaged_bodies_total"), sizes.length);
  await app.idle();
});
