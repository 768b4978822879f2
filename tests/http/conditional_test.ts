import assert from "node:assert/strict";
import { contradicts, ifRangeMatches, notModified, strongValidator } from "../../src/http/conditional.ts";

const day = "Mon, 01 Jan 2024 00:00:00 GMT";
const dayBefore = "Sun, 31 Dec 2023 00:00:00 GMT";
const dayAfter = "Tue, 02 Jan 2024 00:00:00 GMT";
const strong = { etag: '"a"', lastModified: day };
const weak = { etag: 'W/"a"', lastModified: day };
const dated = { etag: undefined, lastModified: day };
const nothing = { etag: undefined, lastModified: undefined };

const conditions = [
  { name: "no condition", request: {}, of: strong, confirmed: false },
  { name: "the same ETag", request: { "if-none-match": '"a"' }, of: strong, confirmed: true },
  { name: "another ETag", request: { "if-none-match": '"b"' }, of: strong, confirmed: false },
  { name: "a weak ETag for a strong one", request: { "if-none-match": 'W/"a"' }, of: strong, confirmed: true },
  { name: "a strong ETag for a weak one", request: { "if-none-match": '"a"' }, of: weak, confirmed: true },
  { name: "a list with it", request: { "if-none-match": '"x", W/"a","y"' }, of: strong, confirmed: true },
  { name: "a list without it", request: { "if-none-match": '"x", "y"' }, of: strong, confirmed: false },
  { name: "a tag with a comma in it", request: { "if-none-match": '"x,y"' }, of: strong, confirmed: false },
  { name: "a tag that contains it", request: { "if-none-match": '"aa"' }, of: strong, confirmed: false },
  {
    name: "an unquoted tag, as upstream sent it",
    request: { "if-none-match": "a" },
    of: { ...strong, etag: "a" },
    confirmed: true,
  },
  {
    name: "a list with an unquoted tag",
    request: { "if-none-match": "x, W/a, y" },
    of: { ...strong, etag: "a" },
    confirmed: true,
  },
  {
    name: "an unquoted tag that contains it",
    request: { "if-none-match": "aa" },
    of: { ...strong, etag: "a" },
    confirmed: false,
  },
  { name: "a star", request: { "if-none-match": "*" }, of: nothing, confirmed: true },
  { name: "an ETag for what has none", request: { "if-none-match": '"a"' }, of: dated, confirmed: false },
  { name: "the same date", request: { "if-modified-since": day }, of: dated, confirmed: true },
  { name: "a later date", request: { "if-modified-since": dayAfter }, of: dated, confirmed: false },
  { name: "an earlier date", request: { "if-modified-since": dayBefore }, of: dated, confirmed: false },
  {
    name: "the same date in another form",
    request: { "if-modified-since": "Monday, 01-Jan-24 00:00:00 GMT" },
    of: dated,
    confirmed: true,
  },
  { name: "a date that is none", request: { "if-modified-since": "yesterday" }, of: dated, confirmed: false },
  { name: "a date for what has none", request: { "if-modified-since": day }, of: nothing, confirmed: false },
  {
    name: "another ETag counts before the same date",
    request: { "if-none-match": '"b"', "if-modified-since": day },
    of: strong,
    confirmed: false,
  },
  {
    name: "the same ETag counts before an earlier date",
    request: { "if-none-match": '"a"', "if-modified-since": dayBefore },
    of: strong,
    confirmed: true,
  },
];

for (const { name, request, of, confirmed } of conditions) {
  Deno.test(`304: ${name}`, () => assert.equal(notModified(new Headers(request as HeadersInit), of), confirmed));
}

const ifRanges = [
  { value: '"a"', of: strong, allowed: true },
  { value: '"b"', of: strong, allowed: false },
  { value: 'W/"a"', of: weak, allowed: false },
  { value: '"a"', of: weak, allowed: false },
  { value: day, of: strong, allowed: true },
  { value: dayAfter, of: strong, allowed: false },
  { value: "Monday, 01-Jan-24 00:00:00 GMT", of: strong, allowed: false },
  { value: day, of: nothing, allowed: false },
];

for (const { value, of, allowed } of ifRanges) {
  Deno.test(`If-Range: ${value} for ${of.etag ?? "no ETag"}`, () => assert.equal(ifRangeMatches(value, of), allowed));
}

const validators = [
  { headers: { etag: '"a"', "last-modified": day, date: dayAfter }, validator: '"a"' },
  { headers: { etag: 'W/"a"', "last-modified": day, date: dayAfter }, validator: null },
  { headers: { "last-modified": day, date: dayAfter }, validator: day },
  { headers: { "last-modified": day, date: "Mon, 01 Jan 2024 00:00:01 GMT" }, validator: day },
  { headers: { "last-modified": day, date: day }, validator: null },
  { headers: { "last-modified": day }, validator: null },
  { headers: { "last-modified": "yesterday", date: day }, validator: null },
  { headers: { date: day }, validator: null },
];

for (const { headers, validator } of validators) {
  Deno.test(`strong validator of ${JSON.stringify(headers)}`, () => {
    assert.equal(strongValidator(Object.entries(headers)), validator);
  });
}

const contradictions = [
  {
    name: "the same ETag and another date",
    validator: '"a"',
    headers: { etag: '"a"', "last-modified": day },
    is: false,
  },
  { name: "another ETag", validator: '"a"', headers: { etag: '"b"', "last-modified": day }, is: true },
  { name: "the same unquoted ETag", validator: "a", headers: { etag: "a", "last-modified": day }, is: false },
  { name: "another unquoted ETag", validator: "a", headers: { etag: "b", "last-modified": day }, is: true },
  { name: "the same date and an ETag", validator: day, headers: { etag: '"a"', "last-modified": day }, is: false },
  { name: "another date", validator: day, headers: { etag: '"a"', "last-modified": dayAfter }, is: true },
  { name: "no validator at all", validator: "a", headers: {}, is: false },
];

for (const { name, validator, headers, is } of contradictions) {
  Deno.test(`another version: ${name}`, () => {
    assert.equal(contradicts(new Headers(headers as HeadersInit), validator), is);
  });
}
