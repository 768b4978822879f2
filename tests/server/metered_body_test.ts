import assert from "node:assert/strict";
import { type Ending, meteredBody } from "../../src/server/metered_body.ts";

/** Sends chunks of these sizes, then ends or breaks; tells when it was cancelled. */
function source(sizes: number[], error?: Error) {
  const state = { reads: 0, cancelled: undefined as unknown };
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      const size = sizes[state.reads++];
      if (size !== undefined) controller.enqueue(new Uint8Array(size));
      else if (error) controller.error(error);
      else controller.close();
    },
    cancel: (reason) => {
      state.cancelled = reason;
    },
  }, { highWaterMark: 0 });
  return { state, stream };
}

function metered(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
  const endings: { bytes: number; ending: Ending }[] = [];
  return { endings, body: meteredBody(stream, { ended: (bytes, ending) => endings.push({ bytes, ending }) }) };
}

Deno.test("all bytes pass, and the end is told once with their number", async () => {
  const { endings, body } = metered(source([3, 4]).stream);
  assert.equal((await new Response(body).bytes()).byteLength, 7);
  assert.deepEqual(endings, [{ bytes: 7, ending: { kind: "complete" } }]);
});

Deno.test("chunks are passed on as they are", async () => {
  const chunk = new Uint8Array(5);
  const { body } = metered(new ReadableStream({ start: (controller) => controller.enqueue(chunk) }));
  const reader = body.getReader();
  assert.equal((await reader.read()).value, chunk);
  await reader.cancel();
});

Deno.test("nothing is read before it is asked for", async () => {
  const { state, stream } = source([3, 4]);
  const { body } = metered(stream);
  const reader = body.getReader();
  assert.equal(state.reads, 0);
  await reader.read();
  assert.equal(state.reads, 1);
  await reader.cancel();
});

Deno.test("a client that leaves cancels the source; the chunk it had last does not count", async () => {
  const { state, stream } = source([3, 4, 5]);
  const { endings, body } = metered(stream);
  const reader = body.getReader();
  await reader.read();
  await reader.read();
  await reader.cancel("gone");
  assert.equal(state.cancelled, "gone");
  assert.deepEqual(endings, [{ bytes: 3, ending: { kind: "aborted" } }]);
});

Deno.test("a source that breaks breaks the body", async () => {
  const error = new Error("broken");
  const { endings, body } = metered(source([3], error).stream);
  await assert.rejects(new Response(body).bytes(), /broken/);
  assert.deepEqual(endings, [{ bytes: 3, ending: { kind: "failed", error } }]);
});

Deno.test("after the last announced byte the body is at its end, whether or not more is asked for", async () => {
  const { stream } = source([3, 4, 5]);
  const endings: { bytes: number; ending: Ending }[] = [];
  const reader = meteredBody(stream, { sizeBytes: 7, ended: (bytes, ending) => endings.push({ bytes, ending }) })
    .getReader();
  await reader.read();
  await reader.read();
  assert.deepEqual(endings, [{ bytes: 7, ending: { kind: "complete" } }]);
  await reader.cancel();
  assert.equal(endings.length, 1);
});
