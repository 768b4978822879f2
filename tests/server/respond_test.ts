import assert from "node:assert/strict";
import type { HeaderList } from "../../src/http/headers.ts";
import { parseRanges } from "../../src/http/range.ts";
import { textOf } from "../support/text_of.ts";
import type { Reply } from "../../src/server/reply.ts";
import { respond } from "../../src/server/respond.ts";
import { fakeBackend, type FakeFile, fakeFile, FakeVault, fileHeaders, lastModified } from "./fake_vault.ts";

interface Answered {
  readonly reply: Reply;
  readonly headers: Headers;
  readonly body: string;
  readonly vault: FakeVault;
}

async function answer(file: FakeFile, request: HeadersInit = {}, method: "GET" | "HEAD" = "GET"): Promise<Answered> {
  const vault = new FakeVault({ "/x": file });
  const { artifact } = fakeBackend("http", "/http").resolve({ path: "/x", query: "" });
  const headers = new Headers(request);
  const opened = await vault.open(artifact, { method });
  const reply = respond(opened, {
    method,
    headers,
    ranges: method === "GET" ? parseRanges(headers.get("range")) : null,
  });
  const body = await textOf(reply.body);
  return { reply, headers: new Headers(reply.headers as [string, string][]), body, vault };
}

const ranges = [
  { range: "bytes=0-3", status: 206, body: "0123", contentRange: "bytes 0-3/10" },
  { range: "bytes=4-", status: 206, body: "456789", contentRange: "bytes 4-9/10" },
  { range: "bytes=-2", status: 206, body: "89", contentRange: "bytes 8-9/10" },
  { range: "bytes=-100", status: 206, body: "0123456789", contentRange: "bytes 0-9/10" },
  { range: "bytes=9-99999999999999999999", status: 206, body: "9", contentRange: "bytes 9-9/10" },
  { range: "bytes=10-", status: 416, body: "", contentRange: "bytes */10" },
  { range: "bytes=99999999999999999999-", status: 416, body: "", contentRange: "bytes */10" },
  { range: "bytes=-0", status: 416, body: "", contentRange: "bytes */10" },
  { range: "bytes=0-1,20-", status: 206, body: "01", contentRange: "bytes 0-1/10" },
  { range: "bytes=10-,-0", status: 416, body: "", contentRange: "bytes */10" },
  { range: "bytes=0-8,1-9", status: 200, body: "0123456789", contentRange: null },
  { range: `bytes=${"0-0,".repeat(1025)}`, status: 200, body: "0123456789", contentRange: null },
  { range: "lines=0-1", status: 200, body: "0123456789", contentRange: null },
];

for (const inMemory of [true, false]) {
  for (const { range, status, body, contentRange } of ranges) {
    Deno.test(`${range} of a body ${inMemory ? "in memory" : "to be streamed"}: ${status}`, async () => {
      const answered = await answer(fakeFile({ inMemory }), { range });
      assert.equal(answered.reply.status, status);
      assert.equal(answered.body, body);
      assert.equal(answered.headers.get("content-range"), contentRange);
      const length = answered.headers.get("content-length");
      if (status !== 200 || !inMemory) assert.equal(length, String(body.length));
    });
  }
}

for (const inMemory of [true, false]) {
  Deno.test(`several ranges of a body ${inMemory ? "in memory" : "to be streamed"}: one part for each, in their order`, async () => {
    const { reply, headers, body } = await answer(fakeFile({ inMemory }), { range: "bytes=8-, 0-1,4-4,99-" });
    assert.equal(reply.status, 206);
    const boundary = /^multipart\/byteranges; boundary=(\w{32})$/.exec(headers.get("content-type")!)![1];
    const part = (range: string, bytes: string) =>
      `\r\n--${boundary}\r\nContent-Type: Application/X-Tar\r\nContent-Range: bytes ${range}/10\r\n\r\n${bytes}`;
    assert.equal(body, `${part("8-9", "89")}${part("0-1", "01")}${part("4-4", "4")}\r\n--${boundary}--\r\n`);
    assert.equal(headers.get("content-length"), String(body.length));
    assert.equal(headers.get("content-range"), null);
    assert.equal(headers.get("etag"), '"odd  etag"');
  });
}

