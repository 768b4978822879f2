import assert from "node:assert/strict";
import { type AppFixture, startApp } from "../support/app_fixture.ts";
import { type Answer, type FakeUpstream, startFakeUpstream } from "../support/fake_upstream.ts";
import type { RawAnswer } from "../support/raw_client.ts";

const plain = "a line of text, and many more of them\n".repeat(200);
const gzip = { "content-encoding": "gzip", "content-type": "text/plain" };

/** Odd, and still the whole body. `fresh` is whether the second request needs no upstream. */
const whole: readonly [name: string, answer: Answer, expected: { text: string; fresh?: boolean }][] = [
  ["chunked body", { body: plain, framing: "chunked" }, { text: plain }],
  ["missing Content-Length", { body: plain, framing: "close" }, { text: plain }],
  ["zero-byte body", { body: "", etag: '"1"' }, { text: "" }],
  ["zero-byte chunked body", { body: "", framing: "chunked" }, { text: "" }],
  ["zero-byte body without Content-Length", { body: "", framing: "close" }, { text: "" }],
  ["a head of 100 kB", { body: plain, headers: { "x-big": "a".repeat(100_000) } }, { text: plain }],
  ["dates that are none", { body: plain, headers: { date: "now", "last-modified": "-", expires: "0" } }, {
    text: plain,
  }],
  ["a negative Age", { body: plain, headers: { age: "-999999", "cache-control": "max-age=0" } }, { text: plain }],
  ["an absurd Age", { body: plain, headers: { age: "9".repeat(30), "cache-control": "max-age=60" } }, { text: plain }],
  ["an absurd max-age", { body: plain, headers: { "cache-control": `max-age=${"9".repeat(30)}` } }, {
    text: plain,
    fresh: true,
  }],
  ["a copy that may be served stale for long is not fresh for long", {
    body: plain,
    headers: { "cache-control": "max-age=0, stale-while-revalidate=3600, stale-if-error=3600" },
  }, { text: plain }],
];

for (const [name, answer, { text, fresh = false }] of whole) {
  Deno.test(`${name}: passed on whole, kept, and served again when the upstream is gone`, async () => {
    const upstream = startFakeUpstream();
    await using _ = upstream;
    upstream.serve("/a", answer);
    await using app = await startApp({ upstream: upstream.origin });
    assertText(await app.ask("/files/a"), text);
    await app.idle();
    assert.deepEqual(app.held(), { entries: 1, blobs: 1, staged: 0 });
    assertText(await app.ask("/files/a"), text);
    assert.equal(upstream.count("/a"), fresh ? 1 : 2);
    await app.idle();
    await upstream[Symbol.asyncDispose]();
    assertText(await app.ask("/files/a"), text);
    const head = await app.ask("/files/a", { method: "HEAD" });
    assert.equal(head.headers.get("content-length"), String(text.length));
    assert.ok([...head.headers].every(([, value]) => !/NaN|e\+/.test(value)));
    await app.logged(new RegExp(`^INFO cache miss files /files/a 200 ${text.length} bytes`));
    assert.ok(app.lines.every((line) => !line.includes("the client left")), app.lines.join("\n"));
  });
}

/** Answers that look like one and are none. */
const useless: readonly [name: string, answer: Answer, reason: RegExp][] = [
  [
    "206 without being asked for a range",
    { status: 206, body: plain, headers: { "content-range": "bytes 0-9/10" } },
    /206/,
  ],
  ["304 without being asked conditionally", { status: 304 }, /304/],
  ["416 without being asked for a range", { status: 416, body: plain }, /416/],
  ["Content-Length that is no number", { body: plain, headers: { "content-length": "many" } }, /not valid HTTP/],
  ["negative Content-Length", { body: plain, headers: { "content-length": "-1" } }, /not valid HTTP/],
  ["two different Content-Lengths", { body: plain, headers: { "content-length": "5, 6" } }, /not valid HTTP/],
];

for (const [name, answer, reason] of useless) {
  Deno.test(`${name}: a clear 502, nothing kept, and a held copy is served instead`, async () => {
    await using upstream = startFakeUpstream();
    upstream.serve("/a", answer);
    await using app = await startApp({ upstream: upstream.origin });
    const refused = await app.ask("/files/a");
    assert.equal(refused.status, 502);
    assert.match(refused.text, reason);
    assert.deepEqual(app.held(), { entries: 0, blobs: 0, staged: 0 });
    const head = await app.ask("/files/a", { method: "HEAD" });
    assert.ok(head.complete && !/NaN/.test(head.headers.get("content-length") ?? ""));

    upstream.serve("/a", { body: plain });
    assertText(await app.ask("/files/a"), plain);
    await app.idle();
    upstream.serve("/a", answer);
    const stale = await app.ask("/files/a");
    assertText(stale, plain);
    assert.match(stale.headers.get("cache-status")!, /detail=stale-if-error/);
  });
}

