import assert from "node:assert/strict";
import { parseCacheControl, parseDeltaSeconds, secondsOf } from "../../src/http/cache_control.ts";

const lists: [string, string[]][] = [
  ["no-store", ["no-store"]],
  ["No-Store, PRIVATE", ["no-store", "private"]],
  ["max-age=60,s-maxage=10", ["max-age=60", "s-maxage=10"]],
  ['max-age="60"', ["max-age=60"]],
  ['extension="a, no-store, b", max-age=60', ["extension=a, no-store, b", "max-age=60"]],
  ['extension="a\\", no-store", max-age=60', ['extension=a\\", no-store', "max-age=60"]],
  [" , ,max-age=60 ,\t", ["max-age=60"]],
  ["max-age=60, max-age=60", ["max-age=60"]],
  ["", []],
];

for (const [value, expected] of lists) {
  Deno.test(`Cache-Control: ${JSON.stringify(value)}`, () => {
    const read = [...parseCacheControl(value)].map(([name, { argument, doubtful }]) => {
      assert.equal(doubtful, false);
      return argument === null ? name : `${name}=${argument}`;
    });
    assert.deepEqual(read, expected);
  });
}

Deno.test("what follows a malformed directive still counts, whatever was meant to be quoted", () => {
  for (
    const value of ['max-age="60, no-store', "max-age=60 no-cache, no-store", "max-age = 60, no-store", '"", no-store']
  ) {
    assert.equal(parseCacheControl(value).has("no-store"), true, value);
  }
});

const seconds: [string, number | undefined][] = [
  ["max-age=60", 60],
  ["Max-Age=60", 60],
  ['max-age="60"', 60],
  ["max-age=0060", 60],
  ["max-age=99999999999999999999", 2 ** 31],
  ["public", undefined],
  ["x-max-age=60", undefined],
  ["max-age", 0],
  ["max-age=", 0],
  ["max-age=-60", 0],
  ["max-age=1.5", 0],
  ["max-age=60s", 0],
  ["max-age='60'", 0],
  ["max-age =60", 0],
  ["max-age= 60", 0],
  ["max-age=60, max-age=600", 0],
];

for (const [value, expected] of seconds) {
  Deno.test(`seconds of max-age in ${JSON.stringify(value)}: ${expected}`, () => {
    assert.equal(secondsOf(parseCacheControl(value), "max-age"), expected);
  });
}

Deno.test("delta-seconds are digits only", () => {
  assert.equal(parseDeltaSeconds("0"), 0);
  for (const text of ["", "-1", "+1", "1.0", "1e3", "0x1", " 1"]) assert.equal(parseDeltaSeconds(text), null, text);
});
