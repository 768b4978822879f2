import assert from "node:assert/strict";
import { noTraffic } from "../../src/observe/traffic.ts";
import { addToSlots, type Happened, noSlots, slotStart } from "../../src/status/history_slots.ts";

const minuteMs = 60_000;
const start = Date.UTC(2026, 0, 31, 23, 59);

function hits(at: number, backends: Readonly<Record<string, number>>, cacheBytes: number | null = null): Happened {
  const traffic = new Map(Object.entries(backends).map(([name, hits]) => [name, { ...noTraffic, hits }]));
  return { at, traffic, cacheBytes };
}

/** The hits of each slot by backend, and the size of the cache. */
function shown(slots: ReturnType<typeof addToSlots>["minutes"]) {
  return slots.map((
    { from, traffic, cacheBytes },
  ) => [
    (from - start) / minuteMs,
    Object.fromEntries([...traffic].map(([name, { hits }]) => [name, hits])),
    cacheBytes,
  ]);
}

Deno.test("what happens is added to its minute, hour and day, and what is too old or of the future is left out", () => {
  const happened = [
    hits(start, { a: 1 }, 10),
    hits(start + minuteMs - 1, { a: 2, b: 5 }),
    hits(start + minuteMs, { a: 4 }, 20),
  ];
  const slots = happened.reduce(addToSlots, noSlots);
  assert.deepEqual(shown(slots.minutes), [[0, { a: 3, b: 5 }, 10], [1, { a: 4 }, 20]]);
  assert.deepEqual([slots.hours, slots.days].map((span) => span.length), [2, 2]);
  assert.equal(slots.days.at(-1)!.from, Date.UTC(2026, 1, 1));
  const later = addToSlots(slots, hits(start + 60 * minuteMs, { a: 1 }));
  assert.deepEqual(shown(later.minutes).map(([minute]) => minute), [1, 60]);
  const earlier = addToSlots(later, hits(start, { a: 1 }));
  assert.deepEqual(shown(earlier.minutes), [[0, { a: 1 }, null]], "the clock has been put back");
  assert.equal(slotStart(-1, "minutes"), -minuteMs);
});

Deno.test("more backends than there is room for are counted together", () => {
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`backend-${at}`, 1]));
  const { minutes: [slot] } = addToSlots(
    addToSlots(noSlots, hits(start, many)),
    hits(start, { "backend-1": 1, new: 1 }),
  );
  assert.equal(slot!.traffic.size, 33);
  assert.deepEqual([slot!.traffic.get("others")!.hits, slot!.traffic.get("backend-1")!.hits], [69, 2]);
});
