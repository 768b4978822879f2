import assert from "node:assert/strict";
import { SegmentMap, type Stretch } from "../../src/vault/transfer/segment_map.ts";

interface TestSegment extends Stretch {
  receivedTo: number;
  storedTo: number;
}

type Step =
  | { readonly add: number; readonly received?: number; readonly stored?: number }
  | { readonly withdraw: number }
  | { readonly sizeIs: number };

/** The map after these steps; `received` and `stored` count from the first byte of the body. */
function mapAfter(sizeBytes: number | null, steps: readonly Step[]): SegmentMap<TestSegment> {
  const map = new SegmentMap<TestSegment>(sizeBytes);
  for (const step of steps) {
    if ("sizeIs" in step) map.sizeIs(step.sizeIs);
    else if ("withdraw" in step) map.withdraw(map.at(step.withdraw)!);
    else {
      const { add: start, received: receivedTo = start, stored: storedTo = start } = step;
      map.add(start, (end) => ({ start, end, receivedTo, storedTo }));
    }
  }
  return map;
}

const cases: readonly {
  readonly name: string;
  readonly sizeBytes: number | null;
  readonly steps: readonly Step[];
  readonly ranges: readonly (readonly [number, number])[];
  readonly gap?: number;
  readonly unfilled?: number;
  readonly received?: number;
  readonly prefix?: number;
}[] = [
  { name: "nothing yet", sizeBytes: 100, steps: [], ranges: [] },
  { name: "one segment is the whole body", sizeBytes: 100, steps: [{ add: 0 }], ranges: [[0, 100]], unfilled: 0 },
  {
    name: "the end is open while the size is not known",
    sizeBytes: null,
    steps: [{ add: 0, received: 500 }],
    ranges: [[0, Infinity]],
    unfilled: 0,
    received: 500,
  },
  {
    name: "the size becomes known",
    sizeBytes: null,
    steps: [{ add: 0, received: 500 }, { sizeIs: 500 }],
    ranges: [[0, 500]],
    received: 500,
  },
  {
    name: "a segment far ahead takes the end of the one before",
    sizeBytes: 100,
    steps: [{ add: 0, received: 20 }, { add: 60, received: 70 }],
    ranges: [[0, 60], [60, 100]],
    unfilled: 0,
    received: 30,
  },
  {
    name: "one in the middle ends where the next begins",
    sizeBytes: 100,
    steps: [{ add: 0 }, { add: 80 }, { add: 40 }],
    ranges: [[0, 40], [40, 80], [80, 100]],
    unfilled: 0,
  },
  {
    name: "a body that begins at a range has a gap before it",
    sizeBytes: 100,
    steps: [{ add: 60, received: 100 }],
    ranges: [[60, 100]],
    gap: 60,
    received: 40,
  },
  {
    name: "the gap is filled by a segment that ends where the first begins",
    sizeBytes: 100,
    steps: [{ add: 60, received: 100 }, { add: 0, received: 10 }],
    ranges: [[0, 60], [60, 100]],
    unfilled: 0,
    received: 50,
  },
  {
    name: "a segment that is withdrawn leaves its range to the one before",
    sizeBytes: 100,
    steps: [{ add: 0, received: 40 }, { add: 40 }, { withdraw: 40 }],
    ranges: [[0, 100]],
    unfilled: 0,
    received: 40,
  },
  {
    name: "the first one that is withdrawn leaves a gap",
    sizeBytes: 100,
    steps: [{ add: 20 }, { add: 60, received: 100 }, { withdraw: 20 }],
    ranges: [[60, 100]],
    gap: 60,
    received: 40,
  },
  {
    name: "bytes on disk count as far as they follow each other",
    sizeBytes: 100,
    steps: [{ add: 0, received: 40, stored: 40 }, { add: 40, received: 70, stored: 60 }, {
      add: 80,
      received: 90,
      stored: 90,
    }],
    ranges: [[0, 40], [40, 80], [80, 100]],
    unfilled: 40,
    received: 80,
    prefix: 60,
  },
  {
    name: "bytes on disk behind a gap do not count",
    sizeBytes: 100,
    steps: [{ add: 60, received: 100, stored: 100 }],
    ranges: [[60, 100]],
    gap: 60,
    received: 40,
  },
];

for (const { name, sizeBytes, steps, ranges, gap = 0, unfilled = null, received = 0, prefix = 0 } of cases) {
  Deno.test(`segments of a body: ${name}`, () => {
    const map = mapAfter(sizeBytes, steps);
    assert.deepEqual([...map].map(({ start, end }) => [start, end]), ranges);
    assert.equal(map.gap?.end ?? 0, gap);
    assert.equal(map.unfilled?.start ?? null, unfilled);
    assert.equal(map.receivedBytes, received);
    assert.equal(map.storedPrefixBytes, prefix);
    for (const [start, end] of ranges) {
      assert.equal(map.at(start)?.start, start);
      assert.equal(map.at(Math.min(end, 1000) - 1)?.start, start);
    }
  });
}

Deno.test("segments of a body: no segment brings a byte before the first", () => {
  assert.equal(mapAfter(100, [{ add: 60 }]).at(59), null);
});
