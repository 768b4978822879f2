import type { Listing } from "../../src/artifact.ts";
import assert from "node:assert/strict";
import { noEvents } from "../../src/observe/events.ts";
import { noLog } from "../../src/observe/log.ts";
import { Turn, type TurnOptions, Turns, type TurnsOptions } from "../../src/vault/asking/turn.ts";
import { FakeNow } from "../support/fake_now.ts";
import { startFakeUpstream } from "../support/fake_upstream.ts";
import { Pattern } from "../support/pattern.ts";
import { bytesOf, VaultFixture, type VaultFixtureOptions } from "../support/vault_fixture.ts";
import { waitUntil } from "../support/wait_until.ts";

const MiB = 1024 * 1024;
const decoder = new TextDecoder();
const large = new Pattern(4 * MiB);

/** A vault that takes so many large bodies at once from a host, and counts those that wait. */
function limited(most: number, options: VaultFixtureOptions = {}) {
  const waiting = { now: 0 };
  const events = { turnAwaited: () => void waiting.now++, turnCame: () => void waiting.now-- };
  const fixture = new VaultFixture({ ...options, events, vault: { maxTransfersOf: () => most } });
  return { fixture, waiting };
}

Deno.test("large bodies of one host wait their turn, whatever backend they are for; documents and HEAD do not", async () => {
  await using upstream = startFakeUpstream();
  await using other = startFakeUpstream();
  const names = ["/a", "/b", "/c", "/d"];
  for (const name of names) upstream.serve(name, { body: large, etag: `"${name}"` });
  other.serve("/e", { body: large, etag: '"e"' });
  upstream.serve("/doc", { body: "a document" });
  const holds = names.map((name) => upstream.hold(name, 2 * MiB));
  const { fixture, waiting } = limited(2);
  await using _ = fixture;
  const read = (url: string, backend = "test") => fixture.read(fixture.artifact(url, { backend }));
  const first = [read(upstream.url("/a")), read(upstream.url("/b"))];
  await Promise.all([holds[0]!.reached, holds[1]!.reached]);
  const second = [read(upstream.url("/c")), read(upstream.url("/d"), "another")];
  await waitUntil("two wait", () => waiting.now === 2);

  assert.equal(decoder.decode((await read(upstream.url("/doc"))).bytes), "a document");
  (await fixture.open(fixture.artifact(upstream.url("/a"), { key: "/head" }), { method: "HEAD" })).close();
  assert.ok(large.matches((await read(other.url("/e"))).bytes, 0));
  assert.equal(waiting.now, 2);

  for (const hold of holds) hold.release();
  for (const { bytes } of await Promise.all([...first, ...second])) {
    assert.ok(bytes.length === large.size && large.matches(bytes, 0));
  }
  assert.equal(waiting.now, 0);
});

Deno.test("who has no answer yet takes no place from those who have", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/silent", { body: large });
  upstream.serve("/a", { body: large });
  const silent = upstream.hold("/silent");
  const { fixture } = limited(1);
  await using _ = fixture;
  const waiting = fixture.read(fixture.artifact(upstream.url("/silent")));
  await silent.reached;
  assert.ok(large.matches((await fixture.read(fixture.artifact(upstream.url("/a")))).bytes, 0));
  silent.release();
  await waiting;
});

Deno.test("a body of unknown size waits as soon as it is large, and goes on where it stood", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: large, etag: '"a"' });
  upstream.serve("/b", { body: large, framing: "chunked" });
  const hold = upstream.hold("/a", 2 * MiB);
  const { fixture, waiting } = limited(1);
  await using _ = fixture;
  const reads = [fixture.read(fixture.artifact(upstream.url("/a")))];
  await hold.reached;
  reads.push(fixture.read(fixture.artifact(upstream.url("/b"))));
  await waitUntil("one waits", () => waiting.now === 1);
  hold.release();
  for (const { bytes } of await Promise.all(reads)) assert.ok(bytes.length === large.size && large.matches(bytes, 0));
  assert.equal(upstream.count("/b"), 1);
});

Deno.test("a body that nobody follows lets the one go first that somebody wants, and is finished afterwards", async () => {
  await using upstream = startFakeUpstream();
  for (const name of ["/a", "/b"]) upstream.serve(name, { body: large, etag: `"${name}"` });
  const early = upstream.hold("/a", MiB);
  const late = upstream.hold("/a", 3 * MiB);
  const { fixture, waiting } = limited(1);
  await using _ = fixture;
  const abandoned = fixture.artifact(upstream.url("/a"));
  const opened = await fixture.open(abandoned);
  await early.reached;
  opened.close();
  const wanted = fixture.read(fixture.artifact(upstream.url("/b")));
  await waitUntil("it waits", () => waiting.now === 1);
  early.release();
  assert.ok(large.matches((await wanted).bytes, 0));
  assert.equal(fixture.store.find(abandoned), null);
  late.release();
  await fixture.vault.reader.fetch(abandoned);
  assert.equal(upstream.count("/a", "GET"), 1);
});

