import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { BodyReader } from "../../src/upstream/body_reader.ts";
import { notesOf } from "../../src/upstream/response_notes.ts";
import { type FakeUpstream, sequence, startFakeUpstream } from "../support/fake_upstream.ts";
import { startFaultProxy } from "../support/fault_proxy.ts";
import { Pattern } from "../support/pattern.ts";
import { createTestClient } from "../support/upstream_client.ts";

const pattern = new Pattern(300_000);

Deno.test("503, 503, 200: one answer, three requests", async () => {
  await using upstream = startFakeUpstream();
  using client = createTestClient(upstream.origin);
  upstream.serve("/f", sequence({ status: 503 }, { status: 503, body: pattern }, { body: "here" }));
  const response = await client.fetch(new Request(upstream.url("/f")));
  assert.equal(await response.text(), "here");
  assert.equal(upstream.count("/f", "GET"), 3);
  assert.equal(notesOf(response).attempts, 3);
});

for (const [name, retryRateLimited, requests] of [["repeated", true, 4], ["handed on at once", false, 1]] as const) {
  Deno.test(`429 is ${name} where retryRateLimited is ${retryRateLimited}`, async () => {
    await using upstream = startFakeUpstream();
    using client = createTestClient(upstream.origin, { retryRateLimited });
    upstream.serve("/f", { status: 429, body: "wait" });
    assert.equal(await (await client.fetch(new Request(upstream.url("/f")))).text(), "wait");
    assert.equal(upstream.requests.length, requests);
  });
}

Deno.test("connections that break before an answer are tried again", async () => {
  await using upstream = startFakeUpstream();
  await using proxy = await startFaultProxy(upstream.origin);
  using client = createTestClient(upstream.origin);
  upstream.serve("/f", { body: "here" });
  proxy.cut(0, 2);
  assert.equal(await (await client.fetch(new Request(proxy.url("/f")))).text(), "here");
});

Deno.test("an upstream that is gone: what was tried, and how often", async () => {
  await using upstream = startFakeUpstream();
  await using proxy = await startFaultProxy(upstream.origin);
  using client = createTestClient(upstream.origin);
  await proxy.refuse();
  await assert.rejects(client.fetch(new Request(proxy.url("/f?sig=secret"))), {
    code: "upstream_failed",
    message: `Cannot fetch "${proxy.url("/f")}?…": connection refused after 4 attempts`,
  });
});

Deno.test("silent after accept: upstream_silent, once, and the connection is given up", async () => {
  await using upstream = startFakeUpstream();
  using client = createTestClient(upstream.origin, { timeoutMs: 50 });
  upstream.serve("/f", { fault: { kind: "silent" } });
  await assert.rejects(client.fetch(new Request(upstream.url("/f"))), {
    code: "upstream_silent",
    message: `Cannot fetch "${upstream.url("/f")}": no answer for 0.05 s`,
  });
  assert.equal(await (await upstream.waitForRequest(1)).finished, "cut");
  assert.equal(upstream.requests.length, 1);
});

Deno.test("silent in the middle: the body reader knows the client's time-out", async () => {
  await using upstream = startFakeUpstream();
  using client = createTestClient(upstream.origin, { timeoutMs: 50 });
  upstream.serve("/f", { body: pattern, fault: { kind: "silent", afterBytes: 0 } });
  const reader = new BodyReader(await client.fetch(new Request(upstream.url("/f"))), { url: upstream.url("/f") });
  await assert.rejects(reader.read(new Uint8Array(100)), { code: "upstream_silent" });
});