Deno.test("huge Content-Length and a body that ends at once: a broken transfer, nothing kept", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", {
    body: "x",
    headers: { "content-length": "9007199254740991" },
    fault: { kind: "close", afterBytes: 1 },
  });
  await using app = await startApp({ upstream: upstream.origin, top: { cache_min_free: "1MiB" } });
  const answer = await app.ask("/files/a");
  assert.deepEqual([answer.status, answer.complete], [200, false]);
  await app.idle();
  assert.deepEqual(app.held(), { entries: 0, blobs: 0, staged: 0 });
});

for (const framing of ["length", "chunked"] as const) {
  Deno.test(`gzip-encoded body (${framing}), although nobody asked for it: headers and bytes agree, first and later`, async () => {
    await using upstream = startFakeUpstream();
    upstream.serve("/a", { body: await gzipped(plain), etag: '"1"', framing, headers: gzip });
    await using app = await startApp({ upstream: upstream.origin });
    const cold = await app.ask("/files/a", { method: "HEAD" });
    const first = await app.ask("/files/a");
    assert.equal(await decoded(first), plain);
    await app.idle();
    const second = await app.ask("/files/a");
    assert.equal(await decoded(second), plain);
    assert.deepEqual(second.body, first.body);
    assert.equal(second.headers.get("content-encoding"), first.headers.get("content-encoding"));
    const length = cold.headers.get("content-length");
    assert.ok(length === null || Number(length) === first.body.length, `${length} and ${first.body.length}`);
    const range = await app.ask("/files/a", { headers: { range: "bytes=10-19" } });
    assert.deepEqual([range.status, range.body], [206, first.body.subarray(10, 20)]);
  });
}

Deno.test("bytes that are not gzip, and said to be: passed on as they are, or a broken transfer", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: plain, headers: gzip });
  await using app = await startApp({ upstream: upstream.origin });
  const answer = await app.ask("/files/a");
  await app.idle();
  if (!answer.complete) return assert.equal(app.held().blobs, 0);
  assert.deepEqual([answer.text, answer.headers.get("content-encoding")], [plain, "gzip"]);
});

Deno.test("header bytes that are not ASCII come through as they are, from upstream and from the cache", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: plain, headers: { "content-disposition": 'attachment; filename="é.txt"' } });
  await using app = await startApp({ upstream: upstream.origin, backend: { ttl: "1h" } });
  for (let i = 0; i < 2; i++) {
    const { headers } = await app.ask("/files/a");
    const bytes = Uint8Array.from(headers.get("content-disposition")!, (character) => character.charCodeAt(0));
    assert.equal(new TextDecoder().decode(bytes), 'attachment; filename="é.txt"');
    await app.idle();
  }
  assert.equal(upstream.count("/a"), 1);
});

Deno.test("more headers than a client takes: a clear 502", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { headers: Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`x-${i}`, "y"])) });
  await using app = await startApp({ upstream: upstream.origin });
  const answer = await app.ask("/files/a");
  assert.equal(answer.status, 502);
  assert.match(answer.text, /more than 100 header lines/);
});

Deno.test("what must not be kept is not kept", async () => {
  await using upstream = startFakeUpstream();
  await using app = await startApp({ upstream: upstream.origin });
  for (const headers of [{ "cache-control": "no-store" }, { "cache-control": "private" }, { vary: "*" }]) {
    await assertPassedOn(app, upstream, { body: plain, headers: headers as Record<string, string> });
    await assertPassedOn(app, upstream, {
      body: plain,
      headers: headers as Record<string, string>,
      framing: "chunked",
    });
  }
});

async function assertPassedOn(app: AppFixture, upstream: FakeUpstream, answer: Answer): Promise<void> {
  upstream.serve("/a", answer);
  assertText(await app.ask("/files/a"), plain);
  await app.idle();
  assert.deepEqual(app.held(), { entries: 0, blobs: 0, staged: 0 });
}

function assertText(answer: RawAnswer, text: string): void {
  assert.deepEqual([answer.status, answer.complete, answer.text], [200, true, text]);
}

async function gzipped(text: string): Promise<Uint8Array> {
  return await new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"))).bytes();
}

/** What a client makes of it. */
async function decoded({ body, headers, complete }: RawAnswer): Promise<string> {
  assert.ok(complete);
  const stream = new Blob([body]).stream();
  const isGzip = headers.get("content-encoding") === "gzip";
  return await new Response(isGzip ? stream.pipeThrough(new DecompressionStream("gzip")) : stream).text();
}
