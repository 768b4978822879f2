import assert from "node:assert/strict";
import { serverEvents } from "../../../src/cli/top/server_events.ts";

const cases: readonly (readonly [what: string, chunks: readonly string[], events: readonly (string | null)[]])[] = [
  ["events and a comment", ["retry: 3000\n\nevent: a\ndata: 1\n\n: alive\n\nevent: b\ndata: 2\n\n"], [
    "a=1",
    null,
    "b=2",
  ]],
  ["an event in pieces", ["eve", "nt: a\nda", "ta: {", "}\n", "\n"], ["a={}"]],
  ["a character in pieces", ["data: \xc3", "\xa9\n\n"], ["message=é"]],
  ["other line ends, also cut in two", ["event: a\r\ndata: 1\r", "\ndata: 2\r\n\r\n"], ["a=1\n2"]],
  ["one without data, and one without an end", ["event: a\n\ndata:1\n\nevent: b\ndata: 2\n"], ["message=1"]],
  ["unknown fields, and none", ["id: 7\nwhat\ndata: x:y\n\n"], ["message=x:y"]],
];

function streamOf(chunks: readonly string[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  // Each character is one byte, so that a case can cut a character in two.
  return ReadableStream.from(chunks.map((chunk) => Uint8Array.from(chunk, (byte) => byte.charCodeAt(0))));
}

for (const [what, chunks, events] of cases) {
  Deno.test(`server-sent events: ${what}`, async () => {
    const found = await Array.fromAsync(serverEvents(streamOf(chunks)));
    assert.deepEqual(found.map((event) => event && `${event.name}=${event.data}`), events);
  });
}

Deno.test("server-sent events: a line without end is given up", async () => {
  const endless = ReadableStream.from((function* () {
    for (;;) yield new Uint8Array(1024 * 1024).fill(97);
  })());
  await assert.rejects(Array.fromAsync(serverEvents(endless)), /too long/);
});
