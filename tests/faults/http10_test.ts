import assert from "node:assert/strict";
import { startApp } from "../support/app_fixture.ts";
import { startFakeUpstream } from "../support/fake_upstream.ts";
import { Pattern } from "../support/pattern.ts";

// An HTTP/1.0 client takes the end of the connection for the end of a body that has no length.

const small = new Pattern(200_000, 1);
const large = new Pattern(1_000_000, 2);
const cutAt = (afterBytes: number) => ({ framing: "chunked", fault: { kind: "close", afterBytes } } as const);

Deno.test("a small body without a length gets one for an HTTP/1.0 client, also for those who wait with it", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: small, framing: "chunked" });
  await using app = await startApp({ upstream: upstream.origin, backend: { ttl: "1h" } });
  for (const answer of await Promise.all([1, 2, 3].map(() => app.ask("/files/a", { version: "1.0" })))) {
    assert.equal(answer.headers.get("content-length"), String(small.size));
    assert.ok(answer.complete && small.matches(answer.body, 0));
  }
  assert.equal(upstream.count("/a"), 1);
});

Deno.test("one that breaks off is an error, not a body that looks whole", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: small, ...cutAt(100_000) });
  await using app = await startApp({ upstream: upstream.origin });
  const answer = await app.ask("/files/a", { version: "1.0" });
  assert.equal(answer.status, 502);
  assert.match(answer.text, /Cannot read .* to the end/);
});

Deno.test("HEAD, and an answer that a condition turns into 304, need no body", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: small, framing: "chunked", etag: '"1"' });
  await using app = await startApp({ upstream: upstream.origin });
  assert.equal((await app.ask("/files/a", { version: "1.0", method: "HEAD" })).status, 200);
  const conditional = { version: "1.0", headers: { "if-none-match": '"1"' } } as const;
  assert.equal((await app.ask("/files/a", conditional)).status, 304);
  await app.idle();
});

Deno.test("a large one that breaks off does not end while the client waits, and is reported at once", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: large, ...cutAt(600_000) });
  const hold = upstream.hold("/a", 400_000);
  await using app = await startApp({ upstream: upstream.origin, silenceMs: 3_600_000 });
  using client = await app.connect();
  await client.request("/files/a", { version: "1.0" });
  await client.readSome(1);
  hold.release();
  const answer = client.answer().then(() => "an end", () => "an end");
  await app.logged(/^WARNING cache miss files \/files\/a 200 \d+ bytes .*interrupted: /);
  // Whatever the first answer brought with it would be there by now.
  const others = (async () => {
    for (let i = 0; i < 5; i++) await app.ask("/healthz");
    return "no end";
  })();
  assert.equal(await Promise.race([answer, others]), "no end");
});

Deno.test("a large one comes while it arrives, whole, and who keeps the connection sees a break at once", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: large, framing: "chunked" });
  upstream.serve("/b", { body: large, ...cutAt(600_000) });
  await using app = await startApp({ upstream: upstream.origin, silenceMs: 3_600_000 });
  const answer = await app.ask("/files/a", { version: "1.0" });
  assert.equal(answer.headers.get("content-length"), null);
  assert.ok(answer.complete && answer.body.length === large.size && large.matches(answer.body, 0));
  const broken = await app.ask("/files/b", { headers: { connection: "keep-alive" } });
  assert.deepEqual([broken.status, broken.complete], [200, false]);
});
