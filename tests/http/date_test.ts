import assert from "node:assert/strict";
import { parseHttpDate } from "../../src/http/date.ts";

const example = Date.UTC(1994, 10, 6, 8, 49, 37);

const dates = [
  { text: "Sun, 06 Nov 1994 08:49:37 GMT", at: example },
  { text: "Sunday, 06-Nov-94 08:49:37 GMT", at: example },
  { text: "Sun Nov  6 08:49:37 1994", at: example },
  { text: "sun, 06 nov 1994 08:49:37 gmt", at: example },
  { text: "Saturday, 01-Jan-00 00:00:00 GMT", at: Date.UTC(2000, 0, 1) },
  { text: "Sun, 06 Nov 1994 08:49:37 +0100", at: null },
  { text: "Sun, 06 Foo 1994 08:49:37 GMT", at: null },
  { text: "1994-11-06T08:49:37Z", at: null },
  { text: "Thu, 31 Feb 2022 08:49:37 GMT", at: null },
  { text: "Thu, 29 Feb 2024 08:49:37 GMT", at: Date.UTC(2024, 1, 29, 8, 49, 37) },
  { text: "Wed, 29 Feb 2023 08:49:37 GMT", at: null },
  { text: "Sun, 00 Nov 1994 08:49:37 GMT", at: null },
  { text: "Sun, 06 Nov 1994 24:00:00 GMT", at: null },
  { text: "Sun, 06 Nov 1994 08:60:00 GMT", at: null },
  { text: "Sat, 31 Dec 2016 23:59:60 GMT", at: Date.UTC(2017, 0, 1) },
  { text: "784111777", at: null },
  { text: "0", at: null },
  { text: "", at: null },
];

for (const { text, at } of dates) {
  Deno.test(`HTTP-date: "${text}"`, () => assert.equal(parseHttpDate(text), at));
}