Deno.test("a redirect to another origin: the range goes along, the credentials stay", async () => {
  await using upstream = startFakeUpstream();
  await using cdn = startFakeUpstream();
  using client = createTestClient(upstream.origin, {
    credentials: { kind: "bearer", token: "secret" },
    headers: [["x-key", "secret"]],
  });
  upstream.serve("/f", { status: 307, body: pattern, headers: { location: cdn.url("/g") } });
  cdn.serve("/g", { body: pattern, etag: '"e"' });
  const headers = { range: "bytes=1000-1999", "if-range": '"e"' };
  const response = await client.fetch(new Request(upstream.url("/f"), { headers }));
  assert.equal(response.status, 206);
  assert.equal(response.url, cdn.url("/g"));
  assert.ok(pattern.matches(new Uint8Array(await response.arrayBuffer()), 1000));
  const sentTo = (server: FakeUpstream) =>
    ["authorization", "x-key", "range", "if-range", "user-agent", "accept-encoding"].map((name) =>
      server.requests[0]?.headers.get(name) ?? null
    );
  const common = ["bytes=1000-1999", '"e"', "artifact-vault/test", "identity"];
  assert.deepEqual(sentTo(upstream), ["Bearer secret", "secret", ...common]);
  assert.deepEqual(sentTo(cdn), [null, null, ...common]);
});

Deno.test("a redirect loop is asked for once round", async () => {
  await using upstream = startFakeUpstream();
  using client = createTestClient(upstream.origin);
  upstream.serve("/a", { status: 302, headers: { location: "/b" } });
  upstream.serve("/b", { status: 302, headers: { location: "/a" } });
  await assert.rejects(client.fetch(new Request(upstream.url("/a"))), { code: "upstream_failed", message: /circle/ });
  assert.equal(upstream.requests.length, 2);
});

for (const status of [401, 403, 404, 410, 429, 500, 503]) {
  Deno.test(`${status} is handed on with its headers`, async () => {
    await using upstream = startFakeUpstream();
    using client = createTestClient(upstream.origin, { retries: 0 });
    upstream.serve("/f", { status, headers: { "retry-after": "60", "www-authenticate": "Bearer" } });
    const response = await client.fetch(new Request(upstream.url("/f")));
    assert.equal(response.status, status);
    assert.equal(response.headers.get("retry-after"), "60");
    assert.equal(await response.text(), "");
  });
}

Deno.test("a request that is given up throws the reason of its signal", async () => {
  await using upstream = startFakeUpstream();
  using client = createTestClient(upstream.origin);
  upstream.serve("/f", { fault: { kind: "silent" } });
  const gone = new AbortController();
  const fetching = client.fetch(new Request(upstream.url("/f"), { signal: gone.signal }));
  await upstream.waitForRequest(1);
  gone.abort(new Error("the client left"));
  await assert.rejects(fetching, /the client left/);
  assert.equal(upstream.requests.length, 1);
});

Deno.test({
  name: "a host that may not be connected to is permission_missing",
  permissions: { net: ["127.0.0.1:1"] },
  async fn() {
    using client = createTestClient("http://127.0.0.1:2");
    await assert.rejects(client.fetch(new Request("http://127.0.0.1:2/f")), {
      code: "permission_missing",
      message: /start it with --allow-net=127.0.0.1:2$/,
    });
  },
});

Deno.test("a request that names a coding gets its body decoded, and its size untold; the URL stays known", async () => {
  await using upstream = startFakeUpstream();
  using client = createTestClient(upstream.origin);
  const bytes = pattern.bytes(0, 10_000);
  upstream.serve("/f", (request) => {
    const packs = request.headers.get("accept-encoding") === "gzip";
    return packs ? { body: gzipSync(bytes), headers: { "content-encoding": "gzip" }, etag: '"e"' } : { body: bytes };
  });
  const packed = await client.fetch(new Request(upstream.url("/f"), { headers: { "accept-encoding": "gzip" } }));
  assert.deepEqual([packed.url, packed.headers.get("etag")], [upstream.url("/f"), '"e"']);
  for (const name of ["content-encoding", "content-length"]) assert.equal(packed.headers.get(name), null);
  assert.deepEqual(new Uint8Array(await packed.arrayBuffer()), bytes);
  const plain = await client.fetch(new Request(upstream.url("/f")));
  assert.equal(plain.headers.get("content-length"), "10000");
  await plain.body?.cancel();
});
