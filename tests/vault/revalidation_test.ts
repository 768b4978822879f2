import assert from "node:assert/strict";
import { noLog } from "../../src/observe/log.ts";
import { UpstreamHealth } from "../../src/upstream/health.ts";
import { startFakeUpstream } from "../support/fake_upstream.ts";
import { type ArtifactOverrides, VaultFixture } from "../support/vault_fixture.ts";

const decoder = new TextDecoder();
/** Stale as soon as it is stored. */
const always: ArtifactOverrides = { freshness: { kind: "ttl", ttlMs: 0 } };

/** A vault that holds `/a` with the body "one", stale, and is ready to ask again. */
async function holding(
  overrides: ArtifactOverrides = always,
  options: ConstructorParameters<typeof VaultFixture>[0] = {},
) {
  const upstream = startFakeUpstream();
  upstream.serve("/a", { body: "one", etag: '"1"', headers: { "cache-control": "max-age=60" } });
  const cacheDir = await Deno.makeTempDir();
  {
    await using fixture = new VaultFixture({ cacheDir });
    await fixture.read(fixture.artifact(upstream.url("/a")));
    await fixture.settle();
  }
  const fixture = new VaultFixture({ ...options, cacheDir });
  const artifact = fixture.artifact(upstream.url("/a"), overrides);
  return {
    ...{ upstream, fixture, artifact },
    async text() {
      const { opened, bytes } = await fixture.read(artifact);
      return { text: decoder.decode(bytes), status: opened.cacheStatus };
    },
    async [Symbol.asyncDispose]() {
      await fixture[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
      await Deno.remove(cacheDir, { recursive: true });
    },
  };
}

Deno.test("a stale copy is confirmed with a conditional request, and its headers renewed", async () => {
  await using held = await holding({ freshness: { kind: "ttl", ttlMs: 1 } });
  held.upstream.serve("/a", (request) => ({
    ...{ body: "one", etag: '"1"', headers: { "x-new": "yes" } },
    status: request.headers.get("if-none-match") === '"1"' ? 304 : 200,
  }));
  const { text, status } = await held.text();
  assert.equal(text, "one");
  assert.equal(status.fwdStatus, 304);
  const entry = held.fixture.store.find(held.artifact)!;
  assert.equal(new Map(entry.headers).get("x-new"), "yes");
  assert.equal(new Map(entry.headers).get("cache-control"), "max-age=60");
});

Deno.test("50 clients of a stale copy cause one conditional request", async () => {
  await using held = await holding();
  held.upstream.serve("/a", { status: 304 });
  const hold = held.upstream.hold("/a");
  const reads = Array.from({ length: 50 }, () => held.text());
  await hold.reached;
  hold.release();
  for (const { text } of await Promise.all(reads)) assert.equal(text, "one");
  assert.equal(held.upstream.count("/a"), 2);
});

Deno.test("a changed document replaces the stale copy", async () => {
  await using held = await holding();
  held.upstream.serve("/a", { body: "two", etag: '"2"' });
  assert.equal((await held.text()).text, "two");
});

for (const status of [401, 403, 429, 500, 503]) {
  Deno.test(`upstream answers ${status}: the stale copy is served, and upstream left alone for a while`, async () => {
    await using held = await holding();
    held.upstream.serve("/a", { status });
    for (let i = 0; i < 3; i++) {
      const { text, status: cacheStatus } = await held.text();
      assert.equal(text, "one");
      assert.equal(cacheStatus.detail, "stale-if-error");
    }
    assert.equal(held.upstream.count("/a"), 2);
  });
}

Deno.test("upstream is gone: the stale copy is served", async () => {
  await using held = await holding();
  await held.upstream[Symbol.asyncDispose]();
  assert.equal((await held.text()).text, "one");
});

Deno.test("upstream is silent: the stale copy is served after revalidate_timeout", async () => {
  await using held = await holding(always, { vault: { revalidateTimeoutMs: 10 } });
  const hold = held.upstream.hold("/a");
  assert.equal((await held.text()).text, "one");
  await hold.reached;
  assert.equal((await held.text()).text, "one");
  await hold.reached;
  assert.equal(held.upstream.count("/a"), 2);
  hold.release();
});

Deno.test("upstream is silent: the wait is paid once for its host, not for each copy", async () => {
  const health = new UpstreamHealth({ log: noLog, slowMs: 0 });
  await using held = await holding(always, { vault: { revalidateTimeoutMs: 10, health } });
  const { fixture, upstream } = held;
  const hold = upstream.hold("/a");
  await held.text();
  await hold.reached;
  for (const name of ["/b", "/c", "/d"]) {
    upstream.serve(name, { body: name });
    const other = { ...held.artifact, key: name };
    await fixture.store.putEntry({ ...fixture.store.find(held.artifact)!, key: name });
    assert.equal(decoder.decode((await fixture.read(other)).bytes), "one");
  }
  assert.equal(upstream.requests.length, 2);
  hold.release();
});

Deno.test("with a stale copy at hand a failed request is not repeated; without one it is", async () => {
  await using held = await holding();
  const asked: unknown[] = [];
  const candidate = held.artifact.candidates[0]!;
  const watched: typeof candidate = {
    ...candidate,
    fetch(request, options) {
      asked.push(options?.retry);
      return candidate.fetch(request, options);
    },
  };
  held.upstream.serve("/a", { status: 503 });
  await held.fixture.read({ ...held.artifact, candidates: [watched] });
  await held.fixture.open({ ...held.artifact, candidates: [watched] }, { method: "HEAD" });
  await assert.rejects(held.fixture.read({ ...held.artifact, key: "/miss", candidates: [watched] }));
  assert.deepEqual(asked, [false, true]);
});

Deno.test("where any upstream will do, one that is down is passed over at once", async () => {
  await using held = await holding();
  await using other = startFakeUpstream();
  for (const name of ["/b", "/c", "/d", "/e", "/f"]) other.serve(name, { body: name });
  const gone = held.upstream.url("/gone");
  await held.upstream[Symbol.asyncDispose]();
  const { fixture } = held;
  await fixture.read(fixture.artifact([gone, other.url("/b")], { key: "/b" }));
  let asked = 0;
  for (const name of ["/c", "/d", "/e", "/f"]) {
    const [first, second] = fixture.artifact([gone, other.url(name)]).candidates;
    const fetch: typeof fixture.fetch = (request, options) => {
      if (request.method === "GET") asked++;
      return fixture.fetch(request, options);
    };
    const artifact = { ...fixture.artifact(other.url(name)), candidates: [{ ...first!, fetch }, second!] };
    assert.equal(decoder.decode((await fixture.read(artifact)).bytes), name);
  }
  assert.equal(asked, 0);
});

Deno.test("stale_if_error is over: the failure is passed on", async () => {
  await using held = await holding({ ...always, policy: { staleIfErrorMs: 0 } });
  held.upstream.serve("/a", { status: 503 });
  await assert.rejects(held.text(), { code: "upstream_failed" });
});

Deno.test("deleted upstream: a held copy is served with serve_deleted, and else 404 until negative_ttl is over", async () => {
  await using held = await holding();
  held.upstream.serve("/a", { status: 404 });
  assert.equal((await held.text()).text, "one");
  await using strict = await holding({ ...always, policy: { serveDeleted: false } });
  strict.upstream.serve("/a", { status: 410 });
  await assert.rejects(strict.text(), { code: "gone" });
  await assert.rejects(strict.text(), { code: "gone" });
  assert.equal(strict.upstream.count("/a"), 2);
});

Deno.test("a 404 is remembered for negative_ttl", async () => {
  await using upstream = startFakeUpstream();
  await using fixture = new VaultFixture();
  const artifact = fixture.artifact(upstream.url("/none"));
  for (let i = 0; i < 3; i++) await assert.rejects(fixture.open(artifact), { code: "not_found" });
  assert.equal(upstream.count("/none"), 1);
  const forgetful = fixture.artifact(upstream.url("/none2"), { policy: { negativeTtlMs: 0 } });
  for (let i = 0; i < 3; i++) await assert.rejects(fixture.open(forgetful), { code: "not_found" });
  assert.equal(upstream.count("/none2"), 3);
});

Deno.test("candidates are tried in order; an outage is not reported as not found", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/2/a", { body: "two" });
  upstream.serve("/down", { status: 503, headers: { "retry-after": "7" } });
  await using fixture = new VaultFixture();
  const found = await fixture.read(fixture.artifact([upstream.url("/1/a"), upstream.url("/2/a")]));
  assert.equal(decoder.decode(found.bytes), "two");
  const urls = [upstream.url("/1/b"), upstream.url("/down"), upstream.url("/2/b")];
  await assert.rejects(fixture.open(fixture.artifact(urls)), { code: "upstream_failed", retryAfterSeconds: 7 });
});

