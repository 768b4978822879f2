import assert from "node:assert/strict";
import { type AppFixture, startApp } from "../support/app_fixture.ts";
import { type Answer, type Answers, type FakeUpstream, sequence, startFakeUpstream } from "../support/fake_upstream.ts";
import { startFaultProxy } from "../support/fault_proxy.ts";
import { Pattern } from "../support/pattern.ts";
import type { RawAnswer } from "../support/raw_client.ts";
import { waitUntil } from "../support/wait_until.ts";

const half = 300_000;
const body = new Pattern(2 * half);
const other = new Pattern(2 * half, 2);
const whole: Answer = { body, etag: '"1"' };
const unresumable: Answer = { body };
const cut: Answer = { ...whole, fault: { kind: "close", afterBytes: half } };

/** Bodies that break and cannot be gone on with, or turn out to be another one. */
const broken: readonly [name: string, answers: Answers, reason: RegExp][] = [
  ["short body", { ...unresumable, fault: { kind: "close", afterBytes: half } }, /broke off|connection/],
  ["body that is empty but announced", { ...unresumable, fault: { kind: "close", afterBytes: 0 } }, /connection/],
  ["last byte missing", { ...unresumable, fault: { kind: "close", afterBytes: body.size - 1 } }, /connection/],
  ["silent in the middle", { ...unresumable, fault: { kind: "silent", afterBytes: half } }, /no byte for 0\.3 s/],
  [
    "chunked body without its end",
    { ...unresumable, framing: "chunked", fault: { kind: "close", afterBytes: half } },
    /connection/,
  ],
  ["changed ETag between resumes", sequence(cut, { body: other, etag: '"2"' }), /another version of it now/],
  [
    "a part of another body in answer to the resume",
    sequence(cut, { body: new Pattern(3 * half, 2), etag: '"1"' }),
    /another version of it now/,
  ],
  [
    "wrong Content-Range in answer to the resume",
    sequence(cut, { ...whole, headers: { "content-range": `bytes 0-${half - 1}/${2 * half}` } }),
    /another version of it now/,
  ],
  [
    "resume without Content-Range",
    sequence(cut, { ...whole, headers: { "content-range": "" } }),
    /another version of it now/,
  ],
  ["416 in answer to the resume", sequence(cut, { status: 416, etag: '"1"' }), /another version of it now/],
  [
    "200 with another ETag in answer to the resume",
    sequence(cut, { body: other, etag: '"2"', ranges: false }),
    /another version of it now/,
  ],
  [
    "200 without an ETag in answer to the resume",
    sequence(cut, { body, ranges: false }),
    /another version of it now/,
  ],
  ["404 in answer to the resume", sequence(cut, { status: 404 }), /does not exist/],
  ["403 in answer to the resume", sequence(cut, { status: 403 }), /upstream answered 403/],
];

for (const [name, answers, reason] of broken) {
  Deno.test(`${name}: a broken transfer, nothing kept, and the next request gets it whole`, async () => {
    await using upstream = startFakeUpstream();
    upstream.serve("/a.bin", answers);
    await using app = await startApp({ upstream: upstream.origin, backend: { timeout: timeoutFor(name) } });
    for (const answer of await askTogether(app, upstream)) assertBroken(answer);
    await app.idle();
    assert.deepEqual(app.held(), { entries: 0, blobs: 0, staged: 0 });
    assert.match(await app.logged(/^WARNING cache miss files \/files\/a\.bin 200 .*: interrupted: /), reason);
    assert.match(await app.logged(/^WARNING Transfer failed files \/a\.bin: /), reason);
    assert.equal(await app.metric("vault_transfers_total", 'outcome="failed"'), 1);
    upstream.serve("/a.bin", whole);
    await assertWhole(app);
  });
}

Deno.test("a body that breaks leaves the held copy as it is", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a.bin", whole);
  await using app = await startApp({ upstream: upstream.origin, backend: { ttl: 0 } });
  await assertWhole(app);
  await app.idle();
  upstream.serve("/a.bin", { body: other, etag: '"2"', ranges: false, fault: { kind: "close", afterBytes: half } });
  upstream.serve("/a.bin", { body: other, fault: { kind: "close", afterBytes: half } });
  assertBroken(await app.ask("/files/a.bin"), other);
  await app.idle();
  assert.deepEqual(app.held(), { entries: 1, blobs: 1, staged: 0 });
  upstream.serve("/a.bin", { status: 503 });
  const stale = await assertWhole(app);
  assert.match(stale.headers.get("cache-status")!, /detail=stale-if-error/);
});

/** Breaks that clients never notice. */
const mended: readonly [name: string, answers: Answers][] = [
  ["short body", sequence(cut, whole)],
  ["silent in the middle", sequence({ ...whole, fault: { kind: "silent", afterBytes: half } }, whole)],
  ["the resume is cut as well", sequence(cut, { ...whole, fault: { kind: "close", afterBytes: half / 2 } }, whole)],
  ["200 in answer to the resume, with the same ETag", sequence(cut, { ...whole, ranges: false })],
  ["503 in answer to the resume, once", sequence(cut, { status: 503 }, whole)],
  ["resumes rely on Last-Modified", sequence(dated(cut), dated(whole))],
];

