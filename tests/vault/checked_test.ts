import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Artifact, Identity } from "../../src/artifact.ts";
import type { Parser } from "../../src/document.ts";
import type { Digest } from "../../src/digest.ts";
import { VaultError } from "../../src/errors.ts";
import { startFakeUpstream } from "../support/fake_upstream.ts";
import { type ArtifactOverrides, VaultFixture } from "../support/vault_fixture.ts";
import { walk } from "../support/walk.ts";

/** Makes something of JSON only. */
const json: Parser<unknown> = {
  name: "json",
  maxBytes: 1000,
  async parse(body) {
    const text = await new Response(body.stream()).text();
    if (!text.startsWith("{")) throw new VaultError("upstream_failed", `Cannot read "${body.url}": ${text}`);
  },
  sizeOf: () => 0,
};
const checked: ArtifactOverrides = { freshness: { kind: "ttl", ttlMs: 0 }, document: { check: json } };
const decoder = new TextDecoder();

async function setUp() {
  await using stack = new AsyncDisposableStack();
  const upstream = stack.use(startFakeUpstream());
  const fixture = stack.use(new VaultFixture());
  const owned = stack.move();
  const artifact = fixture.artifact(upstream.url("/a"), checked);
  return { upstream, fixture, artifact, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function textOf(fixture: VaultFixture, artifact: Artifact): Promise<string> {
  return decoder.decode((await fixture.read(artifact)).bytes);
}

Deno.test("what the check throws at reaches nobody who waits for it, and is not kept", async () => {
  await using scene = await setUp();
  const { upstream, fixture, artifact } = scene;
  upstream.serve("/a", { body: "log in" });
  const asks = await Promise.allSettled(Array.from({ length: 5 }, () => fixture.read(artifact)));
  for (const ask of asks) {
    assert.equal(ask.status, "rejected");
    assert.deepEqual([ask.reason.code, ask.reason.message], [
      "upstream_failed",
      `Cannot read "${upstream.url("/a")}": log in`,
    ]);
  }
  assert.equal(upstream.requests.length, 1);
  await fixture.settle();
  assert.equal(fixture.store.find(artifact), null);
  assert.deepEqual(walk(fixture.cacheDir).filter((path) => /^(staging|blobs)\/.*(?<!\.lock)$/.test(path)), []);
});

Deno.test("a held copy is served in its place, and not asked for again at once", async () => {
  await using scene = await setUp();
  const { upstream, fixture, artifact } = scene;
  upstream.serve("/a", { body: "{}" });
  assert.equal(await textOf(fixture, artifact), "{}");
  await fixture.vault.reader.fetch(artifact);
  upstream.serve("/a", { body: "log in" });
  const asked = upstream.requests.length;
  for (let times = 0; times < 3; times++) {
    const { opened, bytes } = await fixture.read(artifact);
    assert.deepEqual([decoder.decode(bytes), opened.cacheStatus.detail], ["{}", "stale-if-error"]);
  }
  assert.equal(upstream.requests.length, asked + 1);
});

Deno.test("what is larger than the check reads is refused unread", async () => {
  await using scene = await setUp();
  scene.upstream.serve("/a", { body: `{${" ".repeat(1000)}}` });
  await assert.rejects(scene.fixture.read(scene.artifact), /larger than 1000 bytes/);
});

Deno.test("what cannot be kept is passed on unchecked, rather than not at all", async () => {
  await using stack = new AsyncDisposableStack();
  const upstream = stack.use(startFakeUpstream());
  const fixture = stack.use(new VaultFixture({ store: { maxBytes: 1 } }));
  upstream.serve("/a", { body: "log in" });
  assert.equal(await textOf(fixture, fixture.artifact(upstream.url("/a"), checked)), "log in");
});

const sha256 = (text: string): Digest => ({
  algorithm: "sha256",
  hex: createHash("sha256").update(text).digest("hex"),
});

const expectations: readonly { name: string; expected: Digest | null; offline?: boolean; served: string }[] = [
  { name: "of the held bytes", expected: sha256("old"), served: "old" },
  { name: "of other bytes", expected: sha256("new"), served: "new" },
  { name: "that is not known", expected: null, served: "old" },
  { name: "of a kind that is not known of the held bytes", expected: { algorithm: "md5", hex: "0" }, served: "old" },
  { name: "of other bytes, offline", expected: sha256("new"), offline: true, served: "old" },
];

/** What a listing says of a file that may be fetched whatever it says. */
function listed(cachedDigest: () => Promise<Digest | null>): Identity {
  return { kind: "listed", listing: { cachedDigest, find: () => Promise.resolve({ digest: null }) } };
}

Deno.test("a copy is served where nobody can tell what it should be", async () => {
  await using scene = await setUp();
  const { upstream, fixture } = scene;
  const lasting = fixture.artifact(upstream.url("/a"), { freshness: { kind: "immutable" } });
  upstream.serve("/a", { body: "old" });
  await fixture.vault.reader.fetch(lasting);
  const expected = () => Promise.reject(new VaultError("storage_failed", "no"));
  assert.equal(await textOf(fixture, { ...lasting, identity: listed(expected) }), "old");
});

for (const { name, expected, offline = false, served } of expectations) {
  Deno.test(`a copy that never gets old, and an expected digest ${name}`, async () => {
    await using scene = await setUp();
    const { upstream, fixture } = scene;
    const lasting = fixture.artifact(upstream.url("/a"), { freshness: { kind: "immutable" } });
    upstream.serve("/a", { body: "old" });
    await fixture.read(lasting);
    await fixture.vault.reader.fetch(lasting);
    upstream.serve("/a", { body: "new" });
    const policy = { ...lasting.policy, offline };
    assert.equal(
      await textOf(fixture, { ...lasting, policy, identity: listed(() => Promise.resolve(expected)) }),
      served,
    );
  });
}

Deno.test("a copy that was checked against a digest of another kind is replaced where a listing names another one", async () => {
  await using scene = await setUp();
  const { upstream, fixture } = scene;
  const sha512 = (text: string): Digest => ({
    algorithm: "sha512",
    hex: createHash("sha512").update(text).digest("hex"),
  });
  const listedAs = (digest: Digest): Artifact => ({
    ...fixture.artifact(upstream.url("/a"), { freshness: { kind: "immutable" } }),
    identity: {
      kind: "listed",
      listing: { cachedDigest: () => Promise.resolve(digest), find: () => Promise.resolve({ digest }) },
    },
  });
  upstream.serve("/a", { body: "old" });
  await fixture.vault.reader.fetch(listedAs(sha512("old")));
  upstream.serve("/a", { body: "new" });
  assert.equal(await textOf(fixture, listedAs(sha512("old"))), "old");
  assert.equal(await textOf(fixture, listedAs(sha256("old"))), "old", "its SHA-256 is known in any case");
  assert.equal(
    await textOf(fixture, listedAs({ algorithm: "sha1", hex: "0" })),
    "old",
    "of a third kind nothing is known",
  );
  assert.equal(await textOf(fixture, listedAs(sha512("new"))), "new");
  await fixture.vault.reader.fetch(listedAs(sha512("new")));
  await assert.rejects(fixture.read(listedAs(sha512("newer"))), { code: "digest_mismatch" });
});
