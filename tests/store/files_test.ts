import assert from "node:assert/strict";
import { breathe } from "../../src/store/files.ts";
import { FakeNow } from "../support/fake_now.ts";

Deno.test("long work that serves nobody collects what hashes leave outside the heap, every second", async () => {
  const global = globalThis as { gc?: () => void };
  const { gc } = global;
  let collections = 0;
  global.gc = () => void collections++;
  using now = new FakeNow();
  try {
    for (let second = 0; second < 30; second++) {
      now.advance(1000);
      for (let breath = 0; breath < 20; breath++) await breathe();
    }
  } finally {
    if (gc === undefined) delete global.gc;
    else global.gc = gc;
  }
  assert.ok(collections >= 28 && collections <= 31, `${collections} collections in 30 s`);
});
