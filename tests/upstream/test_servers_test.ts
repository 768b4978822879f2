import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { sequence, startFakeUpstream } from "../support/fake_upstream.ts";
import { canReset, startFaultProxy } from "../support/fault_proxy.ts";
import { maxPatternChunk, Pattern } from "../support/pattern.ts";

const pattern = new Pattern(3_000_000);

/** A fetch over a connection of its own, so that no test meets another one's broken connections. */
async function get(url: string, init: RequestInit = {}): Promise<Response> {
  return await fetch(url, {
    ...init,
    headers: { "accept-encoding": "identity", connection: "close", ...init.headers },
  });
}

Deno.test("a pattern is the same however it is cut, and nowhere the same twice", () => {
  const bytes = pattern.bytes();
  assert.equal(bytes.length, pattern.size);
  assert.equal(pattern.sha256(), createHash("sha256").update(bytes).digest("hex"));
  assert.ok(pattern.matches(bytes.subarray(1_048_000, 1_400_000), 1_048_000));
  assert.ok(!pattern.matches(bytes.subarray(0, 100), maxPatternChunk));
  assert.ok(!pattern.matches(bytes.subarray(0, 100), pattern.size - 50), "beyond the end");
  assert.ok(!new Pattern(pattern.size, 2).matches(bytes.subarray(0, 100), 0));
  bytes[70_000]! ^= 1;
  assert.ok(!pattern.matches(bytes, 0));
});

const requests: readonly (readonly [headers: Record<string, string>, status: number, start: number, end: number])[] = [
  [{}, 200, 0, 3_000_000],
  [{ range: "bytes=10-19" }, 206, 10, 20],
  [{ range: "bytes=2999999-" }, 206, 2_999_999, 3_000_000],
  [{ range: "bytes=-5" }, 206, 2_999_995, 3_000_000],
  [{ range: "bytes=3000000-" }, 416, 0, 0],
  [{ range: "bytes=5-", "if-range": '"e"' }, 206, 5, 3_000_000],
  [{ range: "bytes=5-", "if-range": '"other"' }, 200, 0, 3_000_000],
  [{ "if-none-match": '"x", "e"' }, 304, 0, 0],
];

for (const [headers, status, start, end] of requests) {
  Deno.test(`fake upstream: ${JSON.stringify(headers)} is ${status}`, async () => {
    await using upstream = startFakeUpstream();
    upstream.serve("/f", { body: pattern, etag: '"e"' });
    const response = await get(upstream.url("/f"), { headers });
    const bytes = new Uint8Array(await response.arrayBuffer());
    assert.deepEqual([response.status, bytes.length], [status, end - start]);
    assert.ok(pattern.matches(bytes, start));
    assert.deepEqual([upstream.count("/f"), upstream.sentBytes], [1, end - start]);
  });
}

Deno.test("fake upstream: a hold keeps an answer until it is released", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/f", sequence({ body: pattern }, { status: 404, body: "not here any more" }));
  const hold = upstream.hold("/f", 1_000_000);
  const fetching = get(upstream.url("/f")).then((response) => response.arrayBuffer());
  await hold.reached;
  const request = await upstream.waitForRequest(1, "/f");
  assert.equal(request.sentBytes, 1_000_000);
  hold.release();
  assert.equal((await fetching).byteLength, pattern.size);
  assert.equal(await request.finished, "sent");
  assert.equal(await (await get(upstream.url("/f"))).text(), "not here any more");
});

Deno.test("fault proxy: cuts so many connections after so many bytes, then leaves them alone", async () => {
  await using upstream = startFakeUpstream();
  await using proxy = await startFaultProxy(upstream.origin);
  upstream.serve("/f", { body: pattern });
  proxy.cut(1_000_000, 2);
  for (let i = 0; i < 2; i++) await assert.rejects(get(proxy.url("/f")).then((response) => response.arrayBuffer()));
  assert.ok(proxy.downBytes <= 2_000_000);
  assert.ok(pattern.matches(new Uint8Array(await (await get(proxy.url("/f"))).arrayBuffer()), 0));
  assert.equal(proxy.connectionCount, 3);
});

Deno.test("fault proxy: stands still, refuses, and accepts again", async () => {
  await using upstream = startFakeUpstream();
  await using proxy = await startFaultProxy(upstream.origin);
  upstream.serve("/f", { body: pattern });
  const stall = proxy.stall(500_000);
  const fetching = get(proxy.url("/f")).then((response) => response.arrayBuffer());
  await stall.reached;
  assert.equal(proxy.downBytes, 500_000);
  stall.release();
  assert.equal((await fetching).byteLength, pattern.size);
  await proxy.refuse();
  await assert.rejects(get(proxy.url("/f")));
  await proxy.accept();
  assert.equal((await (await get(proxy.url("/f"))).arrayBuffer()).byteLength, pattern.size);
});

Deno.test({
  name: "fault proxy: a cut is a reset",
  ignore: !canReset,
  async fn() {
    await using upstream = startFakeUpstream();
    await using proxy = await startFaultProxy(upstream.origin);
    proxy.cut(10);
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(proxy.origin).port) });
    await connection.write(new TextEncoder().encode("GET /f HTTP/1.1\r\n\r\n"));
    await assert.rejects(async () => {
      while (await connection.read(new Uint8Array(100)) !== null);
    }, Deno.errors.ConnectionReset);
    connection.close();
  },
});
