import assert from "node:assert/strict";
import { type AppFixture, startApp } from "../../support/app_fixture.ts";
import { type Answer, startFakeUpstream } from "../../support/fake_upstream.ts";

const passOn = { upstream_errors: "pass_on", negative_ttl: 0 };
const xml = '<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>';
const largest = 64 * 1024;

/** What a store answers for what it does not have. */
function said(status: number, more: Partial<Answer> = {}): Answer {
  return {
    status,
    body: xml,
    headers: { "content-type": "application/xml", "x-amz-request-id": "4442587FB7D0A2F9" },
    ...more,
  };
}

async function assertExplained(app: AppFixture, status: number, path = "/files/a"): Promise<void> {
  const { status: got, text } = await app.ask(path);
  assert.equal(got, status);
  assert.match(text, new RegExp(`^${status} \\w+\nGET ${path}\n`));
}

for (const status of [201, 202, 204, 299, 300, 302, 400, 401, 403, 404, 410, 418, 429, 499, 500, 501, 503, 599]) {
  Deno.test(`upstream_errors: pass_on: ${status} reaches the client unchanged, to GET and HEAD, and is not kept`, async () => {
    await using upstream = startFakeUpstream();
    upstream.serve("/a", said(status, status === 204 ? { body: "" } : {}));
    await using app = await startApp({ upstream: upstream.origin, backend: passOn });
    for (const method of ["GET", "HEAD", "GET"]) {
      const { headers, ...got } = await app.ask("/files/a", { method });
      assert.equal(got.status, status);
      assert.equal(got.text, method === "HEAD" || status === 204 ? "" : xml);
      assert.equal(headers.get("content-length"), status === 204 ? null : String(xml.length));
      assert.equal(headers.get("content-type"), "application/xml");
      assert.equal(headers.get("x-amz-request-id"), "4442587FB7D0A2F9");
      assert.equal(headers.get("content-security-policy"), "sandbox allow-downloads");
      assert.match(headers.get("cache-status")!, new RegExp(`^vault; fwd=miss; fwd-status=${status}; detail=\\w+$`));
    }
    assert.ok(upstream.count("/a", "GET") >= 2, "none is remembered");
    assert.equal(app.held().blobs, 0);
    const isAbsent = status === 404 || status === 410;
    const failures = app.metric("vault_upstream_failures_total", `reason="${status}"`);
    assert.equal(await failures, isAbsent ? 0 : 3, "that there is no such file is no failure");
  });
}

for (const status of [206, 304, 407, 408, 411, 416, 417, 421, 425, 426, 431]) {
  Deno.test(`upstream_errors: pass_on: ${status} is about the vault's own request, and is explained`, async () => {
    await using upstream = startFakeUpstream();
    upstream.serve("/a", said(status));
    await using app = await startApp({ upstream: upstream.origin, backend: passOn });
    await assertExplained(app, status === 407 ? 403 : 502);
  });
}

Deno.test("by default an upstream's error is explained", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", said(500));
  await using app = await startApp({ upstream: upstream.origin });
  await assertExplained(app, 502);
});

for (const framing of ["length", "chunked"] as const) {
  Deno.test(`an error that is passed on has at most 64 KiB, else it is explained (${framing})`, async () => {
    await using upstream = startFakeUpstream();
    upstream.serve("/a", said(500, { body: "x".repeat(largest), framing }));
    upstream.serve("/b", said(500, { body: "x".repeat(largest + 1), framing }));
    await using app = await startApp({ upstream: upstream.origin, backend: passOn });
    const { status, body, headers } = await app.ask("/files/a");
    assert.deepEqual([status, body.byteLength, headers.get("content-length")], [500, largest, String(largest)]);
    await assertExplained(app, 502, "/files/b");
  });
}

Deno.test("an error whose body breaks off is explained, as is an upstream that does not answer", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", said(404, { fault: { kind: "close", afterBytes: 10 } }));
  upstream.serve("/b", { fault: { kind: "close" } });
  await using app = await startApp({ upstream: upstream.origin, backend: passOn });
  await assertExplained(app, 404);
  await assertExplained(app, 502, "/files/b");
});

