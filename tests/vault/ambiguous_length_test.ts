import assert from "node:assert/strict";
import { parseDigest } from "../../src/digest.ts";
import { type Answer, startFakeUpstream } from "../support/fake_upstream.ts";
import { Pattern } from "../support/pattern.ts";
import { byDigest, VaultFixture } from "../support/vault_fixture.ts";

const body = new Pattern(300_000);

for (const announced of [0, 1000, 400_000]) {
  const answer: Answer = { body, etag: '"1"', framing: "chunked", headers: { "content-length": String(announced) } };

  Deno.test(`chunks and a Content-Length of ${announced}: all of it is passed on, of unknown size, and not stored`, async () => {
    await using upstream = startFakeUpstream();
    upstream.serve("/a", answer);
    await using fixture = new VaultFixture();
    const artifact = fixture.artifact(upstream.url("/a"), { freshness: { kind: "immutable" } });
    const { opened, bytes } = await fixture.read(artifact);
    assert.equal(opened.sizeBytes, undefined);
    assert.ok(bytes.length === body.size && body.matches(bytes, 0));
    await fixture.settle();
    assert.equal(fixture.store.find(artifact), null);
  });

  Deno.test(`chunks and a Content-Length of ${announced}: stored where the digest tells that it is whole`, async () => {
    await using upstream = startFakeUpstream();
    upstream.serve("/a", answer);
    await using fixture = new VaultFixture();
    const artifact = fixture.artifact(upstream.url("/a"), {
      identity: byDigest(parseDigest(`sha256:${body.sha256()}`)),
    });
    const { bytes } = await fixture.read(artifact);
    assert.ok(bytes.length === body.size && body.matches(bytes, 0));
    await fixture.settle();
    assert.equal(fixture.store.find(artifact)?.sizeBytes, body.size);
  });
}

Deno.test("a part whose Content-Length is not its Content-Range's is not used", async () => {
  const large = new Pattern(4 * 1024 * 1024);
  await using upstream = startFakeUpstream();
  upstream.serve("/a", ({ range }) => {
    if (range === null) return { body: large, etag: '"1"', ranges: false };
    const from = Number(/\d+/.exec(range)![0]);
    const contentRange = `bytes ${from}-${from + 999}/${large.size}`;
    return { status: 206, etag: '"1"', headers: { "content-range": contentRange }, body: large.bytes(from + 7) };
  });
  await using fixture = new VaultFixture();
  const start = 3 * 1024 * 1024;
  const opened = await fixture.open(fixture.artifact(upstream.url("/a")), { range: { kind: "from", first: start } });
  const bytes = await new Response(opened.stream({ start, end: large.size })).bytes();
  assert.ok(bytes.length === large.size - start && large.matches(bytes, start));
});

Deno.test("a Content-Length that came twice is understood, and does not upset the count of the cache", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: "hello", headers: { "content-length": "5, 5" } });
  await using fixture = new VaultFixture();
  const { bytes } = await fixture.read(fixture.artifact(upstream.url("/a")));
  assert.equal(new TextDecoder().decode(bytes), "hello");
  await fixture.settle();
  assert.equal(fixture.store.usedBytes(), 5);
});