Deno.test("what is fetched ahead lets a client's download go first, and is finished afterwards", async () => {
  await using upstream = startFakeUpstream();
  for (const name of ["/ahead", "/wanted"]) upstream.serve(name, { body: large, etag: `"${name}"` });
  const hold = upstream.hold("/ahead", MiB);
  const late = upstream.hold("/ahead", 3 * MiB);
  const { fixture, waiting } = limited(1);
  await using _ = fixture;
  const lasting = { freshness: { kind: "immutable" }, policy: { abandonedTransfer: "stop" } } as const;
  const ahead = fixture.artifact(upstream.url("/ahead"), lasting);
  const fetched = fixture.vault.reader.fetchAhead(ahead);
  await hold.reached;
  const wanted = fixture.read(fixture.artifact(upstream.url("/wanted")));
  await waitUntil("it waits", () => waiting.now === 1);
  hold.release();
  assert.ok(large.matches((await wanted).bytes, 0));
  assert.equal(fixture.store.find(ahead), null);
  late.release();
  await fetched;
  assert.ok(fixture.vault.reader.holds(ahead));
  await fixture.vault.reader.fetchAhead(ahead);
  assert.equal(upstream.count("/ahead", "GET"), 1);
});

Deno.test("what is fetched ahead and cannot be kept is told", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: large });
  await using fixture = new VaultFixture({ store: { maxBytes: 1 } });
  await assert.rejects(fixture.vault.reader.fetchAhead(fixture.artifact(upstream.url("/a"))), {
    code: "storage_failed",
  });
});

Deno.test("a staged body that has to wait is resumed, not fetched anew", async () => {
  await using upstream = startFakeUpstream();
  const body = new Pattern(8 * MiB);
  upstream.serve("/a", { body, etag: '"a"' });
  upstream.serve("/b", { body: large, etag: '"b"' });
  const half = upstream.hold("/a", 4 * MiB);
  const { fixture, waiting } = limited(1);
  await using _ = fixture;
  const artifact = fixture.artifact(upstream.url("/a"), { policy: { abandonedTransfer: "stop" } });
  const reader = (await fixture.open(artifact)).stream().getReader();
  for (let read = 0; read < 4 * MiB;) read += (await reader.read()).value!.length;
  await reader.cancel();
  await waitUntil("its bytes are parked, and its place is free", () => fixture.vault.status().length === 0);
  const hold = upstream.hold("/b", 2 * MiB);
  const other = fixture.read(fixture.artifact(upstream.url("/b")));
  await hold.reached;
  const again = fixture.read(artifact);
  await waitUntil("it waits", () => waiting.now === 1);
  hold.release();
  half.release();
  assert.ok(body.matches((await again).bytes, 0));
  await other;
  const ranges = upstream.requests.filter(({ target }) => target === "/a").map(({ range }) => range !== null);
  assert.deepEqual(ranges, [false, true, true]);
});

/** A turn of its own, at a host with one place. */
function turnOf(turns: Turns, options: Partial<TurnOptions> = {}): Turn {
  const { signal } = new AbortController();
  const url = "https://up.test/a";
  return new Turn(turns, { backend: "test", url, signal, isFollowed: () => true, giveUp() {}, ...options });
}

function turnsOf(options: Partial<TurnsOptions> = {}): Turns {
  return new Turns({ limitOf: () => 1, events: noEvents, log: noLog, ...options });
}

Deno.test("the wait is bounded, and said in the log once", async () => {
  const lines: string[] = [];
  const log = { ...noLog, info: (line: string) => void lines.push(line) };
  const turns = turnsOf({ longestWaitMs: 1, log });
  const holder = turnOf(turns);
  assert.ok(holder.takeBody());
  for (let i = 0; i < 2; i++) {
    await assert.rejects(turnOf(turns).waitForBody(), { code: "overloaded", retryAfterSeconds: 30 });
  }
  assert.deepEqual(lines, [
    "https://up.test is busy: 1 downloads wait their turn, 1 at once (max_transfers)",
  ]);
  holder.release();
  await turnOf(turns).waitForBody();
});

Deno.test("who waits for somebody comes before who waits for nobody", async () => {
  const turns = turnsOf();
  const holder = turnOf(turns);
  holder.takeBody();
  const order: string[] = [];
  const idle = turnOf(turns, { isFollowed: () => false });
  const wanted = turnOf(turns);
  const came = [
    idle.waitForBody().then(() => void order.push("idle")),
    wanted.waitForBody().then(() => {
      order.push("wanted");
      wanted.release();
    }),
  ];
  holder.release();
  await Promise.all(came);
  assert.deepEqual(order, ["wanted", "idle"]);
  assert.ok(!turnOf(turns).takeBody());
  idle.release();
  assert.ok(turnOf(turns).takeBody());
});

Deno.test("who leaves the queue frees nothing and blocks nobody", async () => {
  const turns = turnsOf();
  const holder = turnOf(turns);
  holder.takeBody();
  const leaving = new AbortController();
  const left = turnOf(turns, { signal: leaving.signal }).waitForBody();
  const next = turnOf(turns).waitForBody();
  leaving.abort(new Error("left"));
  await assert.rejects(left, /left/);
  holder.release();
  await next;
});

