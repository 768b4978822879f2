import assert from "node:assert/strict";
import { type AppFixture, startApp } from "../support/app_fixture.ts";
import { listBlobs } from "../support/cache_dir.ts";
import { type Answer, sequence, startFakeUpstream } from "../support/fake_upstream.ts";
import { Pattern } from "../support/pattern.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { walk } from "../support/walk.ts";

const MiB = 1024 * 1024;
const fresh = { ttl: "1h" };
/** Small ones are read in one go, others from an open file. */
const documents = new Map([
  ["/fresh/small", new Pattern(10_000, 1)],
  ["/fresh/large", new Pattern(500_000, 2)],
  ["/stale/small", new Pattern(10_000, 3)],
  ["/stale/large", new Pattern(500_000, 4)],
]);

const blobDamages: readonly [name: string, damage: (path: string) => void][] = [
  ["truncated", (path) => Deno.truncateSync(path, 100)],
  ["emptied", (path) => Deno.truncateSync(path, 0)],
  ["longer than it was", (path) => Deno.writeFileSync(path, new Uint8Array(7), { append: true })],
  ["removed", (path) => Deno.removeSync(path)],
  ["replaced by a folder", (path) => {
    Deno.removeSync(path);
    Deno.mkdirSync(path);
  }],
  ["replaced by a link to itself, which nobody can open", (path) => {
    Deno.removeSync(path);
    Deno.symlinkSync(path, path);
  }],
];

for (const [name, damage] of blobDamages) {
  Deno.test(`blob ${name} behind our back: never served short, and fetched again`, async () => {
    await using upstream = startFakeUpstream();
    const backend = { ttl: "1h", rules: [{ match: "stale/*", ttl: 0 }] };
    await using app = await startApp({ upstream: upstream.origin, top: { memory_cache_size: 0 }, backend });
    for (const [path, body] of documents) {
      upstream.serve(path, { body, etag: '"1"' });
      await assertServed(app, body, `/files${path}`);
    }
    await app.idle();
    for (const blob of listBlobs(app.cacheDir)) damage(`${app.cacheDir}/blobs/sha256/${blob}`);
    for (const [path, body] of documents) {
      upstream.serve(path, { status: 503 });
      const refused = await app.ask(`/files${path}`);
      assert.equal(refused.status, 502);
      assert.match(refused.text, /upstream answered 503/);
      upstream.serve(path, { body, etag: '"1"' });
      await assertServed(app, body, `/files${path}`);
    }
    await app.idle();
    assert.equal(app.held().staged, 0);
  });
}

Deno.test("blob truncated while it is sent: a broken transfer, and the next client gets it whole", async () => {
  const body = new Pattern(12 * MiB);
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body });
  await using app = await startApp({ upstream: upstream.origin, backend: fresh });
  await assertServed(app, body);
  await app.idle();
  using client = await app.connect();
  await client.request("/files/a");
  await client.readSome(1);
  Deno.truncateSync(onlyBlob(app), 1000);
  const answer = await client.answer();
  assert.ok(!answer.complete && body.matches(answer.body, 0));
  await app.logged(
    /^WARNING cache hit files \/files\/a 200 \d+ bytes .*: interrupted: A stored body is shorter than it was$/,
  );
  await assertServed(app, body);
});

