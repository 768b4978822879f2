import assert from "node:assert/strict";
import { sortedByRank } from "../../src/status/sliced_sort.ts";
import { createSeededRandom } from "../support/random_file.ts";

Deno.test("numbers are sorted by their ranks, equal ones by themselves, and others get their turn meanwhile", async () => {
  const random = createSeededRandom(3);
  for (const count of [0, 1, 2, 16_384, 16_385, 60_000]) {
    const ranks = Float64Array.from({ length: count }, () => Math.floor(random() * 5000) - 2500);
    const expected = Uint32Array.from({ length: count }, (_, index) => index)
      .sort((a, b) => ranks[a]! - ranks[b]! || a - b);
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    assert.deepEqual(await sortedByRank(ranks), expected, String(count));
    clearInterval(timer);
    if (count === 60_000) assert.ok(turns > 3, `others got ${turns} turns`);
  }
});
