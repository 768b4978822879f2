import assert from "node:assert/strict";
import { EventStream } from "../../src/api/event_stream.ts";
import type { ChunkReader } from "../../src/vault/vault.ts";
import { startApp } from "../support/app_fixture.ts";
import { startFakeUpstream } from "../support/fake_upstream.ts";

function open(stream: EventStream): ChunkReader {
  const { status, body } = stream.reply("GET");
  assert.equal(status, 200);
  return body as ChunkReader;
}

async function textOf(reader: ChunkReader): Promise<string | null> {
  const chunk = await reader.read();
  return chunk && new TextDecoder().decode(chunk);
}

Deno.test("a topic is sent to who comes, then when it has changed, and is read once for all", async () => {
  const closing = new AbortController();
  let [value, reads] = [1, 0];
  const topics = () => (reads++, { count: { value } });
  const stream = new EventStream({ topics, closing: closing.signal, everyMs: 1 });
  assert.equal(reads, 0);
  const listeners = Array.from({ length: 100 }, () => open(stream));
  assert.equal(reads, 1);
  for (const one of listeners) assert.equal(await textOf(one), 'retry: 3000\n\nevent: count\ndata: {"value":1}\n\n');
  value = 2;
  for (const one of listeners) assert.equal(await textOf(one), 'event: count\ndata: {"value":2}\n\n');
  for (const one of listeners) one.close();
  assert.equal(stream.listeners, 0);
  const before = reads;
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(reads, before);
});

Deno.test("there is a bound for listeners, and for what waits for one that does not read", async () => {
  const closing = new AbortController();
  let value = 0;
  const topics = () => ({ count: value++ });
  const stream = new EventStream({ topics, closing: closing.signal, everyMs: 1, mostListeners: 2 });
  const [slow, other] = [open(stream), open(stream)];
  const refused = stream.reply("GET");
  assert.equal(refused.status, 503);
  let text: string | null = "";
  while (stream.listeners === 2) text = await textOf(other);
  assert.match(text!, /^event: count/);
  let left = 0;
  while (await slow.read() !== null) left++;
  assert.equal(left, 10);
  other.close();
});

Deno.test("a fault in a topic ends the streams, not the server, and is told to who comes again", async () => {
  let isWrong = false;
  const topics = () => {
    if (isWrong) throw new Error("a fault");
    return { count: 1 };
  };
  const stream = new EventStream({ topics, closing: new AbortController().signal, everyMs: 1 });
  const listener = open(stream);
  await listener.read();
  isWrong = true;
  assert.equal(await listener.read(), null);
  assert.equal(stream.listeners, 0);
  assert.throws(() => stream.reply("GET"), /a fault/);
  isWrong = false;
  const again = open(stream);
  assert.match((await textOf(again))!, /event: count/);
  again.close();
});

Deno.test("streams end when the server shuts down, and nobody can listen any more", async () => {
  const closing = new AbortController();
  const stream = new EventStream({ topics: () => ({}), closing: closing.signal });
  const listener = open(stream);
  await listener.read();
  closing.abort();
  assert.equal(await listener.read(), null);
  assert.equal(stream.reply("GET").status, 503);
});

Deno.test("a page learns of a request within the next second, at either address", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: "a" });
  await using app = await startApp({ upstream: upstream.origin });
  for (const path of ["/-/events", "/-/api/v1/events"]) {
    const leaving = new AbortController();
    const response = await fetch(app.origin + path, { signal: leaving.signal });
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    await app.ask("/files/a");
    let text = "";
    while (!/event: requests\ndata: \[\{.*"path":"\/files\/a"/.test(text)) text += (await reader.read()).value;
    for (const topic of ["stats", "transfers", "upstreams", "problems"]) {
      assert.match(text, new RegExp(`event: ${topic}\n`));
    }
    assert.doesNotMatch(text, /"client":"1/);
    leaving.abort();
    await reader.read().catch(() => {});
  }
});
