import assert from "node:assert/strict";
import { createRateLimitReport } from "../../../src/backends/opening/rate_limit_report.ts";
import type { Log } from "../../../src/observe/log.ts";

const unnamed = { name: "", resetSeconds: null };

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
    for (const one of remaining) report({ ...unnamed, host: "a.example", limit, remaining: one, windowSeconds: null });
    assert.deepEqual(lines.map((line) => line.split(" ")[0]), expected);
    assert.deepEqual(counted, remaining);
  });
}

Deno.test("quota: each host has its own lines, with what it said", () => {
  const { lines, report } = recording();
  report({ ...unnamed, host: "a.example", limit: 200, remaining: 150, windowSeconds: 21_600 });
  report({ ...unnamed, host: "b.example", limit: null, remaining: 150, windowSeconds: null });
  assert.deepEqual(lines, [
    'info Quota of "a.example" for backend "hub": 150 of 200 requests left in 21600 s',
    'info Quota of "b.example" for backend "hub": 150 requests left',
  ]);
});

Deno.test("quota: of a window of minutes only its end is told of, each limit of a host by its name", () => {
  const { lines, report } = recording();
  const api = { host: "a.example", limit: 100, windowSeconds: 300, name: "api", resetSeconds: 5 };
  for (const remaining of [100, 50, 11, 10, 5, 0, 0, 100]) report({ ...api, remaining });
  report({ ...api, name: 'a"\n', remaining: 1 });
  assert.deepEqual(lines.filter((line) => !line.startsWith("debug")), [
    'info Quota of "a.example" ("api") for backend "hub": 10 of 100 requests left in 300 s',
    'warning Quota of "a.example" ("api") for backend "hub": 0 of 100 requests left in 300 s',
    'info Quota of "a.example" ("api") for backend "hub": 100 of 100 requests left in 300 s',
    'info Quota of "a.example" ("a\\"\\n") for backend "hub": 1 of 100 requests left in 300 s',
  ]);
});

Deno.test("quota: of more than 100 names the first have a line at each change, and the others none", () => {
  const { lines, report } = recording();
  const of = (number: number, remaining: number) =>
    report({ ...unnamed, host: "a.example", name: `n${number}`, limit: 100, remaining, windowSeconds: null });
  for (let number = 0; number < 100; number++) of(number, 100);
  lines.length = 0;
  for (const remaining of [50, 50, 50]) of(7, remaining);
  for (const remaining of [50, 0, 50]) of(100, remaining);
  assert.deepEqual(lines.map((line) => line.split(" ")[0]), ["info", "debug", "debug", "debug", "debug", "debug"]);
});
