import assert from "node:assert/strict";
import { partsOf, viewOfXorb, xorbsOf } from "../../../src/backends/huggingface/xet/framing.ts";

const chunk = 128 * 1024;
const xorb = 64 * chunk;

Deno.test("a file is cut into xorbs of 8 MiB, a large one into larger ones of at most 64 MiB", () => {
  const large = 511 * chunk;
  for (
    const [bytes, count] of [
      ...[[1, 1], [chunk, 1], [xorb, 1], [xorb + 1, 2], [3 * xorb, 3], [1024 * xorb, 1024]],
      ...[[1025 * xorb, 1010], [1024 * large, 1024], [3000 * large + 1, 3001]],
    ] as const
  ) {
    assert.equal(xorbsOf(bytes!), count);
    for (let index = 0; index < count!; index++) assert.ok(viewOfXorb(index, bytes!).sizeBytes <= 64 * 1024 * 1024);
  }
});

Deno.test("the parts of any range have its bytes, in order, where the xorbs have them", () => {
  const fileBytes = 2 * xorb + 5 * chunk + 77;
  const edges = [0, 1, chunk - 1, chunk, chunk + 1, xorb - 1, xorb, xorb + 1, 2 * xorb, fileBytes - 1, fileBytes];
  for (const start of edges) {
    for (const end of edges.filter((end) => end > start)) {
      const { skippedBytes, parts } = partsOf({ start, end }, fileBytes);
      let at = start - skippedBytes;
      for (const { index, chunks, bytes, plainBytes } of parts) {
        assert.equal(at, index * xorb + chunks.start * chunk);
        const { body, parts: own } = viewOfXorb(index, fileBytes).over(bytes);
        assert.deepEqual(body, { start: at, end: at + plainBytes });
        const sizes = [...own].map((part) => typeof part === "number" ? part : -part.byteLength);
        assert.equal(sizes.filter((size) => size < 0).length, chunks.end - chunks.start);
        assert.equal(sizes.filter((size) => size > 0).reduce((sum, size) => sum + size, 0), plainBytes);
        at += plainBytes;
      }
      assert.ok(at >= end && at - end < chunk);
    }
  }
});