const garbage: readonly [name: string, text: string | ((entry: Record<string, unknown>) => unknown)][] = [
  ["empty", ""],
  ["half of JSON", '{"sha256": "'],
  ["binary", "\0\x01\x02\x7f"],
  ["null", "null"],
  ["a list", "[]"],
  ["an empty object", "{}"],
  ["deeply nested", "[".repeat(100_000)],
  ["of another key", (entry) => ({ ...entry, key: "/b" })],
  ["of another backend", (entry) => ({ ...entry, backend: "other" })],
  ["without headers", (entry) => ({ ...entry, headers: undefined })],
  ["with headers of the wrong kind", (entry) => ({ ...entry, headers: { etag: '"1"' } })],
  ["with a control character in a header", (entry) => ({ ...entry, headers: [["x-a", "a\x07b"]] })],
  ["with a line feed in a header", (entry) => ({ ...entry, headers: [["x-a", "a\nset-cookie: b"]] })],
  ["with a header beyond Latin-1", (entry) => ({ ...entry, headers: [["x-a", "\u{1f600}"]] })],
  ["with a space in the name of a header", (entry) => ({ ...entry, headers: [["x a", "b"]] })],
  ["with a header without a name", (entry) => ({ ...entry, headers: [["", "b"]] })],
  ["with a URL that is none", (entry) => ({ ...entry, url: "nowhere" })],
  ["with a location that is none", (entry) => ({ ...entry, location: 5 })],
  ["with a claim that is text", (entry) => ({ ...entry, claimed: "yes" })],
  ["with a digest in a list", (entry) => ({ ...entry, sha256: [entry.sha256] })],
  ["with a digest that leads elsewhere", (entry) => ({ ...entry, sha256: "../../../../etc/passwd" })],
  ["with the digest of a blob that is not there", (entry) => ({ ...entry, sha256: "0".repeat(64) })],
  ["with another size", (entry) => ({ ...entry, sizeBytes: 5 })],
  ["with a negative size", (entry) => ({ ...entry, sizeBytes: -1 })],
  ["with a size that is no number", (entry) => ({ ...entry, sizeBytes: "many" })],
  ["with times that are none", (entry) => ({ ...entry, storedAt: null, validatedAt: "now" })],
];

Deno.test("entry file garbage: fetched again", async (t) => {
  const body = new Pattern(10_000);
  await using dir = await createTempDir();
  await using upstream = startFakeUpstream();
  const options = { upstream: upstream.origin, cacheDir: dir.path, backend: fresh };
  {
    await using app = await startApp(options);
    for (const i of garbage.keys()) {
      upstream.serve(`/${i}`, { body, etag: '"1"' });
      await assertServed(app, body, `/files/${i}`);
    }
    await app.idle();
  }
  for (const [i, [, change]] of garbage.entries()) {
    const path = dir.join(`entries/files/${i}~.json`);
    const entry = JSON.parse(Deno.readTextFileSync(path));
    Deno.writeTextFileSync(path, typeof change === "string" ? change : JSON.stringify(change(entry)));
  }
  await using app = await startApp(options);
  for (const [i, [name]] of garbage.entries()) {
    await t.step(name, async () => {
      for (let j = 0; j < 2; j++) {
        await assertServed(app, body, `/files/${i}`);
        await app.idle();
      }
      assert.equal(upstream.count(`/${i}`), 2);
    });
  }
});

Deno.test("cache directory missing: it is made", async () => {
  const body = new Pattern(10_000);
  await using dir = await createTempDir();
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body });
  await using app = await startApp({ upstream: upstream.origin, cacheDir: dir.join("not/there/yet") });
  await assertServed(app, body);
  await app.idle();
  assert.deepEqual(app.held(), { entries: 1, blobs: 1, staged: 0 });
});

/** Ways in which nothing can be written, for a superuser too. */
const unwritable: readonly [name: string, spoil: (cacheDir: string) => void][] = [
  ["the cache directory is a file", (cacheDir) => replaceByFile(cacheDir)],
  ["the staging folder is a file", (cacheDir) => replaceByFile(`${cacheDir}/staging`)],
  ["the folder of blobs is a file", (cacheDir) => replaceByFile(`${cacheDir}/blobs`)],
  ["the folder of entries is a file", (cacheDir) => replaceByFile(`${cacheDir}/entries`)],
  ["the entry is a folder", (cacheDir) => Deno.mkdirSync(`${cacheDir}/entries/files/a~.json/x`, { recursive: true })],
];