for (const [name, answers] of mended) {
  Deno.test(`${name}: gone on with, unseen by the client`, async () => {
    await using upstream = startFakeUpstream();
    upstream.serve("/a.bin", answers);
    await using app = await startApp({ upstream: upstream.origin, backend: { timeout: timeoutFor(name) } });
    await assertWhole(app);
    await app.idle();
    assert.deepEqual(app.held(), { entries: 1, blobs: 1, staged: 0 });
    assert.ok(await app.metric("vault_upstream_resumes_total") >= 1);
    await app.logged(/^INFO cache miss files \/files\/a\.bin 200 600000 bytes .* upstream \S+ \(not cached\)$/);
    await app.logged(/^INFO Transfer complete files \/a\.bin 600000 bytes/);
  });
}

Deno.test("reset in the middle: gone on with under a strong validator, broken off without one", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a.bin", whole);
  upstream.serve("/b.bin", unresumable);
  await using proxy = await startFaultProxy(upstream.origin);
  await using app = await startApp({ upstream: proxy.origin });
  proxy.cut(half);
  await assertWhole(app);
  proxy.cutAll();
  proxy.cut(half);
  assertBroken(await app.ask("/files/b.bin"));
  await app.idle();
  assert.deepEqual(app.held(), { entries: 1, blobs: 1, staged: 0 });
});

Deno.test("longer body than announced: what was announced is the body, and nothing of the rest gets into the next one", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a.bin", { ...whole, fault: { kind: "excess", bytes: 5000 } });
  upstream.serve("/b.txt", { body: "another body" });
  await using app = await startApp({ upstream: upstream.origin });
  await assertWhole(app);
  assert.equal((await app.ask("/files/b.txt")).text, "another body");
  await app.idle();
  assert.equal(app.held().staged, 0);
});

Deno.test("a range of a body that changes or breaks is broken off, and nothing is kept", async () => {
  await using upstream = startFakeUpstream();
  await using app = await startApp({ upstream: upstream.origin, top: { range_ahead: "64KiB" } });
  const headers = { range: `bytes=${half}-` };
  upstream.serve(
    "/a.bin",
    sequence({ ...whole, fault: { kind: "close", afterBytes: half / 2 } }, { body: other, etag: '"2"' }),
  );
  const answer = await app.ask("/files/a.bin", { headers });
  assert.equal(answer.status, 206);
  assert.ok(!answer.complete && body.matches(answer.body, half));
  await app.idle();
  assert.deepEqual(app.held(), { entries: 0, blobs: 0, staged: 0 });
  upstream.serve("/a.bin", whole);
  const again = await app.ask("/files/a.bin", { headers });
  assert.ok(again.complete && again.body.length === half && body.matches(again.body, half));
});

Deno.test("wrong Content-Range in answer to a range of a cold file: never wrong bytes, and the whole file can be had", async () => {
  for (const contentRange of ["bytes 0-9/10", "bytes */10", "nonsense", "bytes 9-0/10"]) {
    await using upstream = startFakeUpstream();
    upstream.serve("/a.bin", ({ range }) => range ? { ...whole, headers: { "content-range": contentRange } } : whole);
    await using app = await startApp({ upstream: upstream.origin, top: { range_ahead: "64KiB" } });
    const answer = await app.ask("/files/a.bin", { headers: { range: `bytes=${half}-` } });
    assert.equal(answer.status, 206);
    assert.ok(body.matches(answer.body, half));
    await assertWhole(app);
  }
});

/** Where nobody falls silent, a machine that is busy may take its time. */
function timeoutFor(name: string): string {
  return name.startsWith("silent") ? "300ms" : "30s";
}

/** Two clients of one transfer: upstream does not answer before both wait for it. */
async function askTogether(app: AppFixture, upstream: FakeUpstream): Promise<RawAnswer[]> {
  const hold = upstream.hold("/a.bin");
  const asked = [app.ask("/files/a.bin"), app.ask("/files/a.bin")];
  await waitUntil("both wait", async () => await app.metric("vault_collapsed_requests_total") === 1);
  hold.release();
  return await Promise.all(asked);
}

function dated(answer: Answer): Answer {
  const { etag: _, ...rest } = answer;
  const lastModified = "Mon, 02 Nov 2026 10:00:00 GMT";
  return { ...rest, lastModified, headers: { date: "Mon, 02 Nov 2026 11:00:00 GMT" } };
}

/** Deno 2.6 sends no head at all where the body breaks before its first byte. */
function assertBroken(answer: RawAnswer, expected = body): void {
  assert.ok(answer.status === 200 || (answer.status === 0 && answer.body.length === 0), String(answer.status));
  assert.ok(!answer.complete, `${answer.body.length} bytes look complete`);
  assert.ok(answer.body.length < expected.size && expected.matches(answer.body, 0));
}

async function assertWhole(app: AppFixture): Promise<RawAnswer> {
  const answer = await app.ask("/files/a.bin");
  assert.deepEqual(
    [answer.status, answer.complete, answer.body.length],
    [200, true, body.size],
    answer.text.slice(0, 500),
  );
  assert.ok(body.matches(answer.body, 0));
  return answer;
}
