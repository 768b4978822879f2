import assert from "node:assert/strict";
import { type AppFixture, startApp } from "../support/app_fixture.ts";
import { startFakeUpstream } from "../support/fake_upstream.ts";
import { Pattern } from "../support/pattern.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { waitUntil } from "../support/wait_until.ts";

const MiB = 1024 * 1024;
/** More than the sockets between a server and a client that does not read will take. */
const large = new Pattern(12 * MiB);
const small = "the right bytes";

Deno.test("client leaves at once: the fetch goes on, and the next client is served", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: small });
  const hold = upstream.hold("/a");
  await using app = await startApp({ upstream: upstream.origin, backend: { ttl: "1h" } });
  {
    using client = await app.connect();
    await client.request("/files/a");
    await hold.reached;
  }
  await app.logged(
    /^INFO request files \/files\/a 499 0 bytes .*: the client left$/,
  );
  hold.release();
  assert.equal((await app.ask("/files/a")).text, small);
  assert.equal(upstream.count("/a"), 1);
});

Deno.test("client leaves at once, and a stale copy is held: nothing stays open", async () => {
  await using upstream = startFakeUpstream();
  const body = new Pattern(MiB);
  upstream.serve("/a", { body });
  await using app = await startApp({ upstream: upstream.origin, backend: { ttl: 0 } });
  assert.ok((await app.ask("/files/a")).complete);
  await app.idle();
  const hold = upstream.hold("/a");
  {
    using client = await app.connect();
    await client.request("/files/a");
    await hold.reached;
  }
  await app.logged(/the client left$/);
  hold.release();
  await app.idle();
  assert.deepEqual(openBlobs(app), []);
});

Deno.test("client leaves in the middle: the others get it whole, and it is kept", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: large, etag: '"1"' });
  const hold = upstream.hold("/a", MiB);
  await using app = await startApp({ upstream: upstream.origin, backend: { ttl: "1h" } });
  const leaving = await app.connect();
  {
    using client = leaving;
    await client.request("/files/a");
    await client.readSome(1000);
  }
  const staying = app.ask("/files/a");
  await app.logged(/^INFO cache miss files \/files\/a 200 \d+ bytes .*: the client left$/);
  hold.release();
  const answer = await staying;
  assert.ok(answer.complete && answer.body.length === large.size && large.matches(answer.body, 0));
  await app.idle();
  assert.deepEqual(app.held(), { entries: 1, blobs: 1, staged: 0 });
  assert.equal(upstream.count("/a"), 1);
  assert.equal(await app.metric("vault_aborted_responses_total"), 1);
  const hits = app.lines.filter((line) => line.includes("the client left"));
  assert.equal(hits.length, 1, "only the one that left is said to have left");
});

Deno.test("client reads a byte and then no more: others are not slowed, and it gets the rest when it reads on", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: large, etag: '"1"' });
  await using app = await startApp({ upstream: upstream.origin, backend: { ttl: "1h" } });
  using slow = await app.connect();
  await slow.request("/files/a");
  assert.ok(await slow.readSome(1));
  for (let i = 0; i < 2; i++) {
    const answer = await app.ask("/files/a");
    assert.ok(answer.complete && large.matches(answer.body, 0));
  }
  await app.idle();
  assert.equal(upstream.count("/a"), 1);
  await slow.readSome(1);
  const answer = await slow.answer();
  assert.ok(answer.complete && answer.body.length === large.size && large.matches(answer.body, 0));
});

Deno.test("client reads a byte of a hit and leaves: it is logged, counted, and the file is closed", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: large });
  await using app = await startApp({ upstream: upstream.origin, backend: { ttl: "1h" } });
  await app.ask("/files/a");
  await app.idle();
  {
    using client = await app.connect();
    await client.request("/files/a");
    await client.readSome(1);
    await waitUntil("the blob is open", () => openBlobs(app).length > 0);
  }
  await app.logged(/^INFO cache hit files \/files\/a 200 \d+ bytes .*: the client left$/);
  await waitUntil("the blob is closed", () => openBlobs(app).length === 0, 3000);
  assert.ok(await app.metric("vault_sent_bytes_total", 'backend="files"') < 2 * large.size);
});

Deno.test("client leaves before upstream answers, with abandoned_transfer: stop: the fetch stops then", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: large, etag: '"1"' });
  const hold = upstream.hold("/a");
  await using app = await startApp({ upstream: upstream.origin, backend: { abandoned_transfer: "stop" } });
  {
    using client = await app.connect();
    await client.request("/files/a");
    await hold.reached;
  }
  await app.logged(/the client left$/);
  hold.release();
  await app.logged(/^WARNING Transfer stopped files \/a: nobody is waiting/);
  await app.idle();
  assert.equal(app.held().entries, 0);
  assert.ok(large.matches((await app.ask("/files/a")).body, 0));
});

