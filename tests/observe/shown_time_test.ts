import assert from "node:assert/strict";
import { shownDate, shownLength } from "../../src/observe/shown_time.ts";

Deno.test("a time for people has seconds, and says that it is UTC", () => {
  assert.equal(shownDate(Date.UTC(2026, 10, 29, 18, 4, 5, 678)), "2026-11-29 18:04:05 UTC");
  assert.equal(shownDate("2026-11-29T18:04:05.678Z"), "2026-11-29 18:04:05 UTC");
  assert.deepEqual([shownDate(NaN), shownDate("yesterday")], ["unknown", "unknown"]);
});

Deno.test("a length of time is in its largest unit", () => {
  assert.deepEqual([0, 999, 61_000, 3_600_000, 50 * 3_600_000].map(shownLength), ["0 s", "0 s", "1 min", "1 h", "2 d"]);
});
