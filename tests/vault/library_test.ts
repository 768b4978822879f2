import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Artifact, Listing } from "../../src/artifact.ts";
import type { Parser, ReadableBody } from "../../src/document.ts";
import { VaultError } from "../../src/errors.ts";
import { startFakeUpstream } from "../support/fake_upstream.ts";
import { type ArtifactOverrides, byDigest, VaultFixture } from "../support/vault_fixture.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const lasting: ArtifactOverrides = { freshness: { kind: "immutable" } };
const stale: ArtifactOverrides = { freshness: { kind: "ttl", ttlMs: 0 } };

/** Upper case, and how often that was made. */
function upperCase(changes: Partial<Parser<string>> = {}) {
  const counted = { made: 0 };
  const reading: Parser<string> = {
    name: "upper case",
    maxBytes: 100_000,
    async parse(body) {
      counted.made++;
      return new TextDecoder().decode(await body.bytes()).toUpperCase();
    },
    sizeOf: (value) => value.length,
    ...changes,
  };
  return { reading, counted };
}

async function setUp() {
  await using stack = new AsyncDisposableStack();
  const upstream = stack.use(startFakeUpstream());
  const fixture = stack.use(new VaultFixture());
  const { reader } = fixture.vault;
  const owned = stack.move();
  return { upstream, fixture, reader, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

Deno.test("a document is fetched and made sense of once, for all who ask at the same time and for later ones", async () => {
  await using scene = await setUp();
  const { upstream, fixture, reader } = scene;
  upstream.serve("/doc", { body: "abc", headers: { "x-kind": "letters" } });
  const { reading, counted } = upperCase();
  const artifact = fixture.artifact(upstream.url("/doc"), lasting);
  const all = await Promise.all(Array.from({ length: 20 }, () => reader.read(artifact, reading)));
  const later = await reader.read(artifact, reading);
  for (const { value, sha256: digest, headers, source } of [...all, later]) {
    assert.equal(value, "ABC");
    assert.equal(digest, sha256("abc"));
    assert.ok(headers.some(([name, value]) => name === "x-kind" && value === "letters"));
    assert.equal(source.upstream, upstream.url("/doc"));
  }
  assert.equal(later.source.cacheStatus.hit, true);
  assert.deepEqual([upstream.requests.length, counted.made], [1, 1]);
});

Deno.test("what was made is kept by the digest of the document: a confirmed one is not read again, a new one is", async () => {
  await using scene = await setUp();
  const { upstream, fixture, reader } = scene;
  const { reading, counted } = upperCase();
  const artifact = fixture.artifact(upstream.url("/doc"), stale);
  upstream.serve("/doc", { body: "abc", headers: { etag: '"1"' } });
  assert.equal((await reader.read(artifact, reading)).value, "ABC");
  upstream.serve("/doc", { status: 304, headers: { etag: '"1"' } });
  assert.equal((await reader.read(artifact, reading)).value, "ABC");
  assert.equal(counted.made, 1);
  upstream.serve("/doc", { body: "def", headers: { etag: '"2"' } });
  assert.equal((await reader.read(artifact, reading)).value, "DEF");
  assert.equal(counted.made, 2);
});

Deno.test("what is read ahead is made when the body has come, and not again for who wants it", async () => {
  await using scene = await setUp();
  const { upstream, fixture, reader } = scene;
  const { reading, counted } = upperCase();
  const made = Promise.withResolvers<void>();
  const parse: typeof reading.parse = async (body) => {
    const value = await reading.parse(body, () => {});
    made.resolve();
    return value;
  };
  const readAhead = { ...reading, parse };
  upstream.serve("/doc", { body: "abc" });
  const artifact = fixture.artifact(upstream.url("/doc"), { ...lasting, document: { ahead: readAhead } });
  await fixture.read(artifact);
  await made.promise;
  assert.equal((await reader.read(artifact, readAhead)).value, "ABC");
  assert.deepEqual([upstream.requests.length, counted.made], [1, 1]);
});

Deno.test("what cannot be read ahead is served all the same", async () => {
  await using scene = await setUp();
  const { upstream, fixture } = scene;
  const { reading: readAhead } = upperCase({ parse: () => Promise.reject(new Error("no")) });
  upstream.serve("/doc", { body: "abc" });
  const artifact = fixture.artifact(upstream.url("/doc"), { ...lasting, document: { ahead: readAhead } });
  for (let times = 0; times < 2; times++) {
    assert.equal(new TextDecoder().decode((await fixture.read(artifact)).bytes), "abc");
    await fixture.vault.reader.fetch(artifact);
  }
});

const partly: readonly { name: string; parse: (body: ReadableBody) => unknown }[] = [
  { name: "nothing of it", parse: () => "none" },
  { name: "its headers", parse: ({ headers, sizeBytes }) => [headers.length, sizeBytes] },
  {
    name: "its first bytes",
    async parse(body) {
      const reader = body.stream().getReader();
      const { value } = await reader.read();
      await reader.cancel();
      return value?.byteLength;
    },
  },
];

for (const { name, parse } of partly) {
  Deno.test(`a reading may want ${name}: the document is checked and kept all the same`, async () => {
    await using scene = await setUp();
    const { upstream, fixture, reader } = scene;
    const text = "text ".repeat(100_000);
    upstream.serve("/doc", { body: text });
    const reading: Parser<unknown> = { name, maxBytes: 1_000_000, parse, sizeOf: () => 1 };
    const artifact = fixture.artifact(upstream.url("/doc"), lasting);
    assert.equal((await reader.read(artifact, reading)).sha256, sha256(text));
    await reader.fetch(artifact);
    assert.ok(reader.holds(artifact));
    assert.equal(upstream.requests.length, 1);
  });
}

Deno.test("a document with the wrong digest is never made sense of", async () => {
  await using scene = await setUp();
  const { upstream, fixture, reader } = scene;
  upstream.serve("/doc", { body: "wrong ".repeat(100_000) });
  const artifact = fixture.artifact(upstream.url("/doc"), {
    ...lasting,
    identity: byDigest({ algorithm: "sha256", hex: sha256("right") }),
  });
  const readings = [upperCase({ maxBytes: 1e6 }).reading, { ...upperCase().reading, maxBytes: 1e6, parse: () => "" }];
  for (const reading of readings) await assert.rejects(reader.read(artifact, reading), { code: "digest_mismatch" });
  await assert.rejects(reader.fetch(artifact), { code: "digest_mismatch" });
  assert.equal(reader.holds(artifact), false);
});

Deno.test("a document above the limit is refused, whether or not upstream says how large it is", async () => {
  await using scene = await setUp();
  const { upstream, fixture, reader } = scene;
  upstream.serve("/told", { body: "x".repeat(2000) });
  upstream.serve("/untold", { body: "x".repeat(2000), framing: "chunked" });
  const { reading } = upperCase({ maxBytes: 1999 });
  for (const path of ["/told", "/untold"]) {
    const artifact = fixture.artifact(upstream.url(path), lasting);
    for (const isHeld of [false, true]) {
      if (isHeld) await reader.fetch(artifact);
      const read = reader.read(artifact, reading);
      await assert.rejects(
        read,
        (error) => error instanceof VaultError && /larger than 1999 bytes/.test(error.message),
      );
    }
  }
});

Deno.test("a reading that throws is not kept, and leaves nothing open", async () => {
  await using scene = await setUp();
  const { upstream, fixture, reader } = scene;
  upstream.serve("/doc", { body: "x".repeat(500_000) });
  const artifact = fixture.artifact(upstream.url("/doc"), lasting);
  const broken = upperCase({
    maxBytes: 1e6,
    parse() {
      throw new VaultError("upstream_failed", "this is no page");
    },
  });
  await assert.rejects(reader.read(artifact, broken.reading), /this is no page/);
  await reader.fetch(artifact);
  await assert.rejects(reader.read(artifact, broken.reading), /this is no page/);
  assert.equal((await reader.read(artifact, upperCase({ maxBytes: 1e6 }).reading)).value.length, 500_000);
});

Deno.test("a copy has the body and headers of what was fetched a moment ago, and stays what it is", async () => {
  await using scene = await setUp();
  const { upstream, fixture, reader } = scene;
  const { reading } = upperCase();
  upstream.serve("/doc", { body: "one", headers: { "last-modified": "Mon, 01 Jan 2024 00:00:00 GMT" } });
  const latest = fixture.artifact(upstream.url("/doc"), stale);
  const adopted = fixture.artifact(upstream.url("/doc"), { ...lasting, key: "/adopted" });
  await assert.rejects(reader.copy(latest, adopted), { code: "storage_failed" });
  await reader.read(latest, reading);
  await reader.copy(latest, adopted);
  upstream.serve("/doc", { body: "two" });
  assert.equal((await reader.read(latest, reading)).value, "TWO");
  const copy = await reader.read(adopted, reading);
  assert.equal(copy.value, "ONE");
  assert.ok(copy.headers.some(([name]) => name === "last-modified"));
  assert.equal(upstream.requests.length, 2);
});

Deno.test("keys are found by their prefix, also by a vault that has just started", async () => {
  await using scene = await setUp();
  const { upstream, fixture, reader } = scene;
  const paths = ["/;a/InRelease", "/;a/dists/b/Release", "/;ab/x", "/x/;a/InRelease", "/;a"];
  for (const path of paths) {
    upstream.serve(path, { body: path });
    await reader.fetch(fixture.artifact(upstream.url(path), lasting));
  }
  const keysOf = (backend: string) => Array.fromAsync(reader.entries(backend, "/;a/"), ({ key }) => key);
  assert.deepEqual((await keysOf("test")).sort(), ["/;a/InRelease", "/;a/dists/b/Release"]);
  assert.deepEqual(await keysOf("other"), []);
});

Deno.test("a hit needs nothing completed, a miss is what completing made of it", async () => {
  await using scene = await setUp();
  const { upstream, fixture } = scene;
  upstream.serve("/file", { body: "right" });
  let completed = 0;
  const artifact = fixture.artifact(upstream.url("/elsewhere"), lasting);
  const listing: Listing = {
    cachedDigest: () => Promise.resolve(null),
    find() {
      completed++;
      const candidates = [{ ...artifact.candidates[0]!, url: upstream.url("/file") }];
      return Promise.resolve({ candidates, digest: { algorithm: "sha256", hex: sha256("right") } });
    },
  };
  const incomplete: Artifact = { ...artifact, identity: { kind: "listed", listing } };
  await fixture.vault.reader.fetch(incomplete);
  for (let i = 0; i < 2; i++) assert.equal(new TextDecoder().decode((await fixture.read(incomplete)).bytes), "right");
  assert.equal(completed, 1);
  assert.deepEqual(upstream.requests.map(({ target }) => target), ["/file"]);
});

Deno.test("only where a copy came from is asked to confirm it", async () => {
  await using scene = await setUp();
  const { upstream, fixture, reader } = scene;
  const headers = { "last-modified": "Mon, 01 Jan 2024 00:00:00 GMT", etag: '"one"' };
  upstream.serve("/first", { status: 404 });
  upstream.serve("/second", { body: "public", headers });
  const urls = [upstream.url("/first"), upstream.url("/second")];
  const artifact = fixture.artifact(urls, { ...stale, failover: "absence" });
  const read = async () => (await reader.read(artifact, upperCase().reading)).value.toLowerCase();
  assert.equal(await read(), "public");
  upstream.serve("/second", { status: 304, headers });
  assert.equal(await read(), "public");
  const conditional = upstream.requests.map(({ target, headers }) => `${target} ${headers.has("if-none-match")}`);
  assert.deepEqual(conditional, ["/first false", "/second false", "/first false", "/second true"]);
  upstream.serve("/first", { body: "private", headers });
  assert.equal(await read(), "private");
});

Deno.test("what is held of a candidate that has it no more is served, not another's of that name", async () => {
  await using scene = await setUp();
  const { upstream, fixture, reader } = scene;
  upstream.serve("/own", { body: "own" });
  upstream.serve("/public", { body: "stranger" });
  const urls = [upstream.url("/own"), upstream.url("/public")];
  for (const [serveDeleted, expected] of [[true, "OWN"], [false, "STRANGER"]] as const) {
    upstream.serve("/own", { body: "own" });
    const overrides = { ...stale, key: `/${serveDeleted}`, failover: "absence", policy: { serveDeleted } } as const;
    const artifact = fixture.artifact(urls, overrides);
    assert.equal((await reader.read(artifact, upperCase().reading)).value, "OWN");
    upstream.serve("/own", { status: 404 });
    assert.equal((await reader.read(artifact, upperCase().reading)).value, expected);
  }
});

Deno.test("what the check makes of a body that comes is what is read, and so is what it makes along with it", async () => {
  await using scene = await setUp();
  const { upstream, fixture, reader } = scene;
  const { reading: length, counted: lengths } = upperCase({ name: "length" });
  const { reading, counted } = upperCase();
  const checkedBy: typeof reading = {
    ...reading,
    async parse(body, keep) {
      const value = await reading.parse(body, keep);
      keep(length, String(value.length));
      return value;
    },
  };
  upstream.serve("/doc", { body: "abc" });
  const artifact = fixture.artifact(upstream.url("/doc"), { ...lasting, document: { check: checkedBy } });
  assert.equal((await reader.read(artifact, checkedBy)).value, "ABC");
  assert.equal((await reader.read(artifact, length)).value, "3");
  assert.deepEqual([upstream.requests.length, counted.made, lengths.made], [1, 1, 0]);
});

Deno.test("the headers of an artifact are those of upstream, and without a question those of what is held", async () => {
  await using scene = await setUp();
  const { upstream, fixture, reader } = scene;
  upstream.serve("/doc", { body: "abc", headers: { "x-kind": "letters" } });
  const artifact = fixture.artifact(upstream.url("/doc"), lasting);
  const kindOf = async () => (await reader.head(artifact)).find(([name]) => name === "x-kind")?.[1];
  assert.equal(await kindOf(), "letters");
  assert.deepEqual(upstream.requests.map(({ method }) => method), ["HEAD"]);
  assert.equal(reader.holds(artifact), false);
  await reader.fetch(artifact);
  assert.equal(await kindOf(), "letters");
  assert.deepEqual(upstream.requests.map(({ method }) => method), ["HEAD", "GET"]);
  await assert.rejects(reader.head(fixture.artifact(upstream.url("/none"), lasting)), { code: "not_found" });
});