Deno.test("offline: what is held is served, however stale; the rest is refused; upstream is not asked", async () => {
  await using held = await holding({ ...always, policy: { offline: true } });
  assert.equal((await held.text()).text, "one");
  const other = held.fixture.artifact(held.upstream.url("/b"), { policy: { offline: true } });
  await assert.rejects(held.fixture.open(other), { code: "offline" });
  assert.equal(held.upstream.requests.length, 1);
});

Deno.test("a body that upstream forbids to keep is passed on to one client each, and not kept", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", (_request, nth) => ({ body: `body ${nth}`, headers: { "cache-control": "private" } }));
  await using fixture = new VaultFixture();
  const artifact = fixture.artifact(upstream.url("/a"));
  const hold = upstream.hold("/a");
  const reads = [fixture.read(artifact), fixture.read(artifact)];
  await hold.reached;
  hold.release();
  const texts = (await Promise.all(reads)).map(({ bytes }) => decoder.decode(bytes));
  assert.deepEqual(texts.toSorted(), ["body 0", "body 1"]);
  assert.equal(fixture.store.find(artifact), null);
});

Deno.test("what the upstream varies is kept apart", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", (request) => ({
    body: request.headers.get("accept")!,
    headers: { vary: "Accept", "cache-control": "max-age=60" },
  }));
  await using fixture = new VaultFixture();
  const accepting = (type: string) => fixture.artifact(upstream.url("/a"), { requestHeaders: [["accept", type]] });
  const read = async (type: string) => decoder.decode((await fixture.read(accepting(type))).bytes);
  const hold = upstream.hold("/a");
  const reads = [read("text/html"), read("application/json")];
  await hold.reached;
  hold.release();
  assert.deepEqual(await Promise.all(reads), ["text/html", "application/json"]);
  while (!fixture.store.find(accepting("text/html")) || !fixture.store.find(accepting("application/json"))) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.deepEqual([await read("text/html"), await read("application/json")], ["text/html", "application/json"]);
  assert.equal(upstream.count("/a"), 2);
});

