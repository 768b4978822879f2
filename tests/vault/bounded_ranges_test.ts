import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Artifact } from "../../src/artifact.ts";
import { type FakeUpstream, startFakeUpstream } from "../support/fake_upstream.ts";
import { Pattern } from "../support/pattern.ts";
import { byDigest, bytesOf, VaultFixture } from "../support/vault_fixture.ts";

const mib = 1024 * 1024;
const body = new Pattern(5 * mib + 3, 8);
const digest = { algorithm: "sha256", hex: body.sha256() } as const;

interface Scene extends AsyncDisposable {
  readonly upstream: FakeUpstream;
  readonly fixture: VaultFixture;
  readonly artifact: Artifact;
  /** The ranges that upstream was asked for. */
  ranges(): (string | null)[];
}

/** An upstream that sends at most 2 MiB at once. */
function setUp(): Scene {
  const upstream = startFakeUpstream();
  const fixture = new VaultFixture({ vault: { rangeAheadBytes: mib } });
  upstream.serve("/file", (request) => {
    const [, first = 0, last = body.size - 1] = /^bytes=(\d+)-(\d+)?$/.exec(request.range ?? "")?.map(Number) ?? [];
    const end = Number.isNaN(last) ? body.size - 1 : last;
    return end - first >= 2 * mib ? { status: 400, body: "too large" } : { body, etag: '"e"' };
  });
  const plain = fixture.artifact(upstream.url("/file"), {
    freshness: { kind: "immutable" },
    identity: byDigest(digest),
  });
  return {
    upstream,
    fixture,
    artifact: { ...plain, candidates: plain.candidates.map((candidate) => ({ ...candidate, mostBytes: 2 * mib })) },
    ranges: () => upstream.requests.map(({ range }) => range),
    async [Symbol.asyncDispose]() {
      await fixture[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

Deno.test("a body larger than upstream sends at once is fetched in ranges, one after the other", async () => {
  await using scene = setUp();
  const { bytes } = await scene.fixture.read(scene.artifact);
  assert.ok(Buffer.compare(bytes, body.bytes()) === 0);
  assert.deepEqual(scene.ranges(), [
    `bytes=0-${2 * mib - 1}`,
    `bytes=${2 * mib}-${4 * mib - 1}`,
    `bytes=${4 * mib}-`,
  ]);
});

Deno.test("a cold range far into the body begins there, and is bounded as well", async () => {
  await using scene = setUp();
  const range = { kind: "from", first: 2 * mib } as const;
  const opened = await scene.fixture.open(scene.artifact, { range });
  const part = await new Response(opened.stream({ start: 2 * mib, end: body.size })).bytes();
  assert.ok(Buffer.compare(part, body.bytes(2 * mib)) === 0);
  await scene.fixture.settle();
  assert.equal(scene.fixture.store.bodySize(digest.hex), body.size);
  assert.equal(scene.ranges()[0], `bytes=${2 * mib}-${4 * mib - 1}`);
});

Deno.test("an upstream that sends all of it in answer to a range, and one that sends another range", async () => {
  await using scene = setUp();
  scene.upstream.serve("/file", { body, ranges: false });
  const opened = await scene.fixture.open(scene.artifact);
  assert.ok(Buffer.compare(await bytesOf(opened), body.bytes()) === 0);
  scene.upstream.serve("/file", {
    status: 206,
    body: "x",
    headers: { "content-range": `bytes 7-7/${body.size}` },
  });
  await assert.rejects(scene.fixture.read({ ...scene.artifact, key: "/other", identity: { kind: "unknown" } }), {
    code: "upstream_failed",
    message: /begins at its first byte/,
  });
});
