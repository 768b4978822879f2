import assert from "node:assert/strict";
import type { ChunkReader } from "../../src/vault/vault.ts";
import { type Ending, meteredBody, meteredBytes } from "../../src/server/metered_body.ts";
import { waitUntil } from "../support/wait_until.ts";

/** Hands over chunks of these sizes, then ends or breaks; tells what was asked of it. */
function source(sizes: number[], error?: Error) {
  const state = { reads: 0, releases: 0, closed: false };
  const chunks: ChunkReader = {
    read() {
      const size = sizes[state.reads++];
      if (size !== undefined) return Promise.resolve(new Uint8Array(size));
      return error ? Promise.reject(error) : Promise.resolve(null);
    },
    release: () => state.releases++,
    close: () => state.closed = true,
  };
  return { state, chunks };
}

function metered(chunks: ChunkReader, sizeBytes?: number) {
  const endings: { bytes: number; ending: Ending }[] = [];
  const ended = (bytes: number, ending: Ending) => endings.push({ bytes, ending });
  return { endings, body: meteredBody(chunks, { sizeBytes, ended }) };
}

Deno.test("all bytes pass, and the end is told once with their number", async () => {
  const { endings, body } = metered(source([3, 4]).chunks);
  assert.equal((await new Response(body).bytes()).byteLength, 7);
  assert.deepEqual(endings, [{ bytes: 7, ending: { kind: "complete" } }]);
});

Deno.test("chunks are passed on as they are", async () => {
  const chunk = new Uint8Array(5);
  const { body } = metered({ ...source([]).chunks, read: () => Promise.resolve(chunk) });
  const reader = body.getReader();
  assert.equal((await reader.read()).value, chunk);
  await reader.cancel();
});

Deno.test("nothing is read before it is asked for", async () => {
  const { state, chunks } = source([3, 4]);
  const { body } = metered(chunks);
  const reader = body.getReader();
  assert.equal(state.reads, 0);
  await reader.read();
  assert.equal(state.reads, 1);
  await reader.cancel();
});

Deno.test("a client that leaves cancels the source; the chunk it had last does not count", async () => {
  const { state, chunks } = source([3, 4, 5]);
  const { endings, body } = metered(chunks);
  const reader = body.getReader();
  await reader.read();
  await reader.read();
  await reader.cancel("gone");
  assert.equal(state.closed, true);
  assert.deepEqual(endings, [{ bytes: 3, ending: { kind: "aborted" } }]);
});

Deno.test("a source that breaks breaks the body", async () => {
  const error = new Error("broken");
  const { endings, body } = metered(source([3], error).chunks);
  await assert.rejects(new Response(body).bytes(), /broken/);
  assert.deepEqual(endings, [{ bytes: 3, ending: { kind: "failed", error } }]);
});

Deno.test("after the last announced byte the body is at its end, whether or not more is asked for", async () => {
  const { state, chunks } = source([3, 4, 5]);
  const { endings, body } = metered(chunks, 7);
  const reader = body.getReader();
  await reader.read();
  await reader.read();
  assert.deepEqual(endings, [{ bytes: 7, ending: { kind: "complete" } }]);
  assert.equal((await reader.read()).done, true);
  assert.deepEqual([endings.length, state.reads, state.closed], [1, 2, false]);
});

Deno.test("after the last announced byte a client that leaves has still got everything", async () => {
  const { state, chunks } = source([3, 4, 5]);
  const { endings, body } = metered(chunks, 7);
  const reader = body.getReader();
  await reader.read();
  await reader.read();
  await reader.cancel();
  assert.deepEqual(endings, [{ bytes: 7, ending: { kind: "complete" } }]);
  assert.equal(state.closed, true);
});

Deno.test("a chunk is released when the next is asked for, the last one too", async () => {
  const { state, chunks } = source([3, 4]);
  const reader = metered(chunks, 7).body.getReader();
  const released: number[] = [];
  for (let done = false; !done; released.push(state.releases)) done = (await reader.read()).done;
  assert.deepEqual(released, [1, 2, 3]);
});

Deno.test("bytes in memory are sent as they are, counted when they are taken, and stay there", async () => {
  const bytes = new Uint8Array([1, 2, 3]);
  const endings: { bytes: number; ending: Ending }[] = [];
  const reader = meteredBytes(bytes, (bytes, ending) => endings.push({ bytes, ending })).getReader();
  assert.equal(endings.length, 0);
  assert.equal((await reader.read()).value, bytes);
  assert.equal((await reader.read()).done, true);
  await reader.cancel();
  assert.deepEqual(endings, [{ bytes: 3, ending: { kind: "complete" } }]);
  assert.deepEqual([...bytes], [1, 2, 3]);
});

Deno.test("a client that leaves before it took the bytes in memory got none", async () => {
  const endings: { bytes: number; ending: Ending }[] = [];
  await meteredBytes(new Uint8Array(3), (bytes, ending) => endings.push({ bytes, ending })).cancel();
  assert.deepEqual(endings, [{ bytes: 0, ending: { kind: "aborted" } }]);
});

Deno.test("a body that breaks off stands still, reported at once, until its client leaves", async () => {
  const { chunks } = source([3], new Error("broken"));
  const endings: Ending[] = [];
  const body = meteredBody(chunks, { ended: (_, ending) => endings.push(ending), silenceMs: 3_600_000 });
  const reader = body.getReader();
  await reader.read();
  const next = reader.read();
  await waitUntil("it is reported", () => endings.length === 1);
  assert.equal(endings[0]!.kind, "failed");
  const state = await Promise.race([next.then(() => "ended", () => "broken"), Promise.resolve("still")]);
  assert.equal(state, "still");
  await reader.cancel();
  assert.deepEqual(await next, { done: true, value: undefined });
  assert.equal(endings.length, 1);
});

Deno.test("a body that has stood still for long enough breaks off", async () => {
  const { chunks } = source([3], new Error("broken"));
  const body = meteredBody(chunks, { ended: () => {}, silenceMs: 1 });
  await assert.rejects(new Response(body).bytes(), /broken/);
});

Deno.test("a metered body tells once how it ended", async () => {
  const endings: string[] = [];
  const source = Promise.withResolvers<null>();
  const asked = Promise.withResolvers<void>();
  const chunks: ChunkReader = {
    read() {
      asked.resolve();
      return source.promise;
    },
    release() {},
    close: () => source.resolve(null),
  };
  const reader = meteredBody(chunks, { ended: (_bytes, { kind }) => endings.push(kind) }).getReader();
  const read = reader.read();
  await asked.promise;
  await reader.cancel();
  await read;
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(endings, ["aborted"]);
});
