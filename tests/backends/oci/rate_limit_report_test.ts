import assert from "node:assert/strict";
import { createRateLimitReport } from "../../../src/backends/oci/rate_limit_report.ts";
import type { Log } from "../../../src/observe/log.ts";

function recording() {
  const lines: string[] = [];
  const record = (level: string) => (message: string) => void lines.push(`${level} ${message}`);
  const log: Log = {
    debugs: true,
    debug: record("debug"),
    info: record("info"),
    warning: record("warning"),
    error: record("error"),
  };
  const counted: number[] = [];
  const report = createRateLimitReport({ backend: "hub", log, counted: ({ remaining }) => counted.push(remaining) });
  return { lines, counted, report };
}

const levels: [name: string, limit: number | null, remaining: number[], levels: string[]][] = [
  ["a line for each tenth", 100, [100, 99, 91, 90, 89, 81, 80], [
    "info",
    "debug",
    "debug",
    "info",
    "debug",
    "debug",
    "info",
  ]],
  ["a line for each of the last tenth", 100, [11, 10, 10, 9, 8], ["info", "info", "debug", "info", "info"]],
  ["a warning, once, when nothing is left", 100, [1, 0, 0], ["info", "warning", "debug"]],
  ["a line when it has grown again", 100, [0, 100], ["warning", "info"]],
  ["a line for each change of an unknown limit", null, [50, 50, 49], ["info", "debug", "info"]],
];

for (const [name, limit, remaining, expected] of levels) {
  Deno.test(`quota: ${name}`, () => {
    const { lines, counted, report } = recording();
    for (const one of remaining) report({ host: "a.example", limit, remaining: one, windowSeconds: null });
    assert.deepEqual(lines.map((line) => line.split(" ")[0]), expected);
    assert.deepEqual(counted, remaining);
  });
}

Deno.test("quota: each host has its own lines, with what it said", () => {
  const { lines, report } = recording();
  report({ host: "a.example", limit: 200, remaining: 150, windowSeconds: 21_600 });
  report({ host: "b.example", limit: null, remaining: 150, windowSeconds: null });
  assert.deepEqual(lines, [
    'info Quota of "a.example" for backend "hub": 150 of 200 requests left in 21600 s',
    'info Quota of "b.example" for backend "hub": 150 requests left',
  ]);
});
