import assert from "node:assert/strict";
import { startApp } from "../../support/app_fixture.ts";
import { startFakeUpstream } from "../../support/fake_upstream.ts";
import { runCaptured } from "../../support/run_captured.ts";
import { bytesOf } from "../../support/store_fixture.ts";
import { createTempDir } from "../../support/temp_dir.ts";
import { removeDamaged } from "../../../src/inventory/repair.ts";
import { type Damage, verifyCache } from "../../../src/inventory/verify.ts";
import { CacheScene } from "./cache_scene.ts";

/** Small and large bodies. */
async function openFilled(): Promise<CacheScene> {
  const scene = new CacheScene();
  for (let at = 0; at < 40; at++) await scene.put(`files/${at}`, { sizeBytes: 500 + at, usedDays: 20 });
  await scene.put("files/large", { sizeBytes: 400_000, usedDays: 20 });
  await scene.put("pypi/same-as-large", { body: "files/large", sizeBytes: 400_000, usedDays: 20 });
  return scene;
}

async function closed(scene: CacheScene): Promise<void> {
  await scene.fixture.restartAfter(() => Deno.removeSync(`${scene.dir}/usage.json`));
}

function flipByte(path: string, at: number): void {
  const bytes = Deno.readFileSync(path);
  bytes[at]! ^= 1;
  const { atime, mtime } = Deno.statSync(path);
  Deno.writeFileSync(path, bytes);
  Deno.utimeSync(path, atime!, mtime!);
}

function jsonLines(stdout: string): Record<string, unknown>[] {
  return stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
}

Deno.test("cache verify finds everything sound, and does not count as a use", async () => {
  await using scene = await openFilled();
  const { code, stdout, stderr } = await scene.run("verify");
  assert.equal(code, 0);
  assert.match(stderr, /^Note: the configuration does not have "files": .*--config\n$/);
  assert.equal(stdout, "Verified 41 bodies, 410.9 KiB, and 42 entries: all are sound\n");
  assert.match((await scene.run("ls", "--unused-for", "19d")).stdout, /files\/large/);
});

Deno.test("cache verify says how many entries have no body, which is no damage", async () => {
  await using scene = await openFilled();
  Deno.removeSync(scene.bodyPath(await scene.put("files/large", { sizeBytes: 400_000 })));
  const { code, stdout } = await scene.run("verify");
  assert.equal(code, 0);
  const missing = "2 entries have no body: fetched for the next client, missing offline";
  assert.equal(stdout, `Verified 40 bodies, 20.3 KiB, and 42 entries: all are sound; ${missing}\n`);
  await closed(scene);
});

