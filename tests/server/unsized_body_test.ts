import assert from "node:assert/strict";
import type { Chunk, ChunkReader, OpenedArtifact } from "../../src/vault/vault.ts";
import { mayBeHttp10, sizedIfSmall } from "../../src/server/unsized_body.ts";
import { bytesOf } from "../support/store_fixture.ts";

for (
  const [connection, expected] of [
    [null, false],
    ["close", true],
    ["Close", true],
    ["close, TE", true],
    ["TE,close", true],
    ["keep-alive", false],
    ["", false],
    ["closed", false],
    ["not-close", false],
  ] as const
) {
  Deno.test(`Connection: ${connection} is ${expected ? "" : "no "}reason to take a client for one of HTTP/1.0`, () => {
    assert.equal(mayBeHttp10(new Headers(connection === null ? {} : { connection })), expected);
  });
}

interface Source {
  readonly opened: OpenedArtifact;
  readonly state: { reads: number; releases: number; closed: boolean };
}

/** A body of unknown size. After its chunks it ends, breaks with an error, or hands over nothing more. */
function unsized(chunks: readonly Chunk[], ending: "end" | "silent" | Error = "end"): Source {
  const state = { reads: 0, releases: 0, closed: false };
  const reader: ChunkReader = {
    read() {
      const chunk = chunks[state.reads++];
      if (chunk !== undefined) return Promise.resolve(chunk);
      if (ending === "silent") return new Promise(() => {});
      return ending === "end" ? Promise.resolve(null) : Promise.reject(ending);
    },
    release: () => state.releases++,
    close: () => state.closed = true,
  };
  const opened = {
    ...{ headers: [["etag", '"1"']], sizeBytes: undefined, ageSeconds: 0, cacheStatus: { hit: false }, upstream: "u" },
    ...{ ranges: false, bytes: null, chunks: () => reader, stream: () => assert.fail("not asked for") },
    close: () => assert.fail("its chunks are closed"),
  } as unknown as OpenedArtifact;
  return { opened, state };
}

async function read(chunks: ChunkReader): Promise<Uint8Array> {
  const parts: Chunk[] = [];
  for (let chunk = await chunks.read(); chunk !== null; chunk = await chunks.read()) {
    parts.push(chunk.slice());
    chunks.release();
  }
  return await new Blob(parts).bytes();
}

Deno.test("a small body is put together, and then has a size", async () => {
  for (const sizes of [[], [0], [1], [1000, 0, 2000], [128 * 1024, 128 * 1024]]) {
    const parts = sizes.map((size, i) => bytesOf(`${i}`, size));
    const sized = await sizedIfSmall(unsized(parts).opened);
    const whole = await new Blob(parts).bytes();
    assert.deepEqual([sized.sizeBytes, sized.bytes, sized.headers], [whole.length, whole, [["etag", '"1"']]]);
  }
});

Deno.test("one that breaks off before its first byte was sent rejects, so that the client can be told", async () => {
  const { opened } = unsized([bytesOf("a")], new Error("broken"));
  await assert.rejects(sizedIfSmall(opened), /broken/);
});

Deno.test("a large body is handed on whole, in order, and only what is not kept is released", async () => {
  const parts = ["a", "b", "c", "d"].map((seed) => bytesOf(seed, 100 * 1024));
  const { opened, state } = unsized(parts);
  const sent = await sizedIfSmall(opened);
  assert.deepEqual([sent.sizeBytes, sent.bytes, state.reads], [undefined, null, 3]);
  assert.deepEqual(await read(sent.chunks()), await new Blob(parts).bytes());
  assert.equal(state.releases, 1);
});

Deno.test("a body that takes its time is handed on as far as it has come, and then as it comes", async () => {
  const next = Promise.withResolvers<Chunk | null>();
  const { opened } = unsized([bytesOf("a"), bytesOf("b")]);
  const reader = opened.chunks();
  const { read: readOn } = reader;
  let reads = 0;
  reader.read = () => ++reads === 2 ? next.promise : readOn();
  const sent = await sizedIfSmall(opened, 0);
  assert.equal(sent.sizeBytes, undefined);
  const chunks = sent.chunks();
  assert.deepEqual(await chunks.read(), bytesOf("a"));
  const second = chunks.read();
  next.resolve(bytesOf("x"));
  assert.deepEqual(await second, bytesOf("x"));
  assert.deepEqual(await read(chunks), bytesOf("b"));
});

Deno.test("who closes a body that takes its time closes its source, and nobody hears of its end", async () => {
  const { opened, state } = unsized([], "silent");
  const sent = await sizedIfSmall(opened, 0);
  sent.close();
  assert.ok(state.closed);
});
