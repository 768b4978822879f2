import assert from "node:assert/strict";
import type { Artifact } from "../../src/artifact.ts";
import { parseDigest } from "../../src/digest.ts";
import { headerOf } from "../../src/http/headers.ts";
import { sequence, startFakeUpstream } from "../support/fake_upstream.ts";
import { bytesOf as patternOf, sha256Of } from "../support/store_fixture.ts";
import { VaultFixture } from "../support/vault_fixture.ts";

const body = patternOf("file", 3_000_000);
const names = ["x-repo-commit", "x-linked-digest"];

/** A file whose digest and revision only the redirect to it tells, as at the Hugging Face Hub. */
function setUp(digest: string) {
  const upstream = startFakeUpstream();
  const fixture = new VaultFixture();
  const headers = { location: "/cdn/file", "x-repo-commit": "c0ffee", "x-linked-digest": digest };
  upstream.serve("/resolve/file", { status: 302, headers, body: "" });
  const plain = fixture.artifact(upstream.url("/resolve/file"), { freshness: { kind: "immutable" } });
  const artifact: Artifact = {
    ...plain,
    candidates: plain.candidates.map((candidate) => ({ ...candidate, redirectHeaders: names })),
    identity: {
      kind: "announced",
      digestIn: (headers) => parseDigest(headerOf(headers, "x-linked-digest") ?? ""),
      reuse: "never",
    },
  };
  return {
    ...{ upstream, fixture, artifact },
    async [Symbol.asyncDispose]() {
      await fixture[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

Deno.test("headers of the first redirect are stored and sent as the artifact's own, through an interruption", async () => {
  await using scene = setUp(`sha256:${sha256Of(body)}`);
  const { upstream, fixture, artifact } = scene;
  const interrupted = { body, etag: '"cdn"', fault: { kind: "close", afterBytes: 2_000_000 } } as const;
  upstream.serve("/cdn/file", sequence(interrupted, { body, etag: '"cdn"' }));
  const { opened, bytes } = await fixture.read(artifact);
  assert.deepEqual(bytes, body);
  assert.equal(upstream.count("/resolve/file", "GET"), 2, "resumed from where it is redirected");
  assert.equal(headerOf(opened.headers, "x-repo-commit"), "c0ffee");
  await fixture.settle();
  const stored = fixture.store.find(artifact)!;
  assert.equal(headerOf(stored.headers, "x-repo-commit"), "c0ffee");
  assert.equal(headerOf(stored.headers, "etag"), '"cdn"');
});

Deno.test("a digest that the first redirect announces is checked", async () => {
  await using scene = setUp(`sha256:${"0".repeat(64)}`);
  const { upstream, fixture, artifact } = scene;
  upstream.serve("/cdn/file", { body });
  await assert.rejects(fixture.read(artifact), { code: "digest_mismatch" });
  assert.equal(fixture.store.find(artifact), null);
});
