import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { formatDigest, gitBlobDigest, Hasher, parseDigest } from "../../src/digest.ts";
import { VaultError } from "../../src/errors.ts";
import { cacheResult } from "../../src/http/cache_status.ts";
import { type HeaderList, headerOf } from "../../src/http/headers.ts";
import type { Answer } from "../support/fake_upstream.ts";
import { startFakeUpstream } from "../support/fake_upstream.ts";
import { waitUntil } from "../support/wait_until.ts";
import { type ArtifactOverrides, byDigest, VaultFixture } from "../support/vault_fixture.ts";

const decoder = new TextDecoder();
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

function digestIn(headers: HeaderList) {
  const text = headerOf(headers, "x-digest");
  return text === undefined ? null : parseDigest(text);
}

/** A name such as an OCI tag, stale as soon as it is stored. */
const name: ArtifactOverrides = {
  freshness: { kind: "ttl", ttlMs: 0 },
  identity: { kind: "announced", digestIn, reuse: "once_confirmed" },
};
const lastingName: ArtifactOverrides = { ...name, freshness: { kind: "ttl", ttlMs: 60_000 } };

/** Content that is asked for by its digest. */
function content(text: string, key: string): ArtifactOverrides {
  const digest = { algorithm: "sha256", hex: sha256(text) } as const;
  return { key, identity: byDigest(digest, "once_confirmed"), freshness: { kind: "immutable" } };
}

function named(body: string, announced = body): Answer {
  return { body, headers: { "x-digest": `sha256:${sha256(announced)}` } };
}

