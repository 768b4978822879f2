import assert from "node:assert/strict";
import type { BodyView } from "../../src/backend.ts";
import type { ByteRange } from "../../src/http/range.ts";
import { openView, rangeBehind } from "../../src/server/body_view.ts";
import { Interleaved } from "../../src/server/interleaved.ts";
import { MemoryChunks } from "../../src/vault/streams/chunks.ts";
import type { ChunkReader, OpenedArtifact } from "../../src/vault/vault.ts";

const body = new TextEncoder().encode("abcdefgh");
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Two bytes of the body behind each dash. */
const view: BodyView = {
  bodyBytes: 8,
  sizeBytes: 12,
  over: ({ start, end }) => {
    const before = (offset: number) => Math.floor(offset / 3) * 2 + Math.max(0, offset % 3 - 1);
    const parts = Array.from(
      { length: end - start },
      (_, at) => (start + at) % 3 === 0 ? new TextEncoder().encode("-") : 1,
    );
    return { body: { start: before(start), end: before(end) }, parts };
  },
};

function opened(sizeBytes = 8) {
  const asked: ByteRange[] = [];
  let closed = 0;
  const artifact = {
    ...{ headers: [], sizeBytes, ageSeconds: 0, cacheStatus: { hit: true }, upstream: "u", ranges: true, bytes: body },
    chunks: (...ranges: ByteRange[]) => {
      asked.push(...ranges);
      const [{ start, end }] = ranges as [ByteRange];
      return new MemoryChunks(body.subarray(start, end));
    },
    stream: () => assert.fail("not asked for"),
    close: () => closed++,
  } as unknown as OpenedArtifact;
  return { artifact, asked, closed: () => closed };
}

async function read(chunks: ChunkReader): Promise<string> {
  let all = "";
  for (let chunk = await chunks.read(); chunk !== null; chunk = await chunks.read()) all += text(chunk);
  return all;
}

Deno.test("a view is the same whole and in any range", async () => {
  const whole = "-ab-cd-ef-gh";
  assert.equal(await read(openView(opened().artifact, view).chunks()), whole);
  for (let start = 0; start < 12; start++) {
    for (let end = start + 1; end <= 12; end++) {
      const source = opened();
      assert.equal(await read(openView(source.artifact, view).chunks({ start, end })), whole.slice(start, end));
      // Nothing of the body is wanted where only a dash is.
      assert.equal(source.asked.length + source.closed(), 1);
      for (const range of source.asked) assert.equal(range.openEnded, true, "what is not checked yet is held back");
    }
  }
});

Deno.test("a view of a body of another size is refused, and the body closed", () => {
  const source = opened(9);
  assert.throws(() => openView(source.artifact, view), { code: "upstream_changed" });
  assert.equal(source.closed(), 1);
});

Deno.test("a range of a view is one of its body, for the vault to begin there", () => {
  assert.deepEqual(rangeBehind({ kind: "from", first: 4, last: 7 }, view), { kind: "from", first: 2, last: 4 });
  assert.deepEqual(rangeBehind({ kind: "suffix", length: 2 }, view), { kind: "from", first: 6, last: 7 });
  assert.equal(rangeBehind({ kind: "from", first: 3, last: 3 }, view), undefined);
  assert.equal(rangeBehind({ kind: "from", first: 12 }, view), undefined);
});

Deno.test("a source that ends too early is an error, and own bytes need none", async () => {
  await assert.rejects(read(new Interleaved(new MemoryChunks(body.subarray(0, 3)), [4])), /ended/);
  assert.equal(await read(new Interleaved(new MemoryChunks(body), [new TextEncoder().encode("x"), 0])), "x");
});

Deno.test("the source is closed before the last bytes are handed over: nobody reads on after them", async () => {
  for (const parts of [[new TextEncoder().encode("x"), 2], [2, new TextEncoder().encode("x")]]) {
    let closed = false;
    const source: ChunkReader = {
      read: () => Promise.resolve(closed ? null : body.slice(0, 2)),
      release() {},
      close: () => void (closed = true),
    };
    const reader = new Interleaved(source, parts);
    await reader.read();
    assert.equal(closed, false);
    await reader.read();
    assert.equal(closed, true);
  }
});
