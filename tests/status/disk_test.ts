import assert from "node:assert/strict";
import { describeDisk, type DiskFacts, diskSpace } from "../../src/status/disk.ts";

const gib = 1024 ** 3;
const dayMs = 86_400_000;
const now = Date.UTC(2026, 0, 31, 12);

const facts: DiskFacts = {
  ...{ directory: "/cache", cacheBytes: 10 * gib, maxBytes: null, minFreeBytes: 0, now, days: [] },
  space: { freeBytes: 30 * gib, totalBytes: 100 * gib },
};

/** The sizes of the cache at the ends of the last days, today's last. */
function days(...sizes: readonly (number | null)[]) {
  const today = now - now % dayMs;
  return sizes.map((cacheBytes, at) => ({ from: today - (sizes.length - 1 - at) * dayMs, cacheBytes }));
}

const cases: readonly [
  name: string,
  facts: Partial<DiskFacts>,
  growthPerDay: number | null,
  daysLeft: number | null,
][] = [
  ["no day before today is known", { days: days(null, null, 5 * gib) }, null, null],
  ["twelve hours ago it was half of that", { days: days(5 * gib, 10 * gib) }, 10 * gib, 3],
  [
    "up to its own limit there is less room than on the disk",
    {
      ...{ days: days(5 * gib, 10 * gib), maxBytes: 15 * gib },
    },
    10 * gib,
    0.5,
  ],
  ["what has to stay free is no room", { days: days(5 * gib, 10 * gib), minFreeBytes: 20 * gib }, 10 * gib, 1],
  ["it is at its limit", { days: days(5 * gib, 10 * gib), maxBytes: 10 * gib }, 10 * gib, 0],
  ["it shrinks", { days: days(20 * gib, 10 * gib) }, -20 * gib, null],
  ["it stays as it is", { days: days(10 * gib, 10 * gib) }, 0, null],
  ["a day without a size is left out", { days: days(5 * gib, null, 10 * gib) }, Math.round(5 * gib / 1.5), 9],
  ["more than a week ago is too long ago", { days: days(1 * gib, ...Array(8).fill(null), 10 * gib) }, null, null],
  ["a disk of which nothing is known has no end", { days: days(5 * gib, 10 * gib), space: null }, 10 * gib, null],
];

Deno.test("the cache meets its limits at the rate of the last days", () => {
  for (const [name, some, growthPerDay, daysLeft] of cases) {
    const { growthBytesPerDay, fullAt } = describeDisk({ ...facts, ...some });
    assert.equal(growthBytesPerDay, growthPerDay, name);
    const left = fullAt === null ? null : Math.round((fullAt - now) / dayMs * 100) / 100;
    assert.equal(left, daysLeft, name);
  }
});

Deno.test("a share of the disk stays free, a GiB at most, where nothing is set", () => {
  const minFree = (totalBytes: number | null) => {
    const space = totalBytes === null ? null : { freeBytes: 0, totalBytes };
    return describeDisk({ ...facts, minFreeBytes: null, space }).minFreeBytes;
  };
  assert.deepEqual([100 * gib, 2 * gib, null].map(minFree), [gib, Math.floor(0.1 * gib), gib]);
});

Deno.test("the disk of a directory is known, that of nothing is not", () => {
  const { freeBytes, totalBytes } = diskSpace("/tmp") ?? assert.fail("the disk of /tmp is not known");
  assert.ok(0 < freeBytes && freeBytes <= totalBytes);
  assert.equal(diskSpace("/there/is/no/such/directory"), null);
});
