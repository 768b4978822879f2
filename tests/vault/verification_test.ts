import assert from "node:assert/strict";
import { VaultError } from "../../src/errors.ts";
import { copyInPlace, flipBit } from "../support/carry.ts";
import { listBlobs } from "../support/cache_dir.ts";
import { startFakeUpstream } from "../support/fake_upstream.ts";
import { maxPatternChunk, Pattern } from "../support/pattern.ts";
import { entryOf, writeStaged } from "../support/store_fixture.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { type ArtifactOverrides, VaultFixture, type VaultFixtureOptions } from "../support/vault_fixture.ts";
import { waitUntil } from "../support/wait_until.ts";

// Bodies that came from elsewhere are compared with their digest once, before the last byte of them is served.

const MiB = 1024 * 1024;
/** Verified before its first byte is served. */
const middling = new Pattern(MiB + 1, 1);
/** Verified while it is served. */
const large = new Pattern(17 * MiB, 2);
const fresh: ArtifactOverrides = { freshness: { kind: "immutable" } };

/** A cache with one body, carried to where a vault opens it; `damage` says which of its bytes has flipped. */
async function carry(body: Pattern, damage: number | null, options: VaultFixtureOptions = {}) {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await createTempDir());
  const upstream = stack.use(startFakeUpstream());
  upstream.serve("/a", { body, etag: '"1"' });
  {
    await using fixture = new VaultFixture({ cacheDir: dir.path });
    const artifact = fixture.artifact(upstream.url("/a"), fresh);
    const staged = await fixture.store.stage(artifact);
    await staged.reserve(body.size);
    for (let at = 0; at < body.size; at += maxPatternChunk) writeStaged(staged, body.chunk(at), at);
    const entry = { url: artifact.candidates[0]!.url, sha256: body.sha256(), sizeBytes: body.size };
    await fixture.store.commit(staged, entryOf(artifact, new Uint8Array(), entry));
  }
  const blob = `${dir.path}/blobs/sha256/${listBlobs(dir.path)[0]}`;
  await copyInPlace(blob);
  if (damage !== null) await flipBit(blob, damage);
  let damaged = 0;
  const events = { bodyDamaged: () => void damaged++ };
  const open = () => new VaultFixture({ ...options, cacheDir: dir.path, events });
  const fixture = stack.use(open());
  const artifact = fixture.artifact(upstream.url("/a"), fresh);
  const owned = stack.move();
  return {
    ...{ upstream, fixture, artifact, open, blob },
    damaged: () => damaged,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

for (const body of [middling, large]) {
  Deno.test(`a carried body of ${body.size} bytes is served whole by many, and upstream is not asked`, async () => {
    await using scene = await carry(body, null);
    const { fixture, artifact, upstream, open } = scene;
    const served = await Promise.all([1, 2, 3].map(() => fixture.readRight(artifact, body)));
    for (const { opened, isRight } of served) assert.ok(opened.cacheStatus.hit && isRight);
    await fixture.settle();
    await fixture.store.close();
    await using again = open();
    const stored = again.store.openBody(again.store.find(artifact)!);
    assert.ok(stored?.kind === "file" && stored.unverified === null, "it is not verified after a restart");
    stored.file.close();
    assert.equal(upstream.count("/a"), 0);
  });
}

Deno.test("a carried body with a flipped bit is fetched again within the request, for all who ask", async () => {
  await using scene = await carry(middling, 77_777);
  const { fixture, artifact, upstream } = scene;
  const served = await Promise.all([1, 2, 3].map(() => fixture.read(artifact)));
  for (const { opened, bytes } of served) {
    assert.ok(!opened.cacheStatus.hit && bytes.length === middling.size && middling.matches(bytes, 0));
  }
  assert.deepEqual([upstream.count("/a"), scene.damaged()], [1, 1]);
  await fixture.settle();
  const { opened, bytes } = await fixture.read(artifact);
  assert.ok(opened.cacheStatus.hit && middling.matches(bytes, 0));
});

Deno.test("a stale carried body with a flipped bit is not served where upstream confirms it", async () => {
  await using scene = await carry(middling, 77_777);
  const { fixture, upstream } = scene;
  const stale = fixture.artifact(upstream.url("/a"), { freshness: { kind: "ttl", ttlMs: 0 } });
  const { bytes } = await fixture.read(stale);
  assert.ok(bytes.length === middling.size && middling.matches(bytes, 0));
});

Deno.test("offline a carried body with a flipped bit is a miss, each time", async () => {
  await using scene = await carry(middling, 77_777, { store: { offline: true } });
  const { fixture, upstream, artifact } = scene;
  const offline = { ...artifact, policy: { ...artifact.policy, offline: true } };
  for (let i = 0; i < 2; i++) {
    await assert.rejects(fixture.read(offline), (error) => error instanceof VaultError && error.code === "offline");
  }
  assert.deepEqual([upstream.count("/a"), scene.damaged()], [0, 1]);
});

for (const [what, range] of [["whole", undefined], ["from a byte on", { start: 1000, openEnded: true }]] as const) {
  Deno.test(`a large carried body with a flipped bit breaks off, ${what}, and the next one gets it whole`, async () => {
    await using scene = await carry(large, 100);
    const { fixture, artifact, upstream } = scene;
    const opened = await fixture.open(artifact);
    assert.ok(opened.cacheStatus.hit, "its first bytes do not wait");
    const chunks = range ? opened.chunks({ ...range, end: large.size }) : opened.chunks();
    let got = 0;
    await assert.rejects(async () => {
      for (let chunk = await chunks.read(); chunk !== null; chunk = await chunks.read()) got += chunk.length;
    }, /damaged/);
    assert.equal(got, large.size - 64 * 1024 - (range?.start ?? 0));
    assert.ok((await fixture.readRight(artifact, large)).isRight);
    assert.deepEqual([upstream.count("/a"), scene.damaged()], [1, 1]);
  });
}

Deno.test("a part from the middle of a large carried body does not wait, and has the whole verified", async () => {
  await using scene = await carry(large, large.size - 1);
  const { fixture, artifact } = scene;
  const opened = await fixture.open(artifact);
  const part = await new Response(opened.stream({ start: 1000, end: 3000 })).bytes();
  assert.ok(part.length === 2000 && large.matches(part, 1000));
  await waitUntil("the damage is found", () => scene.damaged() === 1);
});

Deno.test("who leaves a large carried body early leaves nothing open", async () => {
  await using scene = await carry(large, null);
  const { fixture, artifact } = scene;
  const opened = await fixture.open(artifact);
  const chunks = opened.chunks();
  await chunks.read();
  chunks.close();
  (await fixture.open(artifact)).close();
});

Deno.test("a carried body that cannot be read is fetched again", async () => {
  await using scene = await carry(middling, null);
  const { fixture, artifact, upstream, blob } = scene;
  const { openBody } = fixture.store;
  // It is gone between its opening and its verification.
  fixture.store.openBody = (entry) => {
    const body = openBody.call(fixture.store, entry);
    if (upstream.count("/a") === 0) Deno.removeSync(blob);
    return body;
  };
  const { bytes } = await fixture.read(artifact);
  assert.ok(bytes.length === middling.size && middling.matches(bytes, 0));
  assert.equal(upstream.count("/a"), 1);
});