Deno.test("a body that nobody follows must come faster than 1 KiB/s; one that is followed may drip", () => {
  using now = new FakeNow();
  for (const [isFollowed, perMinute, givenUp] of [[false, 30_000, 1], [false, 90_000, 0], [true, 1, 0]] as const) {
    let reasons = 0;
    const turn = turnOf(turnsOf(), { isFollowed: () => isFollowed, giveUp: () => void reasons++ });
    turn.takeBody();
    turn.proceed(1);
    now.advance(60_000);
    turn.proceed(1 + perMinute);
    assert.equal(reasons, givenUp);
  }
});

Deno.test("requests have a limit of their own, wide enough for documents", async () => {
  const turns = turnsOf();
  const { signal } = new AbortController();
  const ask = () => turns.request({ backend: "test", url: "https://up.test/", signal });
  const releases = await Promise.all(Array.from({ length: 16 }, ask));
  let came = false;
  const next = ask().then(() => came = true);
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(came, false);
  releases[0]!();
  await next;
});

Deno.test("a client that left before the answer does not count as one who waits", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: large, etag: '"a"' });
  const hold = upstream.hold("/a");
  const ended = Promise.withResolvers<string>();
  await using fixture = new VaultFixture({ events: { transferEnded: (_backend, outcome) => ended.resolve(outcome) } });
  const leaving = new AbortController();
  const artifact = fixture.artifact(upstream.url("/a"), { policy: { abandonedTransfer: "stop" } });
  const opened = fixture.open(artifact, { signal: leaving.signal });
  await hold.reached;
  leaving.abort();
  await assert.rejects(opened, /client has gone/);
  hold.release();
  assert.equal(await ended.promise, "stopped");
});

Deno.test("what others have fetched while a listing was read is not fetched again", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: "one", etag: '"1"', headers: { "cache-control": "max-age=60" } });
  await using fixture = new VaultFixture();
  const artifact = fixture.artifact(upstream.url("/a"));
  const listing: Listing = {
    cachedDigest: () => Promise.resolve(null),
    find: async () => {
      await fixture.vault.reader.fetch(artifact);
      return { digest: null };
    },
  };
  const listed = { ...artifact, identity: { kind: "listed", listing } } as const;
  assert.equal(decoder.decode((await fixture.read(listed)).bytes), "one");
  assert.equal(upstream.count("/a"), 1);
});

for (const method of ["GET", "HEAD"] as const) {
  Deno.test(`${method}: a copy that is confirmed and whose body has just gone is fetched without conditions`, async () => {
    await using upstream = startFakeUpstream();
    upstream.serve("/a", { body: new Pattern(300_000), etag: '"1"' });
    await using fixture = new VaultFixture();
    const artifact = fixture.artifact(upstream.url("/a"), { freshness: { kind: "ttl", ttlMs: 0 } });
    await fixture.vault.reader.fetch(artifact);
    const hold = upstream.hold("/a");
    const opening = fixture.open(artifact, { method });
    await hold.reached;
    await Deno.remove(`${fixture.cacheDir}/blobs`, { recursive: true });
    hold.release();
    const opened = await opening;
    assert.equal(opened.sizeBytes, 300_000);
    if (method === "GET") assert.equal((await bytesOf(opened)).length, 300_000);
    opened.close();
    const conditional = upstream.requests.map(({ headers }) => headers.has("if-none-match"));
    assert.deepEqual(conditional, [false, true, false]);
  });
}

Deno.test("requests wait no longer than downloads, and it is said and counted as well", async () => {
  const lines: string[] = [];
  const log = { ...noLog, info: (line: string) => void lines.push(line) };
  const waiting = { now: 0, most: 0 };
  const events = {
    ...noEvents,
    turnAwaited: () => void (waiting.most = Math.max(waiting.most, ++waiting.now)),
    turnCame: () => void waiting.now--,
  };
  const turns = turnsOf({ longestWaitMs: 1, log, events });
  const holders = Array.from({ length: 16 }, () => turnOf(turns));
  for (const holder of holders) await holder.ask();
  await assert.rejects(turnOf(turns).ask(), { code: "overloaded", retryAfterSeconds: 30 });
  assert.deepEqual(lines, ["https://up.test is busy: 1 requests wait their turn, 16 at once (max_transfers)"]);
  assert.deepEqual(waiting, { now: 0, most: 1 });
  holders[0]!.release();
  await turnOf(turns).ask();
});

Deno.test("small bodies that drip for long let requests go first that wait for them", async () => {
  using now = new FakeNow();
  const turns = turnsOf();
  const dripping = Array.from({ length: 16 }, () => turnOf(turns));
  for (const turn of dripping) await turn.ask();
  const document = turnOf(turns);
  const asked = document.ask();
  assert.ok(dripping.every((turn) => turn.proceed(1) === null), "they may be quick yet");
  now.advance(10_001);
  assert.equal(dripping[0]!.proceed(2), null, "a place among the large bodies is free");
  await asked;
  const next = turnOf(turns).ask();
  const paused = dripping[1]!.proceed(2);
  assert.notEqual(paused, null);
  await next;
  dripping[0]!.release();
  await paused;
});