Deno.test("client leaves before its turn: the fetch it started holds no place for ever", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: small });
  upstream.serve("/b", { body: "another" });
  const hold = upstream.hold("/a");
  await using app = await startApp({ upstream: upstream.origin, backend: { max_transfers: 1 } });
  using first = await app.connect();
  await first.request("/files/a");
  await hold.reached;
  {
    using waiting = await app.connect();
    await waiting.request("/files/b");
    await app.ask("/healthz");
  }
  hold.release();
  assert.equal((await first.answer()).text, small);
  assert.equal((await app.ask("/files/b")).text, "another");
});

Deno.test("HTTP/1.0 client: the whole body, and the connection closed after it, from upstream and from the cache", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: small });
  upstream.serve("/unknown", { body: small, framing: "chunked" });
  await using app = await startApp({ upstream: upstream.origin, backend: { ttl: "1h" } });
  for (const target of ["/files/a", "/files/unknown"]) {
    for (let i = 0; i < 2; i++) {
      const answer = await app.ask(target, { version: "1.0", headers: {} });
      assert.deepEqual([answer.status, answer.text, answer.complete], [200, small, true]);
      assert.equal(answer.headers.get("transfer-encoding"), null);
      await app.idle();
    }
  }
});

const ranges: readonly [range: string, status: number, body: string][] = [
  ["bytes=0-2", 206, "the"],
  ["bytes=-5", 206, "bytes"],
  ["bytes=10-99999999999999999999999", 206, "bytes"],
  ["bytes=-99999999999999999999999", 206, small],
  ["bytes=99999999999999999999999-", 416, ""],
  ["bytes=9007199254740991-9007199254740992", 416, ""],
  ["bytes=15-", 416, ""],
  ["bytes=-0", 416, ""],
  ["bytes=5-2", 200, small],
  ["bytes=-5-2", 200, small],
  ["bytes=--5", 200, small],
  [`bytes=${"0-0,".repeat(5000)}0-0`, 200, small],
  ["bytes=a-b", 200, small],
  ["bytes=", 200, small],
  ["lines=1-2", 200, small],
  ["bytes=0x1-0x2", 200, small],
  ["bytes=1e0-2", 200, small],
];

Deno.test("absurd Range: a 206, 416 or 200 as RFC 9110 has it, cold and cached alike", async (t) => {
  await using upstream = startFakeUpstream();
  await using app = await startApp({ upstream: upstream.origin, top: { range_ahead: "1KiB" }, backend: { ttl: "1h" } });
  for (const [i, [range, status, body]] of ranges.entries()) {
    await t.step(range.slice(0, 40), async () => {
      upstream.serve(`/${i}`, { body: small, etag: '"1"' });
      for (let j = 0; j < 2; j++) {
        const answer = await app.ask(`/files/${i}`, { headers: { range } });
        assert.deepEqual([answer.status, answer.text, answer.complete], [status, body, true]);
        assert.equal(
          answer.headers.get("content-range"),
          status === 416 ? "bytes */15" : answer.headers.get("content-range"),
        );
        await app.idle();
      }
    });
  }
  assert.equal(app.held().entries, ranges.length);
});

Deno.test("100 kB header: an answer, and the server goes on", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: small });
  await using app = await startApp({ upstream: upstream.origin });
  const big = "a".repeat(100_000);
  for (const headers of [{ "x-big": big }, { accept: big }, { "if-none-match": `"${big}"` }, { cookie: big }]) {
    const answer = await app.ask("/files/a", { headers: headers as Record<string, string> });
    assert.ok([200, 400, 431].includes(answer.status), String(answer.status));
    assert.ok(answer.complete && (answer.status !== 200 || answer.text === small));
  }
  assert.equal((await app.ask("/files/a")).text, small);
});

const refused: readonly [name: string, target: string | Uint8Array][] = [
  ["..", "/files/../../etc/passwd"],
  [".. behind a segment", "/files/a/../../x"],
  ["%2e%2e%2f", "/files/%2e%2e%2fetc/passwd"],
  ["%2E%2E/", "/files/%2E%2E/etc/passwd"],
  [".%2e", "/files/.%2e/x"],
  ["%2e%2e%5c", "/files/%2e%2e%5cetc"],
  ["a backslash", "/files/..\\..\\x"],
  ["encoded NUL", "/files/a%00b"],
  ["encoded line feed", "/files/a%0ab"],
  ["encoded DEL", "/files/a%7f"],
  ["escapes that are not UTF-8", "/files/%ff%fe"],
  ["an overlong encoding of /", "/files/%c0%af"],
  ["a surrogate in UTF-8", "/files/%ed%a0%80"],
  ["half an escape", "/files/a%2"],
  ["a percent sign alone", "/files/100%"],
  ["NUL", bytes("/files/a\0b")],
  ["a control byte", bytes("/files/a\x07b")],
  ["DEL", bytes("/files/a\x7fb")],
  ["bytes that are not UTF-8", Uint8Array.of(...bytes("/files/"), 0xff, 0xfe)],
  ["10 kB", `/files/${"a".repeat(10_000)}`],
];

