import assert from "node:assert/strict";
import { NumberColumn } from "../../src/store/number_column.ts";

Deno.test("a column has the numbers that were set, whatever they are, and 0 elsewhere", () => {
  const column = new NumberColumn();
  const numbers = new Map([
    [0, 1],
    [4, 255],
    [5, 2 ** 32 - 1],
    [6, 2 ** 32],
    [16_383, -1],
    [16_384, 7],
    [33_000, 255],
    [33_001, 256],
    [40_000, 0.5],
    [40_001, Infinity],
    [90_000, Number.MAX_SAFE_INTEGER],
  ]);
  for (const [index, number] of numbers) column.set(index, number);
  for (const [index, number] of numbers) assert.equal(column.get(index), number);
  for (const index of [1, 16_385, 50_000, 90_001, 1_000_000]) assert.equal(column.get(index), 0);
  column.set(0, 3);
  column.set(90_000, 4);
  assert.deepEqual([column.get(0), column.get(90_000)], [3, 4]);
});
