import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { VaultError } from "../../src/errors.ts";
import { BodyReader, type BodyReaderOptions } from "../../src/upstream/body_reader.ts";
import { addNotes } from "../../src/upstream/response_notes.ts";
import { type Answer, startFakeUpstream } from "../support/fake_upstream.ts";
import { canReset, startFaultProxy } from "../support/fault_proxy.ts";
import { Pattern } from "../support/pattern.ts";
import { ManualClock } from "./clocks.ts";

const url = "https://user:secret@upstream.test/file?signature=secret";
const pattern = new Pattern(1_000_003);

/** Reads to the end through one buffer, as the engine does; checks the bytes against `pattern` as they come. */
async function readAll(reader: BodyReader, seen: { bytes: number } = { bytes: 0 }): Promise<number> {
  let buffer = new Uint8Array(256 * 1024);
  for (;;) {
    const bytes = await reader.read(buffer);
    if (bytes === null) return seen.bytes;
    assert.ok(bytes.length > 0 && bytes.byteOffset === 0);
    assert.ok(pattern.matches(bytes, seen.bytes), `wrong bytes at ${seen.bytes}`);
    seen.bytes += bytes.length;
    buffer = new Uint8Array(bytes.buffer);
  }
}

async function open(target: string, options: Partial<BodyReaderOptions> = {}): Promise<BodyReader> {
  const response = await fetch(target, { headers: { "accept-encoding": "identity" } });
  return new BodyReader(response, { url, ...options });
}

const whole: readonly (readonly [name: string, answer: Answer, bytes: number])[] = [
  ["a body with Content-Length is read whole", { body: pattern }, pattern.size],
  ["a chunked body is read whole", { body: pattern, framing: "chunked" }, pattern.size],
  ["a body that ends with its connection is read whole", { body: pattern, framing: "close" }, pattern.size],
  ["an empty body ends at once", { body: "" }, 0],
  ["an empty chunked body ends at once", { body: "", framing: "chunked" }, 0],
  ["bytes beyond Content-Length are not read", { body: pattern, fault: { kind: "excess", bytes: 99 } }, pattern.size],
];

for (const [name, answer, bytes] of whole) {
  Deno.test(name, async () => {
    await using upstream = startFakeUpstream();
    upstream.serve("/file", answer);
    assert.equal(await readAll(await open(upstream.url("/file"))), bytes);
  });
}

const cut: readonly (readonly [name: string, answer: Answer])[] = [
  ["a body shorter than its Content-Length is an error", {
    body: pattern,
    fault: { kind: "close", afterBytes: 500_000 },
  }],
  ["a body with a missing last byte is an error", {
    body: pattern,
    fault: { kind: "close", afterBytes: pattern.size - 1 },
  }],
  ["a chunked body without its last chunk is an error", {
    body: pattern,
    framing: "chunked",
    fault: { kind: "close", afterBytes: pattern.size },
  }],
];

for (const [name, answer] of cut) {
  Deno.test(name, async () => {
    await using upstream = startFakeUpstream();
    upstream.serve("/file", answer);
    const seen = { bytes: 0 };
    const reader = await open(upstream.url("/file"));
    await assert.rejects(readAll(reader, seen), {
      code: "upstream_failed",
      message: 'Cannot read "https://upstream.test/file?…" to the end: the connection broke',
    });
    assert.equal(seen.bytes, upstream.sentBytes, "what arrived before the break is handed out");
  });
}

Deno.test({
  name: "a reset is an error even where the end of the connection is the end of the body",
  ignore: !canReset,
  async fn() {
    await using upstream = startFakeUpstream();
    await using proxy = await startFaultProxy(upstream.origin);
    upstream.serve("/file", { body: pattern, framing: "close" });
    proxy.cut(500_000);
    await assert.rejects(readAll(await open(proxy.url("/file"))), { code: "upstream_failed" });
  },
});

Deno.test("an upstream that falls silent in the middle is given up, and so is its connection", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/file", { body: pattern, fault: { kind: "silent", afterBytes: 300_000 } });
  const seen = { bytes: 0 };
  await assert.rejects(readAll(await open(upstream.url("/file"), { timeoutMs: 50 }), seen), {
    code: "upstream_silent",
    message: 'Cannot read "https://upstream.test/file?…" to the end: no byte for 0.05 s',
  });
  assert.equal(seen.bytes, 300_000);
  assert.equal(await (await upstream.waitForRequest(1)).finished, "cut");
});

