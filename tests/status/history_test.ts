import assert from "node:assert/strict";
import { noLog } from "../../src/observe/log.ts";
import { noTraffic, type Traffic } from "../../src/observe/traffic.ts";
import { History } from "../../src/status/history.ts";
import { createTempDir } from "../support/temp_dir.ts";

const minuteMs = 60_000;
const start = Date.UTC(2026, 0, 31, 12, 0, 30);

function open(path: string, state: { now: number; hits: number }): History {
  const traffic = (): ReadonlyMap<string, Traffic> =>
    new Map([["files", { ...noTraffic, requests: state.hits, hits: state.hits }]]);
  return new History({ path, traffic, cacheBytes: () => 7, log: noLog, now: () => state.now });
}

Deno.test("what was counted before a restart, and by another process, is added up", async () => {
  await using dir = await createTempDir();
  const path = dir.join("history.json");
  const [one, other] = [{ now: start, hits: 0 }, { now: start, hits: 0 }];
  const [first, second] = [open(path, one), open(path, other)];
  one.hits = 5;
  other.hits = 3;
  await Promise.all([first.close(), second.close()]);
  const later = open(path, { now: start + 2 * minuteMs, hits: 0 });
  const { now, hour, day, month, minutes } = later.report();
  assert.equal(now.total.requests, 0);
  assert.deepEqual([hour, day, month].map(({ total }) => total.hits), [8, 8, 8]);
  assert.deepEqual([minutes.length, minutes.at(-3)!.total.hits, minutes.at(-3)!.cacheBytes], [60, 8, 7]);
  await later.close();
});

Deno.test("what is too old is forgotten, and the file stays small", async () => {
  await using dir = await createTempDir();
  const path = dir.join("history.json");
  const state = { now: start, hits: 0 };
  const history = open(path, state);
  for (let minute = 0; minute < 200; minute++) {
    state.now = start + minute * minuteMs;
    state.hits += 1;
    await history.save();
  }
  const { hour, day } = history.report();
  assert.deepEqual([hour.total.hits, day.total.hits], [60, 200]);
  await history.close();
  assert.ok((await Deno.stat(path)).size < 16_384);
});

for (const text of ["", "{", "[]", '{"version":1,"minutes":[{"from":-1}],"hours":7,"days":[[]]}', '{"version":2}']) {
  Deno.test(`a file of something else is no history: ${text || "nothing"}`, async () => {
    await using dir = await createTempDir();
    const path = dir.join("history.json");
    await Deno.writeTextFile(path, text);
    const state = { now: start, hits: 0 };
    const history = open(path, state);
    state.hits = 2;
    assert.equal(history.report().month.total.hits, 2);
    await history.close();
  });
}