for (const [name, spoil] of unwritable) {
  for (const running of [false, true]) {
    Deno.test(`${name}${running ? ", all of a sudden" : ""}: bodies are passed on, and it is logged and counted`, async () => {
      await using dir = await createTempDir();
      const cacheDir = dir.join("cache");
      await using upstream = startFakeUpstream();
      if (!running) spoil(cacheDir);
      await using app = await startApp({ upstream: upstream.origin, cacheDir });
      if (running) spoil(cacheDir);
      for (const [i, answer] of answersOf(new Pattern(500_000)).entries()) {
        upstream.serve("/a", answer);
        await assertServed(app, new Pattern(500_000));
        await app.idle();
        await app.logged(/^ERROR Not storing files \/a, only passing it on: Cannot \w+/);
        assert.equal(await app.metric("vault_store_failures_total"), i + 1);
      }
      assert.equal(await app.metric("vault_transfers_total", 'outcome="unstored"'), 2);
      const ready = await app.ask("/readyz");
      // What is downloaded goes into the staging folder first: there /readyz looks.
      const broken = name === "the cache directory is a file" || name === "the staging folder is a file";
      assert.equal(ready.status, broken ? 503 : 200, ready.text);
      if (broken) assert.match(ready.text, /^Cannot write to the cache directory: there is a file in its place/);
    });
  }
}

Deno.test("cache full: bodies that have no room are passed on whole, and what is held stays", async () => {
  const body = new Pattern(500_000);
  await using upstream = startFakeUpstream();
  upstream.serve("/small", { body: "small" });
  await using app = await startApp({ upstream: upstream.origin, top: { cache_max_size: "200kB" }, backend: fresh });
  assert.equal((await app.ask("/files/small")).text, "small");
  await app.idle();
  for (const answer of answersOf(body)) {
    upstream.serve("/a", answer);
    const followers = await Promise.all([1, 2, 3].map(() => app.ask("/files/a")));
    for (const { complete, body: bytes } of followers) assert.ok(complete && body.matches(bytes, 0));
    await app.idle();
  }
  await app.logged(/^INFO Not storing files \/a, only passing it on: no room for 500000 bytes/);
  assert.equal(app.held().staged, 0);
  assert.equal(await app.metric("vault_cache_bytes"), app.held().blobs === 0 ? 0 : 5);
});

Deno.test("an upstream that announces much and sends little takes no room from what is held", async () => {
  await using upstream = startFakeUpstream();
  const names = ["a", "b", "c", "d"];
  names.forEach((name, nth) => upstream.serve(`/${name}`, { body: new Pattern(8_000_000 + nth) }));
  upstream.serve("/bait", { body: new Pattern(39_000_000), fault: { kind: "close", afterBytes: 64_000 } });
  await using app = await startApp({ upstream: upstream.origin, top: { cache_max_size: "40MB" }, backend: fresh });
  for (const name of names) assert.equal((await app.ask(`/files/${name}`)).status, 200);
  await app.idle();
  assert.equal((await app.ask("/files/bait")).complete, false);
  await app.idle();
  assert.equal(app.held().blobs, names.length);
});

Deno.test("cache directory deleted while running: nobody gets a wrong byte, and the next body is kept again", async () => {
  const body = new Pattern(500_000);
  await using dir = await createTempDir();
  const cacheDir = dir.join("cache");
  await using upstream = startFakeUpstream();
  for (const path of ["/a", "/b"]) upstream.serve(path, { body, etag: '"1"' });
  const hold = upstream.hold("/b", 250_000);
  await using app = await startApp({
    upstream: upstream.origin,
    cacheDir,
    top: { memory_cache_size: 0 },
    backend: fresh,
  });
  await assertServed(app, body);
  await app.idle();
  const underWay = app.ask("/files/b");
  await hold.reached;
  await Deno.remove(cacheDir, { recursive: true });
  hold.release();
  const answer = await underWay;
  assert.ok(body.matches(answer.body, 0) && (!answer.complete || answer.body.length === body.size));
  await app.idle();
  assert.equal((await app.ask("/readyz")).status, 200);
  await assertServed(app, body);
  await assertServed(app, body, "/files/b");
  await app.idle();
  assert.deepEqual(app.held(), { entries: 2, blobs: 1, staged: 0 });
});

