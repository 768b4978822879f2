import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import { streamOf } from "../../src/vault/streams/chunks.ts";
import { GrowingFile } from "../../src/vault/transfer/growing_file.ts";

const patienceMs = 12_345;
const [first, second] = [new Uint8Array(40_000).fill(1), new Uint8Array(40_000).fill(2)];

/** A body of two chunks that is only passed on, the first of which has come. */
function passedOn(): { file: GrowingFile; receiveAll: () => Promise<void> } {
  const file = new GrowingFile({
    ...{ staged: null, sizeBytes: 80_000, hash: null, gated: false, patienceMs },
    onFollowerLeft() {},
  });
  const segment = file.addSegment(0);
  const receiveAll = async () => {
    await segment.append(first.slice());
    await segment.append(second.slice());
    file.markWhole();
  };
  return { file, receiveAll };
}

/** Timers that go off when they are told to. */
class HeldTimers implements Disposable {
  readonly #setTimeout = globalThis.setTimeout;
  readonly #held: { callback: () => void; delayMs: number }[] = [];

  constructor() {
    globalThis.setTimeout = ((callback: () => void, delayMs: number) => {
      this.#held.push({ callback, delayMs });
      return 0;
    }) as unknown as typeof setTimeout;
  }

  /** Lets those go off that last `delayMs` or less. */
  pass(delayMs: number): void {
    for (const timer of this.#held.filter((held) => held.delayMs <= delayMs)) timer.callback();
  }

  [Symbol.dispose](): void {
    globalThis.setTimeout = this.#setTimeout;
  }
}

async function readAll(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<number> {
  let bytes = 0;
  for (let read = await reader.read(); !read.done; read = await reader.read()) bytes += read.value.length;
  return bytes;
}

Deno.test("who reads slowly what is only passed on, and holds nobody up, gets all of it", async () => {
  using timers = new HeldTimers();
  const { file, receiveAll } = passedOn();
  const slow = streamOf(file.follow()).getReader();
  const received = receiveAll();
  timers.pass(patienceMs);
  assert.equal(await readAll(slow), 80_000);
  await received;
});

Deno.test("who reads nothing while another waits for what comes next is given up after the time-out", async () => {
  using timers = new HeldTimers();
  const { file, receiveAll } = passedOn();
  const slow = streamOf(file.follow()).getReader();
  const fast = readAll(streamOf(file.follow()).getReader());
  const received = receiveAll();
  while (!file.isWaitedFor(first.length)) await new Promise((resolve) => setImmediate(resolve));
  timers.pass(patienceMs);
  await assert.rejects(slow.read(), { code: "storage_failed", message: /too slowly/ });
  assert.equal(await fast, 80_000);
  await received;
});

Deno.test("who reads nothing for very long is given up even though nobody waits", async () => {
  using timers = new HeldTimers();
  const { file, receiveAll } = passedOn();
  const slow = streamOf(file.follow()).getReader();
  const received = receiveAll();
  timers.pass(Infinity);
  await assert.rejects(slow.read(), { code: "storage_failed" });
  await received;
});
