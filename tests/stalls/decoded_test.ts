// A packed document is unpacked as fast as it is read, without a wait in between: others must have their turns.
import assert from "node:assert/strict";
import { withoutCoding } from "../../src/upstream/decoded.ts";
import { longestStall } from "../support/stall.ts";

const chunks = 1000;

Deno.test("a body that is unpacked at once leaves the event loop its turns", async () => {
  let left = chunks;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (left-- === 0) return controller.close();
      for (const until = performance.now() + 0.3; performance.now() < until;);
      controller.enqueue(new Uint8Array(4096));
    },
  });
  const response = withoutCoding(new Response(body, { headers: { "content-encoding": "gzip" } }));
  let sizeBytes = 0;
  const stalledMs = await longestStall(async () => {
    for await (const chunk of response.body!) sizeBytes += chunk.byteLength;
  });
  assert.equal(sizeBytes, chunks * 4096);
  assert.ok(stalledMs < 100, `${stalledMs} ms of some 300`);
});
