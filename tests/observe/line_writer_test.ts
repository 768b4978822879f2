import assert from "node:assert/strict";
import { LineWriter } from "../../src/observe/line_writer.ts";

const lostLine = (count: number) => `lost ${count}\n`;

/** A target whose writes wait for the gate, fail with it, and take `most` bytes at a time. */
class FakeTarget {
  text = "";
  writes = 0;
  closed = false;
  most = Infinity;
  gate: Promise<void> = Promise.resolve();

  async write(bytes: Uint8Array): Promise<number> {
    this.writes++;
    await this.gate;
    const taken = Math.min(bytes.length, this.most);
    this.text += new TextDecoder().decode(bytes.subarray(0, taken));
    return taken;
  }

  close(): void {
    this.closed = true;
  }
}

Deno.test("lines come in order and together, and closing writes them", async () => {
  const target = new FakeTarget();
  const writer = new LineWriter(target, lostLine);
  for (const line of ["a\n", "b\n", "c\n"]) writer.write(line);
  assert.equal(target.writes, 0);
  await writer.close();
  assert.deepEqual([target.text, target.writes, target.closed], ["a\nb\nc\n", 1, true]);
});

Deno.test("a partial write is gone on with", async () => {
  const target = new FakeTarget();
  target.most = 3;
  const writer = new LineWriter(target, lostLine);
  writer.write("0123456789\n");
  await writer.close();
  assert.equal(target.text, "0123456789\n");
});

Deno.test("64 KiB are written at once, without waiting for the timer", async () => {
  const target = new FakeTarget();
  const writer = new LineWriter(target, lostLine);
  writer.write("x".repeat(64 * 1024) + "\n");
  assert.equal(target.writes, 1);
  await writer.close();
});

Deno.test("lines that come during a write follow it", async () => {
  const target = new FakeTarget();
  const gate = Promise.withResolvers<void>();
  target.gate = gate.promise;
  const writer = new LineWriter(target, lostLine);
  writer.write("a\n");
  writer.flush();
  writer.write("b\n");
  gate.resolve();
  await writer.close();
  assert.deepEqual([target.text, target.writes], ["a\nb\n", 2]);
});

Deno.test("a failing target loses lines, says how many, and nothing else happens", async () => {
  const target = new FakeTarget();
  const broken = Promise.withResolvers<void>();
  target.gate = broken.promise;
  const writer = new LineWriter(target, lostLine);
  writer.write("a\n");
  writer.write("b\n");
  writer.flush();
  target.gate = Promise.resolve();
  writer.write("c\n");
  broken.reject(new Error("no space left on device"));
  await writer.close();
  assert.equal(target.text, "lost 2\nc\n");
});

Deno.test("what a hanging target does not take is bounded", async () => {
  const target = new FakeTarget();
  const gate = Promise.withResolvers<void>();
  target.gate = gate.promise;
  const writer = new LineWriter(target, lostLine);
  const line = "x".repeat(1024 * 1024 - 1) + "\n";
  for (let count = 0; count < 20; count++) writer.write(line);
  gate.resolve();
  await writer.close();
  assert.ok(target.text.length < 8 * 1024 * 1024, `${target.text.length} bytes`);
  assert.match(target.text, /lost 1\d\n/);
});
