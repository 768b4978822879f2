import assert from "node:assert/strict";
import { VaultError } from "../../src/errors.ts";
import { readErrorBody } from "../../src/http/error_body.ts";
import { NegativeCache } from "../../src/vault/asking/negative_cache.ts";

/** A body that sends this, and nothing after it. */
function unending(text: string): Response {
  return new Response(
    new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode(text)) }),
  );
}

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const patienceMs = 1_000_000;

Deno.test("the body of an error is whole up to its limit, and its beginning above", async () => {
  for (const [text, whole] of [["", true], ["123", true], ["1234", true], ["12345", false]] as const) {
    const { bytes, isWhole } = await readErrorBody(new Response(text), { maxBytes: 4, patienceMs });
    assert.deepEqual([textOf(bytes), isWhole], [text.slice(0, 4), whole]);
  }
});

Deno.test("a body that stands still is not waited for, and is not whole", async () => {
  const { bytes, isWhole } = await readErrorBody(unending("begin"), { maxBytes: 100, patienceMs: 0 });
  assert.deepEqual([textOf(bytes), isWhole], ["begin", false]);
});

Deno.test("of a body without end no more is read than wanted; none where nothing is wanted", async () => {
  assert.deepEqual((await readErrorBody(unending("12345"), { maxBytes: 4, patienceMs })).isWhole, false);
  const response = unending("");
  assert.deepEqual((await readErrorBody(response, { maxBytes: 0, patienceMs })).bytes.byteLength, 0);
  assert.ok(response.bodyUsed);
});

Deno.test("errors that are kept for later keep no bodies", () => {
  const refusals = new NegativeCache();
  const answer = { status: 503, headers: [], body: new Uint8Array(1024) };
  refusals.remember("a", new VaultError("upstream_failed", "no", { upstreamStatus: 503, answer }), 1000_000);
  assert.equal(refusals.get("a")!.upstreamStatus, 503);
  assert.equal(refusals.get("a")!.answer, undefined);
});