Deno.test("cache verify finds a flipped byte, a cut body, garbage, and what is in the wrong place, and repairs it", async () => {
  await using scene = await openFilled();
  const pathOf = async (name: string, seed = `files/${name}`) =>
    scene.bodyPath(await scene.put(`files/${name}`, { body: seed }));
  const [cut, sound] = [await pathOf("cut"), await pathOf("sound")];
  const large = scene.bodyPath(await scene.put("files/large", { sizeBytes: 400_000 }));
  flipByte(large, 399_999);
  Deno.truncateSync(cut, 999);
  const entries = `${scene.dir}/entries/files`;
  Deno.writeTextFileSync(`${entries}/1~.json`, Deno.readTextFileSync(`${entries}/1~.json`).slice(0, -20));
  Deno.copyFileSync(`${entries}/2~.json`, `${entries}/elsewhere~.json`);
  Deno.writeTextFileSync(
    `${entries}/sound~.json`,
    Deno.readTextFileSync(`${entries}/sound~.json`).replace("1000", "1001"),
  );
  Deno.writeTextFileSync(`${large}.tmp`, "x");
  const kinds = (lines: Record<string, unknown>[]) => lines.map(({ damage }) => damage).filter((kind) => kind).sort();
  const wrong = ["damaged_body", "damaged_body", "garbage_entry", "misplaced_entry", "stray_file", "wrong_entry"];
  const found = await scene.run("verify", "--json");
  assert.equal(found.code, 1);
  assert.deepEqual(kinds(jsonLines(found.stdout)), [...wrong, "lost", "lost", "lost"].sort());
  assert.match(found.stderr, /^The cache is damaged: artifact-vault cache verify --repair removes /m);
  const repaired = await scene.run("verify", "--repair", "--json");
  assert.equal(repaired.code, 0);
  assert.doesNotMatch(repaired.stderr, /damaged/);
  const summary = jsonLines(repaired.stdout).at(-1)!;
  assert.deepEqual([summary.damaged, summary.removed, summary.fetched], [6, 6, 0]);
  assert.match(repaired.stdout, /"not_fetched":"files\/large","reason":"no client asks for it by this name/);
  const again = await scene.run("verify", "--json");
  assert.deepEqual([again.code, jsonLines(again.stdout).length], [0, 1]);
  assert.deepEqual(Deno.readFileSync(sound), bytesOf("files/sound"));
  await closed(scene);
});

Deno.test("cache verify --repair fetches damaged bodies again, by the rules of the vault", async () => {
  await using dir = await createTempDir();
  await using upstream = startFakeUpstream();
  const cacheDir = dir.join("cache");
  const large = bytesOf("large", 500_000);
  upstream.serve("/a", { body: large, etag: '"a"' });
  upstream.serve("/gone", { body: bytesOf("gone"), etag: '"b"' });
  {
    await using app = await startApp({ upstream: upstream.origin, cacheDir });
    for (const path of ["/files/a", "/files/gone"]) assert.equal((await app.ask(path)).status, 200);
    await app.idle();
  }
  const blobs = [...Deno.readDirSync(`${cacheDir}/blobs/sha256`)].flatMap(({ name }) =>
    [...Deno.readDirSync(`${cacheDir}/blobs/sha256/${name}`)].map((file) =>
      `${cacheDir}/blobs/sha256/${name}/${file.name}`
    )
  );
  for (const blob of blobs) flipByte(blob, 0);
  upstream.serve("/gone", { status: 404 });
  const config = dir.join("config.yml");
  const backend = `{type: http, name: files, config: {base_url: "${upstream.origin}", retries: 0}}`;
  await Deno.writeTextFile(config, `cache_dir: ${cacheDir}\ncache_min_free: 0\nbackends: [${backend}]`);
  const { code, stdout } = await runCaptured(["cache", "verify", "--repair", "--config", config]);
  assert.equal(code, 0);
  assert.match(stdout, /\nfiles\/a: fetched again\n/);
  assert.match(stdout, /\nfiles\/gone: not fetched again: 404 not_found: /);
  assert.match(stdout, /: 2 files are wrong; 2 removed, 1 entry fetched again\n$/);
  assert.match(
    (await runCaptured(["cache", "verify", "--config", config])).stdout,
    /^Verified 1 body, .* all are sound; 1 entry has no body: .*\n$/,
  );
  const asked = upstream.requests.length;
  await using app = await startApp({ upstream: upstream.origin, cacheDir, backend: { honor_client_no_cache: false } });
  assert.deepEqual((await app.ask("/files/a")).body.length, large.length);
  assert.ok(upstream.requests.length - asked <= 1);
});

Deno.test("what a process has left in the staging folder is found once it is old", async () => {
  await using scene = await openFilled();
  const [old, young] = ["old", "young"].map((name) => `${scene.dir}/staging/${name}`) as [string, string];
  for (const path of [old, young]) Deno.mkdirSync(path);
  Deno.utimeSync(old, new Date(0), new Date(0));
  const { code, stdout } = await scene.run("verify", "--repair");
  assert.equal(code, 0);
  assert.match(stdout, /staging\/old: no process takes it over\n.*1 file is wrong; 1 removed/);
  assert.deepEqual(
    [old, young].map((path) => [...Deno.readDirSync(`${scene.dir}/staging`)].some(({ name }) => path.endsWith(name))),
    [false, true],
  );
});

Deno.test("a sound body that comes into the place of a damaged one before it is removed stays", async () => {
  await using scene = await openFilled();
  const large = scene.bodyPath(await scene.put("files/large", { sizeBytes: 400_000 }));
  const sound = Deno.readFileSync(large);
  flipByte(large, 5);
  const damages: Damage[] = [];
  await verifyCache(scene.dir, {
    ...{
      found: (damage) => void damages.push(damage),
      lost() {},
      progressed() {},
      digestOf: () => null,
      signal: new AbortController().signal,
    },
  });
  assert.deepEqual(damages.map(({ path }) => path), [large]);
  Deno.writeFileSync(`${large}.new`, sound);
  Deno.renameSync(`${large}.new`, large);
  assert.deepEqual(await removeDamaged(scene.dir, damages), { gone: 1, removed: 0 });
  assert.deepEqual(Deno.readFileSync(large), sound);
});

Deno.test("what ended processes have left is found, unless another one can resume it or still uses it", async () => {
  await using scene = await openFilled();
  const old = new Date(Date.now() - 5 * 3_600_000);
  const make = (name: string, files: readonly string[]) => {
    const path = `${scene.dir}/staging/${name}`;
    Deno.mkdirSync(path);
    for (const file of files) Deno.writeTextFileSync(`${path}/${file}`, "x");
    Deno.writeTextFileSync(`${path}.lock`, "");
    for (const one of [path, `${path}.lock`]) Deno.utimeSync(one, old, old);
    return path;
  };
  const spool = make("spool", ["facts"]);
  make("resumable", ["name-0.part", "name-0.json"]);
  using lock = Deno.openSync(`${make("living", ["facts"])}.lock`, { write: true });
  await lock.lock(true);
  Deno.mkdirSync(`${scene.dir}/imports`);
  for (const [name, days] of [["fresh", 1], ["stale", 30]] as const) {
    const path = `${scene.dir}/imports/${name}.journal`;
    Deno.writeTextFileSync(path, "");
    const at = new Date(Date.now() - days * 86_400_000);
    Deno.utimeSync(path, at, at);
  }
  const leftovers = jsonLines((await scene.run("verify", "--json")).stdout)
    .filter(({ damage }) => damage === "staged_leftover").map(({ path }) => path);
  assert.deepEqual(leftovers.sort(), [`${scene.dir}/imports/stale.journal`, spool, `${spool}.lock`]);
  assert.equal((await scene.run("verify", "--repair")).code, 0);
  assert.deepEqual([...Deno.readDirSync(`${scene.dir}/imports`)].map(({ name }) => name), ["fresh.journal"]);
  Deno.removeSync(`${scene.dir}/staging/resumable`, { recursive: true });
});

Deno.test("imports that nobody resumes are found, and others are counted and stay", async () => {
  await using scene = await openFilled();
  const days = (count: number) => new Date(Date.now() - count * 86_400_000);
  const make = (name: string, { folder, journal }: { folder: Date; journal: Date }) => {
    const path = `${scene.dir}/imports/${name}`;
    Deno.mkdirSync(path, { recursive: true });
    for (const [file, at] of [["body", folder], ["journal", journal]] as const) {
      Deno.writeTextFileSync(`${path}/${file}`, "xx");
      Deno.utimeSync(`${path}/${file}`, at, at);
    }
    Deno.writeTextFileSync(`${path}.lock`, "");
    for (const one of [path, `${path}.lock`]) Deno.utimeSync(one, folder, folder);
    return path;
  };
  const forgotten = make("forgotten", { folder: days(30), journal: days(8) });
  make("resumed", { folder: days(30), journal: days(1) });
  using lock = Deno.openSync(`${make("under-way", { folder: days(30), journal: days(30) })}.lock`, { write: true });
  await lock.lock(true);
  const found = jsonLines((await scene.run("verify", "--json")).stdout);
  const leftovers = found.filter(({ damage }) => damage === "staged_leftover").map(({ path }) => path);
  assert.deepEqual(leftovers, [forgotten, `${forgotten}.lock`]);
  assert.deepEqual([found.at(-1)!.unfinished_imports, found.at(-1)!.unfinished_bytes], [1, 4]);
  const { code, stdout } = await scene.run("verify", "--repair");
  assert.equal(code, 0);
  assert.match(stdout, /; 1 unfinished import with 4 bytes, kept for a week: import again\n$/);
  const names = [...Deno.readDirSync(`${scene.dir}/imports`)].map(({ name }) => name);
  assert.deepEqual(names.sort(), ["resumed", "resumed.lock", "under-way", "under-way.lock"]);
});

Deno.test("an entry whose name says another digest than its body has is found, and removed", async () => {
  await using scene = await openFilled();
  const { sha256 } = await scene.put("files/sound");
  for (const hex of [sha256, "ab".repeat(32)]) {
    await scene.put(`dockerhub/@default/library/alpine/blobs/sha256:${hex}`, { body: "files/sound" });
  }
  const found = await scene.run("verify", "--json");
  const damages = jsonLines(found.stdout).filter(({ damage }) => damage !== undefined);
  assert.deepEqual([found.code, damages.length, damages[0]!.damage], [1, 1, "other_digest"]);
  assert.match(String(damages[0]!.path), /abababab~\.json$/);
  assert.match((await scene.run("verify", "--repair")).stdout, /1 file is wrong; 1 removed/);
  assert.equal((await scene.run("verify")).code, 0);
});
