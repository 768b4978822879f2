import assert from "node:assert/strict";
import { type AppFixture, startApp } from "../support/app_fixture.ts";
import { type FakeUpstream, startFakeUpstream } from "../support/fake_upstream.ts";
import { Pattern } from "../support/pattern.ts";
import type { RawClient } from "../support/raw_client.ts";

const MiB = 1024 * 1024;
const body = new Pattern(16 * MiB, 1);
/** Of other bytes: where memory that is still being sent is used again, they show. */
const other = new Pattern(3 * MiB, 2);

for (const [name, kept] of [["stored", true], ["arriving", true], ["only passed on", false]] as const) {
  Deno.test(`a body that is ${name} reaches clients that stop and go with every byte right`, async () => {
    await using upstream = startFakeUpstream();
    const headers = { "cache-control": kept ? "max-age=600" : "no-store" };
    upstream.serve("/a", { body, headers, etag: '"1"' });
    upstream.serve("/b", { body: other, headers: { "cache-control": "max-age=600" } });
    await using app = await startApp({ upstream: upstream.url("/"), backend: { timeout: 60 } });
    if (name === "stored") await load(app, upstream, "/a");
    using connections = new DisposableStack();
    const clients = await Promise.all([
      begin(app, { start: 0, end: body.size }),
      begin(app, { start: 0, end: body.size }),
      ...kept ? [begin(app, { start: 3 * MiB + 17, end: 15 * MiB })] : [],
    ]);
    for (const { client } of clients) connections.use(client);
    // All stand still with full sockets, then each goes on a little at a time, and what it leaves is used by others.
    for (let round = 0; round < 4; round++) {
      await Promise.all([0, 1, 2].map((n) => app.ask(`/files/b?${round}.${n}`)));
      for (const { client } of clients) await client.readSome(200_000);
    }
    for (const { client, range: { start, end } } of clients) {
      const answer = await client.answer();
      assert.ok(answer.complete && answer.body.length === end - start && body.matches(answer.body, start));
    }
  });
}

async function load(app: AppFixture, upstream: FakeUpstream, path: string): Promise<void> {
  await app.ask(`/files${path}`);
  await app.idle();
  assert.equal(upstream.requests.length, 1);
}

async function begin(
  app: AppFixture,
  range: { start: number; end: number },
): Promise<{ client: RawClient; range: { start: number; end: number } }> {
  const client = await app.connect();
  const whole = range.start === 0 && range.end === body.size;
  await client.request("/files/a", { headers: whole ? {} : { range: `bytes=${range.start}-${range.end - 1}` } });
  await client.readSome(1000);
  return { client, range };
}