/** What is read is stored before `read` returns. */
function setUp() {
  const upstream = startFakeUpstream();
  let underWay = 0;
  let idle = Promise.withResolvers<void>();
  const events = {
    transferStarted: () => void underWay++,
    transferEnded: () => --underWay === 0 && idle.resolve(),
  };
  const fixture = new VaultFixture({ events });
  return {
    upstream,
    fixture,
    async read(path: string, overrides: ArtifactOverrides) {
      idle = Promise.withResolvers();
      const { bytes, opened } = await fixture.read(fixture.artifact(upstream.url(path), overrides));
      if (underWay > 0) await idle.promise;
      return { text: decoder.decode(bytes), status: opened.cacheStatus, headers: opened.headers };
    },
    async head(path: string, overrides: ArtifactOverrides) {
      idle = Promise.withResolvers();
      const opened = await fixture.open(fixture.artifact(upstream.url(path), overrides), { method: "HEAD" });
      opened.close();
      if (underWay > 0) await idle.promise;
      return opened;
    },
    asked: () => upstream.requests.map(({ method, target }) => `${method} ${target}`),
    async [Symbol.asyncDispose]() {
      await fixture[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

Deno.test("a name is confirmed with HEAD, as long as upstream announces the digest that is held", async () => {
  await using set = setUp();
  set.upstream.serve("/t", named("one"));
  await set.read("/t", name);
  const { text, status } = await set.read("/t", name);
  assert.equal(text, "one");
  assert.deepEqual([status.fwd, status.fwdStatus, cacheResult(status)], ["stale", 200, "revalidated"]);
  assert.deepEqual(set.asked(), ["GET /t", "HEAD /t"]);
});

Deno.test("a name that stands for something new is fetched", async () => {
  await using set = setUp();
  set.upstream.serve("/t", named("one"));
  await set.read("/t", name);
  set.upstream.serve("/t", named("two"));
  assert.equal((await set.read("/t", name)).text, "two");
  assert.deepEqual(set.asked(), ["GET /t", "HEAD /t", "GET /t"]);
});

Deno.test("a name that stands for something new which is held already is not fetched", async () => {
  await using set = setUp();
  set.upstream.serve("/t", named("one"));
  set.upstream.serve("/u", named("two"));
  await set.read("/t", name);
  await set.read("/u", lastingName);
  set.upstream.serve("/t", named("two"));
  assert.equal((await set.read("/t", name)).text, "two");
  assert.deepEqual(set.asked(), ["GET /t", "GET /u", "HEAD /t"]);
});

Deno.test("a name whose upstream announces no digest is confirmed as any document is", async () => {
  await using set = setUp();
  set.upstream.serve("/t", { body: "one", etag: '"1"' });
  await set.read("/t", name);
  set.upstream.serve("/t", (request) => ({
    ...{ body: "one", etag: '"1"' },
    status: request.headers.get("if-none-match") === '"1"' ? 304 : 200,
  }));
  assert.equal((await set.read("/t", name)).status.fwdStatus, 304);
});

Deno.test("an upstream without HEAD is asked with GET", async () => {
  await using set = setUp();
  set.upstream.serve("/t", (request) => request.method === "HEAD" ? { status: 405 } : named("one"));
  await set.read("/t", name);
  assert.equal((await set.read("/t", name)).text, "one");
  assert.deepEqual(set.asked(), ["GET /t", "HEAD /t", "GET /t"]);
});

Deno.test("a body that is not what was announced is never delivered or kept", async () => {
  await using set = setUp();
  set.upstream.serve("/t", named("one", "another"));
  const isMismatch = (error: unknown) => error instanceof VaultError && error.code === "digest_mismatch";
  await assert.rejects(set.read("/t", name), isMismatch);
  set.upstream.serve("/t", named("one"));
  assert.equal((await set.read("/t", name)).text, "one");
});

Deno.test("HEAD on a name is kept: when the body comes by its digest, the name has it, also without upstream", async () => {
  await using set = setUp();
  set.upstream.serve("/t", named("one"));
  set.upstream.serve("/c", { body: "one" });
  const opened = await set.head("/t", lastingName);
  assert.equal(opened.sizeBytes, 3);
  await set.read("/c", content("one", "/c"));
  assert.equal((await set.head("/t", lastingName)).cacheStatus.hit, true);
  assert.equal((await set.read("/t", lastingName)).text, "one");
  assert.deepEqual(set.asked(), ["HEAD /t", "GET /c"]);
  set.upstream.serve("/t", { status: 503 });
  assert.equal((await set.read("/t", name)).status.detail, "stale-if-error");
});

Deno.test("HEAD on a name that stands for something new fetches it, so that a held copy is never lost for a claim", async () => {
  await using set = setUp();
  set.upstream.serve("/t", named("one"));
  await set.read("/t", name);
  set.upstream.serve("/t", named("two!"));
  const opened = await set.head("/t", name);
  assert.equal(opened.sizeBytes, 4);
  set.upstream.serve("/t", { status: 503 });
  assert.equal((await set.read("/t", name)).text, "two!");
});

Deno.test("20 clients that ask with HEAD at once cause one request", async () => {
  await using set = setUp();
  set.upstream.serve("/t", named("one"));
  const hold = set.upstream.hold("/t");
  const asks = Array.from({ length: 20 }, () => set.head("/t", lastingName));
  await hold.reached;
  hold.release();
  for (const opened of await Promise.all(asks)) assert.equal(opened.sizeBytes, 3);
  assert.deepEqual(set.asked(), ["HEAD /t"]);
});

Deno.test("bytes that are held under another key are not fetched again, once upstream has confirmed that it has them", async () => {
  await using set = setUp();
  set.upstream.serve("/a/c", { body: "one" });
  set.upstream.serve("/b/c", { body: "one", headers: { "content-type": "text/b" } });
  await set.read("/a/c", content("one", "/a/c"));
  const { text, headers, status } = await set.read("/b/c", content("one", "/b/c"));
  assert.deepEqual([text, headerOf(headers, "content-type"), status.fwd], ["one", "text/b", "uri-miss"]);
  assert.equal((await set.read("/b/c", content("one", "/b/c"))).status.hit, true);
  assert.deepEqual(set.asked(), ["GET /a/c", "HEAD /b/c"]);
});

Deno.test("bytes that are held are not given out under a key that upstream does not have", async () => {
  await using set = setUp();
  set.upstream.serve("/a/c", { body: "one" });
  await set.read("/a/c", content("one", "/a/c"));
  const isMissing = (error: unknown) => error instanceof VaultError && error.code === "not_found";
  await assert.rejects(set.read("/b/c", content("one", "/b/c")), isMissing);
});

/** A name whose bytes are there by their digest as well. */
const alsoByDigest: ArtifactOverrides = { ...lastingName, document: { keyByDigest: (hex) => `/d/${hex}` } };

function document(text: string): ArtifactOverrides {
  const key = `/d/${sha256(text)}`;
  return { ...content(text, key), document: { keyByDigest: (hex) => `/d/${hex}` } };
}

Deno.test("a document that came under a name is served by its digest without a request", async () => {
  await using set = setUp();
  set.upstream.serve("/t", named("one"));
  await set.read("/t", alsoByDigest);
  const { text, status } = await set.read("/gone", document("one"));
  assert.deepEqual([text, status.hit], ["one", true]);
  assert.deepEqual(set.asked(), ["GET /t"]);
});

Deno.test("a note of an earlier version that bytes are here opens none of them: upstream is asked", async () => {
  await using set = setUp();
  set.upstream.serve("/a/c", { body: "one" });
  await set.read("/a/c", content("one", "/a/c"));
  const { store } = set.fixture;
  const held = store.find({ backend: set.fixture.artifact("http://a.test").backend, key: "/a/c", requestHeaders: [] });
  await store.putEntry({ ...held!, key: "/b/c", claimed: true });
  const isMissing = (error: unknown) => error instanceof VaultError && error.code === "not_found";
  await assert.rejects(set.read("/b/c", content("one", "/b/c")), isMissing);
  await assert.rejects(set.head("/b/c", content("one", "/b/c")), isMissing);
});

const outages = [
  { failover: "refusal", status: 503, next: false },
  { failover: "refusal", status: 429, next: false },
  { failover: "refusal", status: 404, next: true },
  { failover: "refusal", status: 401, next: true },
  { failover: "any_failure", status: 503, next: true },
] as const;

for (const { failover, status, next } of outages) {
  Deno.test(`after ${status}, what moves on after ${failover} ${next ? "asks" : "does not ask"} the next upstream`, async () => {
    await using set = setUp();
    set.upstream.serve("/first", { status });
    set.upstream.serve("/second", { body: "second" });
    const urls = [set.upstream.url("/first"), set.upstream.url("/second")];
    const read = set.fixture.read(set.fixture.artifact(urls, { failover }));
    if (next) assert.equal(decoder.decode((await read).bytes), "second");
    else await assert.rejects(read, (error) => error instanceof VaultError && error.upstreamStatus === status);
    assert.equal(set.upstream.count("/second"), next ? 1 : 0);
  });
}

Deno.test("what upstream says of a digest opens no held bytes, where it is not to be believed", async () => {
  await using set = setUp();
  const stranger: ArtifactOverrides = { ...name, identity: { kind: "announced", digestIn, reuse: "never" } };
  set.upstream.serve("/a/c", { body: "one" });
  set.upstream.serve("/t", (request) => named(request.method === "HEAD" ? "one" : "two"));
  await set.read("/a/c", content("one", "/a/c"));
  const opened = await set.head("/t", stranger);
  assert.equal(headerOf(opened.headers, "x-digest"), `sha256:${sha256("two")}`);
  assert.equal((await set.read("/t", stranger)).text, "two");
  set.upstream.serve("/b/c", { body: "not one" });
  await assert.rejects(set.read("/b/c", {
    ...content("one", "/b/c"),
    identity: byDigest({ algorithm: "sha256", hex: sha256("one") }),
  }));
  assert.deepEqual(set.asked(), ["GET /a/c", "GET /t", "HEAD /t", "GET /t", "GET /b/c"]);
});

Deno.test("held bytes that cannot be read are fetched", async () => {
  await using set = setUp();
  set.upstream.serve("/a/c", { body: "x".repeat(200_000) });
  set.upstream.serve("/b/c", { body: "x".repeat(200_000) });
  await set.read("/a/c", content("x".repeat(200_000), "/a/c"));
  const openBody = set.fixture.store.openBody.bind(set.fixture.store);
  let failures = 0;
  set.fixture.store.openBody = (entry) => entry.key === "/b/c" && failures++ === 0 ? null : openBody(entry);
  assert.equal((await set.read("/b/c", content("x".repeat(200_000), "/b/c"))).text.length, 200_000);
  assert.deepEqual(set.asked(), ["GET /a/c", "HEAD /b/c", "GET /b/c"]);
});

Deno.test("a claim by a slow HEAD does not take the place of a body that came in the meantime", async () => {
  await using set = setUp();
  set.upstream.serve("/t", (request) => named(request.method === "HEAD" ? "one" : "two"));
  const hold = set.upstream.hold("/t");
  const head = set.head("/t", lastingName);
  await hold.reached;
  const read = set.read("/t", lastingName);
  await set.upstream.waitForRequest(2, "/t");
  hold.release();
  await Promise.all([head, read]);
  assert.equal((await set.read("/t", lastingName)).text, "two");
});

const noProof = [
  { name: "is of another size", answer: { body: "<html>please log in</html>" } },
  { name: "is a 403, as of a URL that is signed for GET", answer: { status: 403 } },
];

for (const { name, answer } of noProof) {
  Deno.test(`an answer to HEAD that ${name} opens no held bytes: GET tells`, async () => {
    await using set = setUp();
    set.upstream.serve("/a/c", { body: "one" });
    set.upstream.serve("/b/c", (request) => request.method === "HEAD" ? answer : { body: "one" });
    await set.read("/a/c", content("one", "/a/c"));
    assert.equal((await set.read("/b/c", content("one", "/b/c"))).text, "one");
    assert.deepEqual(set.asked(), ["GET /a/c", "HEAD /b/c", "GET /b/c"]);
  });
}

Deno.test("a name that is confirmed with the bytes of another has them by their digest as well", async () => {
  await using set = setUp();
  set.upstream.serve("/elsewhere", { body: "two" });
  set.upstream.serve("/t", (_, nth) => named(nth === 0 ? "one" : "two"));
  await set.read("/t", { ...alsoByDigest, ...name });
  await set.read("/elsewhere", content("two", "/elsewhere"));
  assert.equal((await set.read("/t", { ...alsoByDigest, ...name })).text, "two");
  assert.equal((await set.read("/gone", document("two"))).status.hit, true);
  assert.deepEqual(set.asked(), ["GET /t", "GET /elsewhere", "HEAD /t"]);
});

Deno.test("a claimed name has its bytes by their digest as well, once it is served", async () => {
  await using set = setUp();
  set.upstream.serve("/t", named("one"));
  set.upstream.serve("/elsewhere", { body: "one" });
  await set.head("/t", alsoByDigest);
  await set.read("/elsewhere", content("one", "/elsewhere"));
  assert.equal((await set.read("/t", alsoByDigest)).status.hit, true);
  assert.equal((await set.read("/gone", document("one"))).status.hit, true);
  assert.deepEqual(set.asked(), ["HEAD /t", "GET /elsewhere"]);
});

Deno.test("bytes that are on their way under other keys are not fetched again, and none wait for their end", async () => {
  await using set = setUp();
  const text = "x".repeat(300_000);
  const keys = Array.from({ length: 10 }, (_, i) => `/${i}/c`);
  for (const key of keys) set.upstream.serve(key, { body: text });
  const hold = set.upstream.hold("/0/c", 200_000);
  const first = set.read("/0/c", content(text, "/0/c"));
  await hold.reached;
  const others = await Promise.all(
    keys.slice(1).map((key) => set.fixture.open(set.fixture.artifact(set.upstream.url(key), content(text, key)))),
  );
  const readers = others.map((opened) => opened.stream().getReader());
  for (const reader of readers) assert.ok((await reader.read()).value!.byteLength > 0, "before upstream is done");
  hold.release();
  for (const reader of readers) for (let end = false; !end;) end = (await reader.read()).done;
  await first;
  const { store } = set.fixture;
  const artifacts = keys.map((key) => set.fixture.artifact(set.upstream.url(key), content(text, key)));
  await waitUntil("it is held under all keys", () => artifacts.every((artifact) => store.find(artifact) !== null));
  for (const key of keys) assert.equal((await set.read(key, content(text, key))).text.length, text.length);
  assert.deepEqual(set.asked().toSorted(), ["GET /0/c", ...keys.slice(1).map((key) => `HEAD ${key}`)].sort());
});

Deno.test("of clients that ask for the same bytes under two keys in the same moment, one has them fetched", async () => {
  await using set = setUp();
  const text = "x".repeat(300_000);
  const keys = ["/a/c", "/b/c"];
  for (const key of keys) set.upstream.serve(key, { body: text });
  const { fixture } = set;
  const read = (key: string) => fixture.read(fixture.artifact(set.upstream.url(key), content(text, key)));
  for (const { bytes } of await Promise.all(keys.map(read))) assert.equal(bytes.byteLength, text.length);
  const isHeld = (key: string) =>
    fixture.store.find(fixture.artifact(set.upstream.url(key), content(text, key))) !== null;
  await waitUntil("it is held under both keys", () => keys.every(isHeld));
  assert.deepEqual(set.asked().toSorted(), ["GET /a/c", "HEAD /b/c"]);
});

Deno.test("bytes that are on their way are not given out under a key that upstream does not have", async () => {
  await using set = setUp();
  const text = "x".repeat(300_000);
  set.upstream.serve("/a/c", { body: text });
  const hold = set.upstream.hold("/a/c", 200_000);
  const first = set.read("/a/c", content(text, "/a/c"));
  await hold.reached;
  const isMissing = (error: unknown) => error instanceof VaultError && error.code === "not_found";
  await assert.rejects(
    set.fixture.open(set.fixture.artifact(set.upstream.url("/b/c"), content(text, "/b/c"))),
    isMissing,
  );
  hold.release();
  await first;
});

Deno.test("who goes on with a broken download of wrong bytes never gets its end", async () => {
  await using set = setUp();
  const text = "x".repeat(300_000);
  set.upstream.serve("/c", { body: `y${text.slice(1)}`, etag: '"1"' });
  const { fixture } = set;
  const opened = await fixture.open(fixture.artifact(set.upstream.url("/c"), content(text, "/c")), {
    range: { kind: "from", first: 100_000 },
  });
  const stream = opened.stream({ start: 100_000, end: 300_000, openEnded: true });
  await assert.rejects(new Response(stream).bytes());
});

Deno.test("digests print as they are read", () => {
  const text = `sha512:${"ab".repeat(64)}`;
  assert.equal(formatDigest(parseDigest(text)), text);
});

Deno.test("git's names of blobs are taken as git takes them, beside other digests", () => {
  for (
    const [text, hex] of [
      ["", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"],
      ["hello\n", "ce013625030ba8dba906f756967f9e9ca394464a"],
    ] as const
  ) {
    const digest = gitBlobDigest(hex, text.length)!;
    const hasher = new Hasher(["sha256", digest.algorithm]);
    for (const character of text) hasher.update(new TextEncoder().encode(character));
    assert.deepEqual(hasher.digests(), { sha256: sha256(text), [digest.algorithm]: hex });
  }
  assert.equal(gitBlobDigest("E69DE29BB2D1D6434B8B29AE775AD8C2E48C5391", 0), null);
  const named = gitBlobDigest("e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", 0)!;
  assert.deepEqual(parseDigest(formatDigest(named)), named);
  for (const text of ["git_blob_:", "git_blob_x:", "git_blob_5"]) {
    assert.throws(() => parseDigest(`${text}${"0".repeat(40)}`), { code: "bad_request" });
  }
});

Deno.test("a body of another size, or with another bit, than git has named is not stored", async () => {
  await using scene = setUp();
  const { upstream, fixture } = scene;
  const identity = byDigest(gitBlobDigest("ce013625030ba8dba906f756967f9e9ca394464a", 6));
  for (const [at, body] of ["hello", "hallo\n", "hello\n"].entries()) {
    upstream.serve("/blob", { body });
    const artifact = fixture.artifact(upstream.url("/blob"), { key: `/${at}`, identity });
    if (body === "hello\n") assert.equal(decoder.decode((await fixture.read(artifact)).bytes), body);
    else await assert.rejects(fixture.read(artifact), { code: "digest_mismatch" });
  }
});
