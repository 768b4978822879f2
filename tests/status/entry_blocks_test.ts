import assert from "node:assert/strict";
import { EntryBlocks } from "../../src/status/entry_blocks.ts";

const second = 1_700_000_000_000;

Deno.test("entries come out of their blocks as they were put in, to the second", () => {
  const blocks = new EntryBlocks();
  const sha256 = (number: number) => number.toString(16).padStart(64, "a").split("").reverse().join("");
  for (let number = 0; number < 1000; number++) {
    blocks.add({
      ...{ name: `files/${"ä".repeat(number % 3)}${number}`, sizeBytes: number * 2 ** 30, sha256: sha256(number) },
      ...{ storedAt: second + number * 1000 + 999, isUnused: number % 2 === 1 },
      usedAt: number % 3 === 0 ? null : second + number * 2000,
    });
  }
  blocks.add({ name: "files/line\nend", sizeBytes: 1, sha256: sha256(1), storedAt: 0, usedAt: 0, isUnused: true });
  blocks.end();
  assert.equal(blocks.size, 1001);
  for (const number of [0, 1, 255, 256, 257, 511, 512, 999]) {
    const usedAt = number % 3 === 0 ? null : second + number * 2000;
    assert.deepEqual(blocks.at(number), {
      ...{ name: `files/${"ä".repeat(number % 3)}${number}`, backend: "files", sizeBytes: number * 2 ** 30 },
      ...{ storedAt: second + number * 1000, usedAt, isUnused: usedAt !== null && number % 2 === 1 },
    });
    assert.ok(blocks.hasDigest(number, sha256(number)));
    assert.ok(!blocks.hasDigest(number, sha256(number + 1)));
  }
  assert.deepEqual([blocks.at(1000).name, blocks.at(1000).isUnused], ["files/line end", true]);
  const starts = [...blocks.blocks(300)].map(({ start, names }) => [start, names().length]);
  assert.deepEqual(starts, [[256, 256], [512, 256], [768, 233]]);
});
