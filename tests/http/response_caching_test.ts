import assert from "node:assert/strict";
import { readResponseCaching } from "../../src/http/response_caching.ts";

const now = Date.UTC(2026, 0, 1, 12);
const at = (seconds: number) => new Date(now + seconds * 1000).toUTCString();

/** What is read of headers that came at `now`; several lines of one name are a list. */
function read(headers: Record<string, string | string[]>) {
  const sent = Object.entries(headers).flatMap(([name, values]) => [values].flat().map((value) => [name, value]));
  return readResponseCaching(new Headers(sent as [string, string][]), now);
}

const storing: [string, Record<string, string>, boolean][] = [
  ["nothing said", {}, true],
  ["no-store", { "cache-control": "no-store, max-age=60" }, false],
  ["no-store in capitals", { "cache-control": "No-Store" }, false],
  ["private in capitals", { "cache-control": "Private, max-age=60" }, false],
  ["private for one field", { "cache-control": 'private="set-cookie"' }, false],
  ["no-store inside the argument of another", { "cache-control": 'x="no-store", max-age=60' }, true],
  ["no-store with must-understand (§5.2.2.3)", { "cache-control": "no-store, must-understand" }, true],
  ["no-cache: stored, and asked about each time", { "cache-control": "no-cache" }, true],
  ["Vary: *", { vary: "accept, *" }, false],
  ["Set-Cookie: the cookie is dropped, the rest is for all (§7.3)", { "set-cookie": "a=b" }, true],
];

for (const [name, headers, storable] of storing) {
  Deno.test(`RFC 9111 §3, storing: ${name} → ${storable}`, () => assert.equal(read(headers).storable, storable));
}

const lifetimes: [string, Record<string, string | string[]>, number][] = [
  ["s-maxage before max-age before Expires", { "cache-control": "max-age=60, s-maxage=10", expires: at(600) }, 10],
  ["max-age before Expires", { "cache-control": "max-age=60", expires: at(600) }, 60],
  ["max-age in capitals", { "cache-control": "MAX-AGE=60" }, 60],
  ["Expires less Date", { expires: at(600), date: at(-60) }, 660],
  ["Expires without Date", { expires: at(600) }, 600],
  ["Expires in the past", { expires: at(-1), "last-modified": at(-1e6) }, 0],
  ["Expires: 0 (§5.3)", { expires: "0", "last-modified": at(-1e6) }, 0],
  ["Expires that is no date", { expires: "Thu, 31 Feb 2099 10:00:00 GMT", "last-modified": at(-1e6) }, 0],
  ["Expires in another time zone", { expires: "Thu, 01 Jan 2099 10:00:00 PST" }, 0],
  ["two Expires", { expires: [at(600), at(700)] }, 0],
  ["no-cache before all others", { "cache-control": "No-Cache, max-age=60" }, 0],
  ["no-cache for one field", { "cache-control": 'no-cache="set-cookie", max-age=60' }, 0],
  ["Pragma: no-cache alone", { pragma: "No-Cache", "last-modified": at(-1e6) }, 0],
  ["Pragma beside Cache-Control", { pragma: "no-cache", "cache-control": "max-age=60" }, 60],
  ["proxy-revalidate forbids stale copies, not fresh ones", { "cache-control": "max-age=60, proxy-revalidate" }, 60],
  ["malformed max-age before a good Expires (§4.2.1)", { "cache-control": "max-age=x", expires: at(600) }, 0],
  ["a tenth of the time since the last change (§4.2.2)", { "last-modified": at(-1000), date: at(0) }, 100],
  [
    "no more than a day is guessed",
    { "last-modified": "Thu, 01 Jan 1970 00:00:01 GMT", "date": at(0) },
    24 * 60 * 60,
  ],
  ["a change after Date", { "last-modified": at(1000), date: at(0) }, 0],
  ["nothing said", {}, 0],
];

for (const [name, headers, expected] of lifetimes) {
  Deno.test(`RFC 9111 §4.2, freshness: ${name} → ${expected} s`, () => {
    assert.equal(read(headers).lifetimeSeconds, expected);
  });
}

const ages: [string, Record<string, string | string[]>, number][] = [
  ["none", {}, 0],
  ["Age", { age: "50" }, 50],
  ["of two lines the first", { age: ["50", "0"] }, 50],
  ["of one line the first", { age: "0, 50" }, 0],
  ["absurdly large", { age: "99999999999" }, 2 ** 31],
  ["no number", { age: "abc" }, 0],
  ["negative", { age: "-7200" }, 0],
  ["a fraction", { age: "7200.0" }, 0],
  ["Date without Age", { date: at(-50) }, 50],
  ["the larger of the two", { date: at(-50), age: "20" }, 50],
  ["Date in the future", { date: at(50), age: "20" }, 20],
  ["Date that is none", { date: "Thu, 31 Feb 2022 10:00:00 GMT" }, 0],
];

for (const [name, headers, expected] of ages) {
  Deno.test(`RFC 9111 §4.2.3, age: ${name} → ${expected} s`, () => assert.equal(read(headers).ageSeconds, expected));
}

Deno.test("the names in Vary come in lower case, once and sorted", () => {
  assert.deepEqual(read({ vary: ["Accept-Language,, accept", "ACCEPT"] }).vary, ["accept", "accept-language"]);
});
