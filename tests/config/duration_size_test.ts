import assert from "node:assert/strict";
import { formatDuration, parseDuration } from "../../src/config/duration.ts";
import { formatSize, parseSize } from "../../src/config/size.ts";

const durations: [input: string | number, ms: number | null][] = [
  [30, 30_000],
  ["30", 30_000],
  ["0", 0],
  ["1.5", 1500],
  ["250ms", 250],
  ["30s", 30_000],
  ["5m", 300_000],
  ["1.5h", 5_400_000],
  ["7d", 604_800_000],
  ["2w", 1_209_600_000],
  [" 5 m ", 300_000],
  ["forever", Infinity],
  ["", null],
  ["abc", null],
  ["-1", null],
  ["5 minutes", null],
  ["1h30m", null],
  ["5M", null],
  [NaN, null],
];

for (const [input, ms] of durations) {
  Deno.test(`duration ${JSON.stringify(input)} is ${ms} ms`, () => assert.equal(parseDuration(input), ms));
}

const sizes: [input: string | number, bytes: number | null][] = [
  [0, 0],
  [1048576, 1048576],
  ["100", 100],
  ["100B", 100],
  ["1KB", 1000],
  ["1KiB", 1024],
  ["512mb", 512_000_000],
  ["1.5GiB", 1_610_612_736],
  ["100GiB", 107_374_182_400],
  ["2 TB", 2_000_000_000_000],
  ["", null],
  ["lots", null],
  ["-1", null],
  ["5iB", null],
  ["5G", null],
  ["9999PiB", null],
];

for (const [input, bytes] of sizes) {
  Deno.test(`size ${JSON.stringify(input)} is ${bytes} bytes`, () => assert.equal(parseSize(input), bytes));
}

Deno.test("durations and sizes are printed as they may be written", () => {
  const shownDurations = [0, 250, 1000, 90_000, 300_000, 5_400_000, 604_800_000, Infinity];
  assert.deepEqual(shownDurations.map(formatDuration), ["0s", "250ms", "1s", "90s", "5m", "90m", "7d", "forever"]);
  for (const ms of shownDurations) assert.equal(parseDuration(formatDuration(ms)), ms);
  const shownSizes = [0, 1500, 65536, 512_000_000, 2 ** 30, 1_000_001];
  assert.deepEqual(shownSizes.map(formatSize), ["0", "1500", "64KiB", "512MB", "1GiB", "1000001"]);
  for (const bytes of shownSizes) assert.equal(parseSize(formatSize(bytes)), bytes);
});
