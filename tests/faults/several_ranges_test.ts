import assert from "node:assert/strict";
import { startApp } from "../support/app_fixture.ts";
import { startFakeUpstream } from "../support/fake_upstream.ts";
import { Pattern } from "../support/pattern.ts";
import type { RawAnswer } from "../support/raw_client.ts";

const size = 4 * 1024 * 1024;
const body = new Pattern(size);
const ranges: readonly (readonly [start: number, end: number])[] = [
  [size - 1000, size],
  [0, 300_000],
  [1_000_000, 1_000_001],
  [2_000_000, 3_000_000],
];
const range = `bytes=${ranges.map(([start, end]) => `${start}-${end - 1}`).join(",")}`;

for (const cold of [true, false]) {
  Deno.test(`several ranges of a ${cold ? "cold" : "held"} file: each part has its bytes, and upstream sends the file once`, async () => {
    await using upstream = startFakeUpstream();
    upstream.serve("/a.bin", { body, etag: '"1"', headers: { "content-type": "application/x-disk" } });
    await using app = await startApp({ upstream: upstream.origin, backend: { ttl: "1h" } });
    if (!cold) await app.ask("/files/a.bin");
    await app.idle();
    assertParts(await app.ask("/files/a.bin", { headers: { range } }));
    await app.idle();
    assert.equal(upstream.sentBytes, size);
    assert.deepEqual(app.held(), { entries: 1, blobs: 1, staged: 0 });
  });
}

Deno.test("a client that leaves within several ranges leaves no file open", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a.bin", { body, etag: '"1"' });
  await using app = await startApp({ upstream: upstream.origin, backend: { ttl: "1h" } });
  await app.ask("/files/a.bin");
  await app.idle();
  const answer = await fetch(`${app.origin}/files/a.bin`, { headers: { range } });
  await answer.body!.cancel();
  assert.equal(answer.status, 206);
});

Deno.test("several ranges of a file whose length is not known yet: the whole", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a.bin", { body, framing: "chunked" });
  await using app = await startApp({ upstream: upstream.origin });
  const { status, body: got } = await app.ask("/files/a.bin", { headers: { range } });
  assert.deepEqual([status, got.length], [200, size]);
});

function assertParts({ status, complete, headers, body: got }: RawAnswer): void {
  assert.deepEqual([status, complete], [206, true]);
  assert.equal(headers.get("content-length"), String(got.length));
  const boundary = /boundary=(\w+)$/.exec(headers.get("content-type")!)![1];
  const text = new TextDecoder("latin1");
  let at = 0;
  for (const [start, end] of ranges) {
    const head = `\r\n--${boundary}\r\nContent-Type: application/x-disk\r\n` +
      `Content-Range: bytes ${start}-${end - 1}/${size}\r\n\r\n`;
    assert.equal(text.decode(got.subarray(at, at + head.length)), head);
    at += head.length;
    const length = end - start;
    assert.deepEqual(got.subarray(at, at + length), bytesAt(start, length));
    at += length;
  }
  assert.equal(text.decode(got.subarray(at)), `\r\n--${boundary}--\r\n`);
}

function bytesAt(start: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const chunk = body.chunk(start + at, Math.min(64 * 1024, length - at));
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