Deno.test("HEAD on a miss asks with HEAD and keeps nothing", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: "one", etag: '"1"' });
  await using fixture = new VaultFixture();
  const artifact = fixture.artifact(upstream.url("/a"));
  const opened = await fixture.open(artifact, { method: "HEAD" });
  opened.close();
  assert.equal(opened.sizeBytes, 3);
  assert.equal(new Map(opened.headers).get("etag"), '"1"');
  assert.deepEqual(upstream.requests.map(({ method }) => method), ["HEAD"]);
  assert.equal(fixture.store.find(artifact), null);
});

const day = "Mon, 01 Jan 2024 00:00:00 GMT";
const conditions: readonly { name: string; headers: Record<string, string>; asks: [etag: boolean, date: boolean] }[] = [
  { name: "an ETag and a date", headers: { etag: '"1"', "last-modified": day, date: day }, asks: [true, true] },
  { name: "a date alone", headers: { "last-modified": day }, asks: [false, true] },
  {
    name: "a date of long before the answer",
    headers: { "last-modified": day, date: "Mon, 01 Jan 2024 00:00:01 GMT" },
    asks: [false, true],
  },
  { name: "a date of the answer's own second", headers: { "last-modified": day, date: day }, asks: [false, false] },
];

for (const { name, headers, asks } of conditions) {
  Deno.test(`what a copy is confirmed by: ${name}`, async () => {
    await using upstream = startFakeUpstream();
    await using fixture = new VaultFixture();
    upstream.serve("/a", { body: "one", headers });
    const artifact = fixture.artifact(upstream.url("/a"), always);
    await fixture.vault.reader.fetch(artifact);
    await fixture.read(artifact);
    const { headers: sent } = upstream.requests[1]!;
    assert.deepEqual([sent.has("if-none-match"), sent.has("if-modified-since")], asks);
  });
}