Deno.test("of an error that is passed on, clients get no header that a file's would not have", async () => {
  await using upstream = startFakeUpstream();
  const headers = {
    "content-type": "text/html",
    "set-cookie": "a=b",
    "server": "secret/1.0",
    "www-authenticate": "Basic",
    "location": "https://[",
    "access-control-allow-origin": "*",
    "retry-after": "Wed, 21 Oct 2099 07:28:00 GMT",
    "age": "7",
    "cache-control": "max-age=60",
  };
  upstream.serve("/a", { status: 302, body: "<script>1</script>", headers });
  await using app = await startApp({ upstream: upstream.origin, backend: passOn });
  const got = await app.ask("/files/a");
  assert.deepEqual([got.status, got.text], [302, "<script>1</script>"]);
  for (const name of ["set-cookie", "server", "www-authenticate", "location", "access-control-allow-origin"]) {
    assert.equal(got.headers.get(name), null, name);
  }
  for (const name of ["retry-after", "age", "cache-control"] as const) {
    assert.equal(got.headers.get(name), headers[name], name);
  }
  assert.equal(got.headers.get("content-security-policy"), "sandbox allow-downloads");
  assert.equal(got.headers.get("x-content-type-options"), "nosniff");
  await app.logged(/^INFO .* \/files\/a 302 .*: Cannot fetch .* upstream answered 302 with an unusable Location/);
});

Deno.test("a copy that may be served comes before an error that would be passed on", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: "good" });
  await using app = await startApp({ upstream: upstream.origin, backend: passOn });
  await app.ask("/files/a");
  await app.idle();
  for (const status of [204, 302, 404, 503]) {
    upstream.serve("/a", said(status));
    const { status: got, text } = await app.ask("/files/a");
    assert.deepEqual([got, text], [200, "good"], String(status));
  }
});

Deno.test("of several upstreams' errors the one that counts is passed on", async () => {
  await using first = startFakeUpstream();
  await using second = startFakeUpstream();
  await using app = await startApp({ upstream: [first.origin, second.origin], backend: passOn });
  const answers: readonly [Answer, Answer, number][] = [
    [said(404), said(503, { body: "busy" }), 503],
    [said(503, { body: "busy" }), said(404), 503],
    [said(404), said(404), 404],
  ];
  for (const [one, other, status] of answers) {
    first.serve("/a", one);
    second.serve("/a", other);
    const got = await app.ask("/files/a");
    assert.deepEqual([got.status, got.text], [status, status === 503 ? "busy" : xml]);
  }
  first.serve("/b", { fault: { kind: "close" } });
  second.serve("/b", said(404));
  await assertExplained(app, 502, "/files/b");
});

Deno.test("a remembered 404 is told unchanged, with its age, to who asks the same; another gets our words", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", said(404, { headers: { "content-type": "application/xml", "age": "100" } }));
  await using app = await startApp({ upstream: upstream.origin, backend: { ...passOn, negative_ttl: "1h" } });
  for (const method of ["GET", "GET", "HEAD"]) {
    const { status, text, headers } = await app.ask("/files/a", { method });
    assert.deepEqual([status, text], [404, method === "HEAD" ? "" : xml]);
    assert.equal(headers.get("content-length"), String(xml.length));
    assert.match(headers.get("age")!, /^10\d$/);
  }
  const other = await app.ask("/files/a", { headers: { accept: "application/json" } });
  assert.match(other.text, /^404 not_found\n/);
  assert.equal(upstream.count("/a"), 1);
});

Deno.test("everyone who waits for the same artifact gets the error", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", said(503));
  const hold = upstream.hold("/a");
  await using app = await startApp({ upstream: upstream.origin, backend: passOn });
  const asked = Array.from({ length: 5 }, () => app.ask("/files/a"));
  await hold.reached;
  hold.release();
  for (const { status, text } of await Promise.all(asked)) assert.deepEqual([status, text], [503, xml]);
});