Deno.test("staged file removed while it grows: never a wrong byte, and nothing wrong is kept", async () => {
  for (const size of [500_000, 2 * MiB]) {
    const body = new Pattern(size);
    await using upstream = startFakeUpstream();
    upstream.serve("/a", { body });
    const hold = upstream.hold("/a", size / 2);
    await using app = await startApp({ upstream: upstream.origin, backend: fresh });
    using early = await app.connect();
    await early.request("/files/a");
    await early.readSome(1);
    await hold.reached;
    Deno.removeSync(
      `${app.cacheDir}/staging/${walk(`${app.cacheDir}/staging`).find((path) => path.endsWith(".part"))}`,
    );
    const late = app.ask("/files/a");
    hold.release();
    for (const answer of [await early.answer(), await late]) {
      assert.ok(!answer.complete || (answer.body.length === size && body.matches(answer.body, 0)));
    }
    await app.idle();
    // A client that comes when the first download has ended gets one of its own, which is kept.
    const downloads = upstream.requests.filter(({ method }) => method === "GET").length;
    assert.deepEqual(app.held(), { entries: downloads - 1, blobs: downloads - 1, staged: 0 });
    await assertServed(app, body);
  }
});

const parkedDamages: readonly [name: string, damage: (base: string) => void][] = [
  ["other bytes", (base) => flipByte(`${base}.part`)],
  ["too few bytes", (base) => Deno.truncateSync(`${base}.part`, 1000)],
  ["no bytes at all", (base) => Deno.removeSync(`${base}.part`)],
  ["a record that is garbage", (base) => Deno.writeTextFileSync(`${base}.json`, "{]")],
  ["no record", (base) => Deno.removeSync(`${base}.json`)],
];

Deno.test("staged bytes damaged while they wait to be gone on with: fetched from the beginning", async (t) => {
  const body = new Pattern(1_500_000);
  const cut: Answer = { body, etag: '"1"', fault: { kind: "close", afterBytes: 1_200_000 } };
  await using dir = await createTempDir();
  await using upstream = startFakeUpstream();
  const options = { upstream: upstream.origin, cacheDir: dir.path };
  {
    await using app = await startApp(options);
    for (const [i, [, damage]] of parkedDamages.entries()) {
      const before = stagedBodies(dir.path);
      upstream.serve(`/${i}`, sequence(cut, { status: 404 }));
      assert.ok(!(await app.ask(`/files/${i}`)).complete);
      await app.idle();
      const [staged] = stagedBodies(dir.path).filter((path) => !before.includes(path));
      damage(staged!.slice(0, -".part".length));
    }
  }
  await using app = await startApp(options);
  for (const [i, [name]] of parkedDamages.entries()) {
    await t.step(name, async () => {
      upstream.serve(`/${i}`, { body, etag: '"1"' });
      await assertServed(app, body, `/files/${i}`);
    });
  }
  await app.idle();
  assert.deepEqual(app.held(), { entries: parkedDamages.length, blobs: 1, staged: 0 });
});

/** With its length announced, and without. */
function answersOf(body: Pattern): Answer[] {
  return [{ body }, { body, framing: "chunked" }];
}

async function assertServed(app: AppFixture, body: Pattern, target = "/files/a"): Promise<void> {
  const answer = await app.ask(target);
  const got = [answer.status, answer.complete, answer.body.length];
  assert.deepEqual(got, [200, true, body.size], answer.text.slice(0, 300));
  assert.ok(body.matches(answer.body, 0));
}

function stagedBodies(cacheDir: string): string[] {
  return walk(`${cacheDir}/staging`).filter((name) => name.endsWith(".part")).map((name) =>
    `${cacheDir}/staging/${name}`
  );
}

function onlyBlob({ cacheDir }: AppFixture): string {
  const blobs = listBlobs(cacheDir);
  assert.equal(blobs.length, 1);
  return `${cacheDir}/blobs/sha256/${blobs[0]}`;
}

function replaceByFile(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  }
  Deno.writeTextFileSync(path, "");
}

function flipByte(path: string): void {
  const bytes = Deno.readFileSync(path);
  bytes[5]! ^= 1;
  Deno.writeFileSync(path, bytes);
}