Deno.test("several ranges of a body that breaks: the parts break as well", async () => {
  const file = fakeFile({ inMemory: false, then: "break", sizeBytes: 20 });
  await assert.rejects(answer(file, { range: "bytes=0-1,4-" }));
});

Deno.test("several ranges of another state than If-Range has: the whole", async () => {
  const { reply } = await answer(fakeFile(), { range: "bytes=0-1,4-4", "if-range": '"another"' });
  assert.equal(reply.status, 200);
});

const ifRanges = [
  { ifRange: '"odd  etag"', status: 206 },
  { ifRange: lastModified, status: 206 },
  { ifRange: '"another"', status: 200 },
  { ifRange: "Mon, 01 Jan 2024 00:00:01 GMT", status: 200 },
];

for (const { ifRange, status } of ifRanges) {
  Deno.test(`If-Range: ${ifRange}: ${status}`, async () => {
    const { reply, body } = await answer(fakeFile(), { range: "bytes=0-3", "if-range": ifRange });
    assert.equal(reply.status, status);
    assert.equal(body, status === 206 ? "0123" : "0123456789");
  });
}

Deno.test("an If-Range that does not match asks for the whole even where the range is unsatisfiable", async () => {
  const { reply } = await answer(fakeFile(), { range: "bytes=10-", "if-range": '"another"' });
  assert.equal(reply.status, 200);
});

const withoutRanges = [
  { name: "where ranges are not honoured", file: fakeFile({ ranges: false, inMemory: false, sizeBytes: undefined }) },
  { name: "of an empty body", file: fakeFile({ content: new Uint8Array() }) },
];

for (const { name, file } of withoutRanges) {
  Deno.test(`Range is ignored ${name}`, async () => {
    const { reply, headers } = await answer(file, { range: "bytes=0-3" });
    assert.equal(reply.status, 200);
    assert.equal(headers.get("accept-ranges"), file.ranges ? "bytes" : null);
  });
}

Deno.test("upstream's headers are sent as they are", async () => {
  const { reply } = await answer(fakeFile());
  assert.deepEqual(reply.headers.slice(0, fileHeaders.length), fileHeaders);
});

Deno.test("no Content-Type is invented", async () => {
  const { headers } = await answer(fakeFile({ headers: [["etag", '"a"']] }));
  assert.equal(headers.get("content-type"), null);
});

Deno.test("a confirmation has the headers of RFC 9110, and no body", async () => {
  const { reply, headers, vault } = await answer(fakeFile(), { "if-none-match": '"odd  etag"' });
  assert.equal(reply.status, 304);
  assert.equal(reply.body, null);
  assert.deepEqual([...headers.keys()], ["age", "cache-control", "cache-status", "date", "etag"]);
  assert.deepEqual(vault.released, { streams: 0, closed: 1 });
});

Deno.test("a confirmation without an ETag has the Last-Modified", async () => {
  const headersOfFile = [["last-modified", lastModified], ["content-type", "a/b"]] as const;
  const { reply, headers } = await answer(fakeFile({ headers: headersOfFile }), { "if-modified-since": lastModified });
  assert.equal(reply.status, 304);
  assert.deepEqual([headers.get("last-modified"), headers.get("content-type")], [lastModified, null]);
});

Deno.test("a condition counts before a range", async () => {
  const { reply } = await answer(fakeFile(), { "if-none-match": '"odd  etag"', range: "bytes=0-3" });
  assert.equal(reply.status, 304);
});

