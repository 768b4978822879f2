import assert from "node:assert/strict";
import type { RequestCaching } from "../../src/http/request_caching.ts";
import type { OpenOptions } from "../../src/vault/vault.ts";
import { type Answers, startFakeUpstream } from "../support/fake_upstream.ts";
import { type ArtifactOverrides, bytesOf, VaultFixture } from "../support/vault_fixture.ts";

const size = 40_000;
const one = "1".repeat(size);
const two = "2".repeat(size);
const ttl = (ttlMs: number): ArtifactOverrides => ({ freshness: { kind: "ttl", ttlMs } });
const always = ttl(0);
const noCache: RequestCaching = { noCache: true, maxAgeMs: Infinity, minFreshMs: 0, onlyIfCached: false };
const honored: ArtifactOverrides = { ...ttl(60_000), policy: { honorClientNoCache: true } };

/** A vault to which the first half of `/a` has come, as one client has asked for it. */
async function arriving(
  answer: Answers,
  overrides: ArtifactOverrides = always,
  options: ConstructorParameters<typeof VaultFixture>[0] = {},
) {
  const upstream = startFakeUpstream();
  upstream.serve("/a", answer);
  const hold = upstream.hold("/a", size / 2);
  const fixture = new VaultFixture(options);
  const artifact = fixture.artifact(upstream.url("/a"), overrides);
  const first = await fixture.open(artifact);
  await hold.reached;
  return {
    ...{ upstream, fixture, artifact, hold },
    first: bytesOf(first),
    async ask(ask: Partial<OpenOptions> = {}) {
      const opened = await fixture.open(artifact, ask);
      return { status: opened.cacheStatus, bytes: bytesOf(opened) };
    },
    async [Symbol.asyncDispose]() {
      hold.release();
      await fixture[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

const text = async (bytes: Promise<Uint8Array>) => new TextDecoder().decode(await bytes);

/** Answers conditional requests too, as upstreams do. */
function versioned(body: string, etag: string, headers: Record<string, string> = {}): Answers {
  return ({ headers: asked }) => ({
    ...{ body, etag, headers },
    status: asked.get("if-none-match") === etag ? 304 : 200,
  });
}

Deno.test("who asks while an older version is arriving gets the new one, which stays", async () => {
  await using scene = await arriving(versioned(one, '"1"'));
  const { upstream, hold, fixture, artifact } = scene;
  upstream.serve("/a", versioned(two, '"2"'));
  hold.letPass();
  const [second, third] = [await scene.ask(), await scene.ask({ range: { kind: "from", first: 0, last: 9 } })];
  assert.equal(await text(second.bytes), two);
  assert.equal(await text(third.bytes), two);
  hold.release();
  assert.equal(await text(scene.first), one, "who came first has what there was then");
  await fixture.settle();
  assert.equal(new Map(fixture.store.find(artifact)!.headers).get("etag"), '"2"');
  assert.equal(upstream.count("/a", "GET"), 2);
});

Deno.test("an older version is kept where the newer one cannot be had", async () => {
  await using scene = await arriving(versioned(one, '"1"'));
  const { upstream, hold, fixture, artifact } = scene;
  upstream.serve("/a", ({ method }) => method === "HEAD" ? { body: two, etag: '"2"' } : { status: 500 });
  hold.letPass();
  await assert.rejects(scene.ask(), { code: "upstream_failed" });
  hold.release();
  assert.equal(await text(scene.first), one);
  await fixture.settle();
  assert.equal(new Map(fixture.store.find(artifact)!.headers).get("etag"), '"1"');
});

Deno.test("what is still what upstream has is followed, after one question by HEAD for all who ask at once", async () => {
  await using scene = await arriving(versioned(one, '"1"'));
  const others = await Promise.all(Array.from({ length: 20 }, () => scene.ask()));
  scene.hold.release();
  for (const { status, bytes } of others) {
    assert.equal(await text(bytes), one);
    assert.equal(status.collapsed, true);
  }
  assert.equal(scene.upstream.count("/a", "GET"), 1);
  assert.equal(scene.upstream.count("/a", "HEAD"), 1);
});

Deno.test("what has come while upstream was asked about it is served from the store", async () => {
  await using scene = await arriving(versioned(one, '"1"'));
  const { upstream, hold, fixture, artifact } = scene;
  const before = upstream.hold("/a");
  const second = scene.ask();
  await before.reached;
  hold.release();
  assert.equal(await text(scene.first), one);
  while (!fixture.store.find(artifact)) await new Promise((resolve) => setTimeout(resolve, 5));
  before.release();
  assert.equal(await text((await second).bytes), one);
  assert.equal(upstream.count("/a", "GET"), 1);
});

for (
  const [what, headers, overrides, ask, asked] of [
    ["fresh for its ttl", {}, ttl(60_000), {}, 0],
    ["fresh by its headers", { "cache-control": "max-age=60" }, { freshness: { kind: "http" } }, {}, 0],
    ["that may not be used unasked", { "cache-control": "no-cache" }, { freshness: { kind: "http" } }, {}, 1],
    ["for ever", {}, { freshness: { kind: "immutable" } }, {}, 0],
    ["fresh, for one whose no-cache does not count", {}, ttl(60_000), { caching: noCache }, 0],
    ["fresh, for one whose no-cache counts", {}, honored, { caching: noCache }, 1],
  ] as const
) {
  Deno.test(`upstream is asked ${asked} times about a body that arrives ${what}`, async () => {
    await using scene = await arriving(versioned(one, '"1"', headers), overrides);
    const { bytes } = await scene.ask(ask);
    scene.hold.release();
    assert.equal(await text(bytes), one);
    assert.equal(scene.upstream.count("/a", "HEAD"), asked);
    assert.equal(scene.upstream.count("/a", "GET"), 1);
  });
}

Deno.test("once upstream has confirmed it, it is as fresh as if it had just come", async () => {
  await using scene = await arriving(versioned(one, '"1"'), ttl(300));
  await new Promise((resolve) => setTimeout(resolve, 310));
  const others = [await scene.ask(), await scene.ask()];
  scene.hold.release();
  for (const { bytes } of others) assert.equal(await text(bytes), one);
  assert.equal(scene.upstream.count("/a", "HEAD"), 1);
  await scene.fixture.settle();
  const { validatedAt, storedAt } = scene.fixture.store.find(scene.artifact)!;
  assert.ok(validatedAt <= storedAt, "the ttl counts from upstream's word, not from the end of the download");
});

for (const status of [405, 503]) {
  Deno.test(`an upstream that answers ${status} to HEAD: what is arriving is followed where GET says the same`, async () => {
    await using scene = await arriving(versioned(one, '"1"'));
    scene.upstream.serve("/a", (request) => request.method === "HEAD" ? { status } : { status: 304 });
    const { bytes } = await scene.ask();
    scene.hold.release();
    assert.equal(await text(bytes), one);
    assert.equal(await text(scene.first), one);
  });
}

Deno.test("an upstream that is silent about it: what is arriving is followed", async () => {
  await using scene = await arriving(versioned(one, '"1"'), { ...always }, { vault: { revalidateTimeoutMs: 100 } });
  scene.upstream.hold("/a");
  const { bytes } = await scene.ask();
  scene.hold.release();
  assert.equal(await text(bytes), one);
});

Deno.test("without a validator it is fetched anew for a whole, and followed for a part", async () => {
  await using scene = await arriving({ body: one });
  scene.upstream.serve("/a", { body: two });
  const part = await scene.ask({ range: { kind: "from", first: 0, last: 9 } });
  scene.hold.letPass();
  const whole = await scene.ask();
  assert.equal(await text(whole.bytes), two);
  scene.hold.release();
  assert.equal(await text(part.bytes), one);
  assert.equal(scene.upstream.count("/a", "HEAD"), 0);
});

Deno.test("without a validator and a word about how old it may be, one fetch is for all who come", async () => {
  await using scene = await arriving({ body: one }, { freshness: { kind: "http" } });
  const { bytes } = await scene.ask();
  scene.hold.release();
  assert.equal(await text(bytes), one);
  assert.equal(await text(scene.first), one);
  assert.equal(scene.upstream.count("/a"), 1);
});

Deno.test("what upstream has deleted meanwhile is followed, unless what is deleted is not to be served", async () => {
  for (const serveDeleted of [true, false]) {
    await using scene = await arriving(versioned(one, '"1"'), { ...always, policy: { serveDeleted } });
    scene.upstream.serve("/a", { status: 404 });
    const second = scene.ask();
    if (serveDeleted) await second;
    else await assert.rejects(second, { code: "not_found" });
    scene.hold.release();
    if (serveDeleted) assert.equal(await text((await second).bytes), one);
    assert.equal(await text(scene.first), one);
  }
});