Deno.test("paths that nobody should ask for: 400, nothing asked upstream, nothing written outside of the cache", async (t) => {
  await using dir = await createTempDir();
  await using upstream = startFakeUpstream();
  await using app = await startApp({ upstream: upstream.origin, cacheDir: dir.join("deep/cache") });
  for (const [name, target] of refused) {
    await t.step(name, async () => {
      const answer = await app.ask(target);
      assert.equal(answer.status, 400, answer.text);
      assert.ok(answer.complete);
    });
  }
  assert.equal(upstream.requests.length, 0);
  assert.deepEqual(app.held(), { entries: 0, blobs: 0, staged: 0 });
  assert.deepEqual([...Deno.readDirSync(dir.path)].map(({ name }) => name), ["deep"]);
});

const odd: readonly [name: string, path: string][] = [
  ["a segment of 4 kB", `/${"s".repeat(4096)}/file.bin`],
  ["a segment of 4 kB of escapes", `/${"%C3%A9".repeat(682)}/file.bin`],
  ["many segments", `/${"s/".repeat(2000)}file.bin`],
  ["an encoded slash", "/a%2Fb"],
  ["an encoded percent sign", "/100%25"],
  ["dots that are no dot segments", "/.../..a/a../.hidden"],
  ["empty segments", "//a//b//"],
  ["UTF-8", "/%F0%9F%93%A6/%C3%A9"],
  ["names that are devices somewhere", "/con/aux.txt/nul"],
  ["what a shell or SQL would mind", "/$(id)/'--;*"],
  ["a query with everything in it", "/a?x=../..&y=%00&z=%ff&q=a/b?c=d"],
  ["a query of 4 kB", `/a?${"q".repeat(4096)}`],
  ["a file below a file", "/a/b/c"],
];

Deno.test("odd paths that are allowed: each cached under a name of its own, and served when the upstream is gone", async (t) => {
  await using dir = await createTempDir();
  const upstream = startFakeUpstream();
  await using _ = upstream;
  await using app = await startApp({ upstream: upstream.origin, cacheDir: dir.join("cache"), backend: { ttl: "1h" } });
  for (const [name, path] of odd) {
    upstream.serve(path, { body: name });
    const answer = await app.ask(`/files${path}`);
    assert.deepEqual([name, answer.status, answer.text], [name, 200, name]);
  }
  await app.idle();
  assert.deepEqual(app.held(), { entries: odd.length, blobs: odd.length, staged: 0 });
  await upstream[Symbol.asyncDispose]();
  for (const [name, path] of odd) {
    await t.step(name, async () => assert.equal((await app.ask(`/files${path}`)).text, name));
  }
  assert.deepEqual([...Deno.readDirSync(dir.path)].map(({ name }) => name), ["cache"]);
});

const garbage: readonly [name: string, bytes: string][] = [
  ["no HTTP at all", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
  ["a request line that ends at once", "GET\r\n\r\n"],
  ["a version nobody has", "GET / HTTP/9.9\r\n\r\n"],
  ["a header without a name", "GET / HTTP/1.1\r\nhost: x\r\n: y\r\n\r\n"],
  ["nothing", ""],
  ["half a head", "GET /files/a HTTP/1.1\r\nhost:"],
  ["two lengths", "GET /files/a HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello"],
  ["a method nobody has", "BREW /files/a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"],
  ["no host", "GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n"],
];

Deno.test("connections that make no sense cost nobody else anything", async (t) => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: small });
  await using app = await startApp({ upstream: upstream.origin });
  for (const [name, head] of garbage) {
    await t.step(name, async () => {
      using client = await app.connect();
      await client.send(bytes(head));
      assert.equal((await app.ask("/files/a")).text, small);
    });
  }
});

Deno.test("methods that are not served: 405 with what is, also with a body", async () => {
  await using upstream = startFakeUpstream();
  await using app = await startApp({ upstream: upstream.origin });
  for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"]) {
    const answer = await app.ask("/files/a", { method, headers: { "content-length": "0" } });
    assert.deepEqual([answer.status, answer.headers.get("allow")], [405, "GET, HEAD"]);
  }
  assert.equal(upstream.requests.length, 0);
});

function openBlobs(app: AppFixture): string[] {
  return app.openFiles().filter((path) => path.includes("/blobs/"));
}

/** Each character as one byte. */
function bytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
