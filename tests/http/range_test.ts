import assert from "node:assert/strict";
import {
  contentRange,
  parseContentRange,
  parseRanges,
  parseUnsatisfiedRange,
  resolveRange,
  resolveRanges,
  unsatisfiedRange,
} from "../../src/http/range.ts";

const largest = Number.MAX_SAFE_INTEGER;

const headers = [
  { header: "bytes=0-", spec: { kind: "from", first: 0 } },
  { header: "bytes=5-10", spec: { kind: "from", first: 5, last: 10 } },
  { header: "bytes=7-7", spec: { kind: "from", first: 7, last: 7 } },
  { header: "bytes=-500", spec: { kind: "suffix", length: 500 } },
  { header: "bytes=-0", spec: { kind: "suffix", length: 0 } },
  { header: "Bytes=1-2", spec: { kind: "from", first: 1, last: 2 } },
  { header: "bytes= 1-2", spec: { kind: "from", first: 1, last: 2 } },
  { header: "bytes=99999999999999999999-", spec: { kind: "from", first: largest } },
  { header: `bytes=0-${"9".repeat(400)}`, spec: { kind: "from", first: 0, last: largest } },
  { header: `bytes=-${"9".repeat(400)}`, spec: { kind: "suffix", length: largest } },
  { header: null, spec: null },
  { header: "", spec: null },
  { header: "bytes=", spec: null },
  { header: "bytes=-", spec: null },
  { header: "bytes=10-5", spec: null },
  { header: "bytes=0-1,5-4", spec: null },
  { header: "bytes=0-1,x", spec: null },
  { header: "bytes=,", spec: null },
  { header: "items=0-1", spec: null },
  { header: "bytes 0-1", spec: null },
  { header: "bytes=a-b", spec: null },
  { header: "bytes=--5", spec: null },
  { header: "bytes=1.5-2", spec: null },
  { header: "bytes=0x1-2", spec: null },
] as const;

for (const { header, spec } of headers) {
  Deno.test(`Range: ${header?.slice(0, 40)}`, () => assert.deepEqual(parseRanges(header), spec && [spec]));
}

Deno.test("several ranges, also with empty members and space between them, up to 1024", () => {
  const specs = [{ kind: "from", first: 0, last: 1 }, { kind: "from", first: 5 }, { kind: "suffix", length: 1 }];
  assert.deepEqual(parseRanges("bytes=0-1, 5-,,\t-1 ,"), specs);
  assert.equal(parseRanges(`bytes=${"0-0,".repeat(1024)}`)?.length, 1024);
  assert.equal(parseRanges(`bytes=${"0-0,".repeat(1025)}`), null);
});

const severalResolved = [
  { asked: "bytes=5-6,0-1", ranges: [{ start: 5, end: 7 }, { start: 0, end: 2 }] },
  { asked: "bytes=0-4,5-9", ranges: [{ start: 0, end: 5 }, { start: 5, end: 10 }] },
  { asked: "bytes=0-0,10-", ranges: [{ start: 0, end: 1 }] },
  { asked: "bytes=10-,11-", ranges: [] },
  { asked: "bytes=0-5,5-9", ranges: null },
  { asked: "bytes=0-,0-,0-", ranges: null },
];

for (const { asked, ranges } of severalResolved) {
  Deno.test(`${asked} of 10 bytes`, () => assert.deepEqual(resolveRanges(parseRanges(asked)!, 10), ranges));
}

const resolved = [
  { asked: "bytes=0-", size: 10, range: { start: 0, end: 10, openEnded: true } },
  { asked: "bytes=9-", size: 10, range: { start: 9, end: 10, openEnded: true } },
  { asked: "bytes=10-", size: 10, range: null },
  { asked: "bytes=2-4", size: 10, range: { start: 2, end: 5 } },
  { asked: "bytes=2-400", size: 10, range: { start: 2, end: 10 } },
  { asked: `bytes=2-${largest}`, size: 10, range: { start: 2, end: 10 } },
  { asked: "bytes=-3", size: 10, range: { start: 7, end: 10 } },
  { asked: "bytes=-300", size: 10, range: { start: 0, end: 10 } },
  { asked: "bytes=-0", size: 10, range: null },
  { asked: "bytes=0-", size: 0, range: null },
  { asked: "bytes=-1", size: 0, range: null },
  { asked: "bytes=99999999999999999999-", size: 10, range: null },
];

for (const { asked, size, range } of resolved) {
  Deno.test(`${asked} of ${size} bytes`, () => assert.deepEqual(resolveRange(parseRanges(asked)![0]!, size), range));
}

Deno.test("a range and what is unsatisfiable are told as Content-Range", () => {
  assert.equal(contentRange({ start: 2, end: 5 }, 10), "bytes 2-4/10");
  assert.equal(unsatisfiedRange(10), "bytes */10");
});

const contentRanges = [
  { header: "bytes 2-4/10", range: { start: 2, end: 5, size: 10 } },
  { header: "Bytes 0-0/1", range: { start: 0, end: 1, size: 1 } },
  { header: "bytes 2-4/*", range: { start: 2, end: 5, size: undefined } },
  { header: null, range: null },
  { header: "bytes */10", range: null },
  { header: "bytes 4-2/10", range: null },
  { header: "bytes 2-10/10", range: null },
  { header: "bytes 2-4", range: null },
  { header: "bytes=2-4/10", range: null },
  { header: "items 2-4/10", range: null },
  { header: "bytes 0-1/99999999999999999999", range: null },
  { header: "bytes 0-99999999999999999999/*", range: null },
];

for (const { header, range } of contentRanges) {
  Deno.test(`Content-Range: ${header}`, () => assert.deepEqual(parseContentRange(header), range));
}

const unsatisfied = [
  { header: "bytes */10", size: 10 },
  { header: "bytes */0", size: 0 },
  { header: "bytes 0-1/10", size: null },
  { header: "bytes */*", size: null },
  { header: "bytes */99999999999999999999", size: null },
  { header: null, size: null },
];

for (const { header, size } of unsatisfied) {
  Deno.test(`Content-Range of a 416: ${header}`, () => assert.equal(parseUnsatisfiedRange(header), size));
}