const ages = [
  { name: "a hit", file: fakeFile({ ageSeconds: 0 }), age: "0" },
  { name: "an old hit", file: fakeFile({ ageSeconds: 90 }), age: "90" },
  { name: "a miss", file: fakeFile({ ageSeconds: 0, cacheStatus: { hit: false, fwd: "uri-miss" } }), age: null },
  {
    name: "a miss from another cache",
    file: fakeFile({ ageSeconds: 5, cacheStatus: { hit: false, fwd: "uri-miss" } }),
    age: "5",
  },
];

for (const { name, file, age } of ages) {
  Deno.test(`Age of ${name}: ${age}`, async () => {
    assert.equal((await answer(file)).headers.get("age"), age);
  });
}

const releases = [
  { name: "GET of bytes", file: fakeFile(), method: "GET", request: {}, released: { streams: 0, closed: 0 } },
  {
    name: "GET of a stream",
    file: fakeFile({ inMemory: false }),
    method: "GET",
    request: {},
    released: { streams: 1, closed: 0 },
  },
  {
    name: "range of bytes",
    file: fakeFile(),
    method: "GET",
    request: { range: "bytes=1-2" },
    released: { streams: 0, closed: 0 },
  },
  {
    name: "range of a stream",
    file: fakeFile({ inMemory: false }),
    method: "GET",
    request: { range: "bytes=1-2" },
    released: { streams: 1, closed: 0 },
  },
  {
    name: "416",
    file: fakeFile(),
    method: "GET",
    request: { range: "bytes=50-" },
    released: { streams: 0, closed: 1 },
  },
  {
    name: "304",
    file: fakeFile({ inMemory: false }),
    method: "GET",
    request: { "if-none-match": "*" },
    released: { streams: 0, closed: 1 },
  },
  { name: "HEAD of bytes", file: fakeFile(), method: "HEAD", request: {}, released: { streams: 0, closed: 1 } },
  {
    name: "HEAD of a stream",
    file: fakeFile({ inMemory: false }),
    method: "HEAD",
    request: {},
    released: { streams: 0, closed: 1 },
  },
] as const;

for (const { name, file, method, request, released } of releases) {
  Deno.test(`what was opened is released once: ${name}`, async () => {
    const { vault } = await answer(file, request as HeadersInit, method);
    assert.deepEqual(vault.released, released);
  });
}

const documents = [
  "text/html; charset=utf-8",
  "Application/XHTML+XML",
  "image/svg+xml",
  "text/xml",
  "text/plain, text/html",
  "multipart/x-mixed-replace; boundary=a",
  "unknown/unknown",
  "html",
  "",
  null,
];

for (const type of documents) {
  Deno.test(`an upstream's ${type ?? "body without a type"} does not run as a page of ours`, async () => {
    const headers: HeaderList = type === null ? [] : [["content-type", type]];
    for (const method of ["GET", "HEAD"] as const) {
      const answered = await answer(fakeFile({ headers }), {}, method);
      assert.equal(answered.headers.get("content-security-policy"), "sandbox allow-downloads");
      assert.equal(answered.headers.get("x-content-type-options"), "nosniff");
    }
    const part = await answer(fakeFile({ headers }), { range: "bytes=0-3" });
    assert.equal(part.headers.get("content-security-policy"), "sandbox allow-downloads");
  });
}

Deno.test("an upstream's own Content-Security-Policy stays beside ours", async () => {
  const headers: HeaderList = [["content-type", "text/html"], ["content-security-policy", "default-src 'none'"]];
  const answered = await answer(fakeFile({ headers }));
  assert.equal(answered.headers.get("content-security-policy"), "default-src 'none', sandbox allow-downloads");
});

for (
  const type of [
    "application/octet-stream",
    "text/plain",
    "application/json",
    "application/vnd.oci.image.index.v1+json",
  ]
) {
  Deno.test(`${type} is sent as it is`, async () => {
    const answered = await answer(fakeFile({ headers: [["content-type", type]] }));
    assert.equal(answered.headers.has("content-security-policy"), false);
  });
}