Deno.test("cancel ends a waiting read, every later one, and the connection", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/file", { body: pattern, fault: { kind: "silent", afterBytes: 0 } });
  const reader = await open(upstream.url("/file"), { timeoutMs: 60_000 });
  const waiting = reader.read(new Uint8Array(10));
  reader.cancel(new VaultError("shutting_down", "enough"));
  await assert.rejects(waiting, { code: "shutting_down" });
  await assert.rejects(reader.read(new Uint8Array(10)), { code: "shutting_down" });
  assert.equal(await (await upstream.waitForRequest(1)).finished, "cut");
});

Deno.test("an upstream that gzips regardless: kept as sent, or decoded and without its length before Deno 2.9", async () => {
  await using upstream = startFakeUpstream();
  const gzipped = gzipSync(pattern.bytes(0, 10_000));
  upstream.serve("/file", { body: gzipped, headers: { "content-encoding": "gzip" } });
  const response = await fetch(upstream.url("/file"), { headers: { "accept-encoding": "identity" } });
  const encoding = response.headers.get("content-encoding");
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (encoding === "gzip") {
    assert.deepEqual(bytes, new Uint8Array(gzipped));
    assert.equal(response.headers.get("content-length"), String(gzipped.length));
  } else {
    assert.ok(bytes.length === 10_000 && pattern.matches(bytes, 0));
    assert.equal(response.headers.get("content-length"), null);
  }
});

Deno.test("a stream that is no byte stream is read in pieces of the buffer's size", async () => {
  const bytes = pattern.bytes(0, 100);
  const stream = ReadableStream.from([bytes.slice(0, 70), new Uint8Array(), bytes.slice(70)]);
  const reader = new BodyReader(new Response(stream), { url });
  const sizes: number[] = [];
  let at = 0;
  for (let read; (read = await reader.read(new Uint8Array(32))) !== null; at += read.length) {
    assert.ok(pattern.matches(read, at));
    sizes.push(read.length);
  }
  assert.deepEqual(sizes, [32, 32, 6, 30]);
});

Deno.test("a response without a body is at its end", async () => {
  assert.equal(await new BodyReader(new Response(null), { url }).read(new Uint8Array(1)), null);
});

/** A body whose chunks come when `push` is called. */
function pushedBody(): { response: Response; push(bytes: number): void; end(): void } {
  let controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({ start: (given) => void (controller = given) });
  return {
    response: new Response(stream),
    push: (bytes) => controller.enqueue(new Uint8Array(bytes)),
    end: () => controller.close(),
  };
}

Deno.test("only waiting counts as silence: a slow consumer never trips the time-out", async () => {
  const clock = new ManualClock();
  const body = pushedBody();
  const reader = new BodyReader(body.response, { url, timeoutMs: 1000, clock });
  for (let i = 0; i < 5; i++) {
    const reading = reader.read(new Uint8Array(8));
    clock.advance(900);
    body.push(8);
    assert.equal((await reading)?.length, 8);
    clock.advance(60_000);
  }
  const reading = reader.read(new Uint8Array(8));
  clock.advance(999);
  clock.advance(1);
  await assert.rejects(reading, { code: "upstream_silent" });
  assert.equal(clock.timerCount, 0);
});

Deno.test("no timer is left after the end", async () => {
  const clock = new ManualClock();
  const body = pushedBody();
  const reader = new BodyReader(body.response, { url, timeoutMs: 1000, clock });
  body.push(8);
  body.end();
  while (await reader.read(new Uint8Array(8)) !== null) assert.equal(clock.timerCount, 1);
  assert.equal(clock.timerCount, 0);
});

Deno.test("the time-out noted on the response holds where none is given", async () => {
  const clock = new ManualClock();
  const { response } = pushedBody();
  addNotes(response, { idleTimeoutMs: 5 });
  const reading = new BodyReader(response, { url, clock }).read(new Uint8Array(8));
  clock.advance(5);
  await assert.rejects(reading, { code: "upstream_silent" });
});
