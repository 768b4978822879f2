import assert from "node:assert/strict";
import { compressing } from "../../src/archive/compression.ts";
import { waitUntil } from "../support/wait_until.ts";

const mib = 1024 * 1024;

Deno.test("what was compressed is not kept in memory", async () => {
  let written = 0;
  const sink = compressing({
    write: (bytes) => void (written += bytes.byteLength),
    finish: () => Promise.resolve(),
    abort() {},
  }, "gzip");
  const chunks: WeakRef<Uint8Array>[] = [];
  for (let count = 0; count < 100; count++) {
    const chunk = new Uint8Array(mib);
    chunks.push(new WeakRef(chunk));
    await sink.write(chunk);
  }
  // Memory is asked for until what nobody holds is collected, however late that is.
  await waitUntil("the chunks are let go", () => {
    new Uint8Array(8 * mib);
    return chunks.filter((chunk) => chunk.deref() !== undefined).length < 50;
  });
  await sink.finish();
  assert.ok(written > 0);
});

Deno.test("a sink that fails ends the write under way, and the later ones, with its error", async () => {
  const failure = new Error("no space left");
  const sink = compressing({
    write() {
      throw failure;
    },
    finish: () => Promise.resolve(),
    abort() {},
  }, "gzip");
  const writeUntilItFails = async () => {
    for (let count = 0; count < 100; count++) {
      await sink.write(crypto.getRandomValues(new Uint8Array(64 * 1024)));
    }
  };
  await assert.rejects(writeUntilItFails(), failure);
  await assert.rejects(Promise.resolve(sink.write(new Uint8Array(1))), failure);
  sink.abort();
});
