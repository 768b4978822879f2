import assert from "node:assert/strict";
import { gzipSync, zstdCompressSync } from "node:zlib";
import type { ReadableBody } from "../../../src/document.ts";
import { TaskLane } from "../../../src/backends/shared/tasks/lane.ts";
import { tasks } from "./tasks_of_a_newcomer.ts";

const kib = 1024;
const unit = 1;

interface Sent {
  readonly coding?: string;
  /** Whether its size is said. True when absent. */
  readonly sized?: boolean;
  readonly name?: string;
}

function bodyOf(bytes: Uint8Array<ArrayBuffer>, { coding, sized = true, name = "document" }: Sent = {}): ReadableBody {
  const url = `https://upstream.example/${name}`;
  return {
    headers: coding === undefined ? [] : [["content-encoding", coding]],
    sizeBytes: sized ? bytes.length : undefined,
    url,
    location: url,
    bytes: () => Promise.resolve(bytes),
    stream: () => new Blob([bytes]).stream(),
  };
}

const filled = (size: number) => new Uint8Array(size).fill(120);
const gzipped = (size: number) => new Uint8Array(gzipSync(filled(size)));

const runs: Readonly<Record<string, { body: ReadableBody; size: number; isHere: boolean }>> = {
  "a small document": { body: bodyOf(filled(100)), size: 100, isHere: true },
  "a small document of unknown size": { body: bodyOf(filled(100), { sized: false }), size: 100, isHere: true },
  "an empty document": { body: bodyOf(filled(0)), size: 0, isHere: true },
  "a large document": { body: bodyOf(filled(300 * kib)), size: 300 * kib, isHere: false },
  "a large document of unknown size": {
    body: bodyOf(filled(300 * kib), { sized: false }),
    size: 300 * kib,
    isHere: false,
  },
  "a small packed document": { body: bodyOf(gzipped(100 * kib), { coding: "gzip" }), size: 100 * kib, isHere: true },
  "a small packed document that unpacks to a large one": {
    body: bodyOf(gzipped(500 * kib), { coding: "gzip" }),
    size: 500 * kib,
    isHere: false,
  },
  "a document by zstd, which unpacks in one go": {
    body: bodyOf(new Uint8Array(zstdCompressSync(filled(100))), { coding: "zstd" }),
    size: 100,
    isHere: false,
  },
};

for (const [name, { body, size, isHere }] of Object.entries(runs)) {
  Deno.test(`a newcomer's task runs ${isHere ? "here" : "on a thread"}: ${name}`, async () => {
    const lane = new TaskLane(tasks);
    const output = await lane.run({ name: "measure", bodies: [body], options: { unit } });
    assert.deepEqual(output, { sizes: [size], urls: [body.url], isHere });
  });
}

Deno.test("several documents arrive in their order, and what a task leaves unread is read to its end", async () => {
  const lane = new TaskLane(tasks);
  const text = new TextEncoder().encode("second");
  const bodies = [bodyOf(filled(300 * kib)), bodyOf(text), bodyOf(filled(300 * kib))];
  assert.deepEqual(await lane.run({ name: "readSecond", bodies, options: null }), { text: "second" });
  const named = [bodyOf(filled(10), { name: "a" }), bodyOf(filled(20), { name: "b" })];
  const { sizes, urls } = await lane.run({ name: "measure", bodies: named, options: { unit: 10 } });
  assert.deepEqual([sizes, urls], [[1, 2], named.map(({ url }) => url)]);
});

for (const size of [100, 300 * kib]) {
  Deno.test(`the error of a task is the caller's: ${size} bytes`, async () => {
    const lane = new TaskLane(tasks);
    const bodies = [bodyOf(filled(size))];
    const refused = lane.run({ name: "refuse", bodies, options: { code: "not_found" } });
    await assert.rejects(refused, { code: "not_found", message: /^no "https:\/\/upstream.example\/document"$/ });
    await assert.rejects(lane.run({ name: "refuse", bodies, options: { code: null } }), /not foreseen/);
  });
}

for (const sized of [true, false]) {
  Deno.test(`a document that unpacks to more than the protocol allows is refused, size said: ${sized}`, async () => {
    const bodies = [bodyOf(gzipped(1024 * kib + 1), { coding: "gzip", sized })];
    const asked = new TaskLane(tasks).run({ name: "measure", bodies, options: { unit } });
    await assert.rejects(asked, { code: "upstream_failed", message: /document": unpacked it is larger than 1048576/ });
  });
}

for (const coding of ["br", "constructor", "gzip, gzip"]) {
  Deno.test(`a document that is packed in the way "${coding}" is refused`, async () => {
    const bodies = [bodyOf(filled(10), { coding })];
    const asked = new TaskLane(tasks).run({ name: "measure", bodies, options: { unit } });
    await assert.rejects(asked, (error: Error) => error.message.includes(`it is packed in the way "${coding}"`));
  });
}

Deno.test("large documents of one lane are read one after the other, and after a failure the next", async () => {
  const lane = new TaskLane(tasks);
  const read: string[] = [];
  const slow = (name: string, fails: boolean): ReadableBody => ({
    ...bodyOf(filled(300 * kib), { name }),
    stream: () => {
      read.push(`${name} begins`);
      return new ReadableStream({
        pull(controller) {
          read.push(`${name} ends`);
          if (fails) return controller.error(new Error("broken"));
          controller.enqueue(filled(300 * kib));
          controller.close();
        },
      }, { highWaterMark: 0 });
    },
  });
  const bodies = [slow("first", true), slow("second", false)];
  const [first, second] = bodies.map((body) => lane.run({ name: "measure", bodies: [body], options: { unit } }));
  await assert.rejects(first!, /broken/);
  assert.deepEqual((await second!).sizes, [300 * kib]);
  assert.deepEqual(read, ["first begins", "first ends", "second begins", "second ends"]);
});

Deno.test("a lane that keeps its thread starts one for many documents, until the vault closes or a task fails", async () => {
  const closing = new AbortController();
  const lane = new TaskLane(tasks, { keepsThread: true });
  const bodies = () => [{ ...bodyOf(filled(300 * kib)), signal: closing.signal }];
  const measure = () => lane.run({ name: "measure", bodies: bodies(), options: { unit } });
  const threads = await countingThreads(async () => {
    for (let times = 0; times < 3; times++) assert.equal((await measure()).isHere, false);
    await assert.rejects(lane.run({ name: "refuse", bodies: bodies(), options: { code: "not_found" } }));
    assert.equal((await measure()).isHere, false);
  });
  assert.equal(threads, 2);
  closing.abort();
});

/** How many threads `work` starts. */
async function countingThreads(work: () => Promise<void>): Promise<number> {
  const { Worker } = globalThis;
  let threads = 0;
  globalThis.Worker = class extends Worker {
    constructor(...args: ConstructorParameters<typeof Worker>) {
      super(...args);
      threads++;
    }
  };
  try {
    await work();
  } finally {
    globalThis.Worker = Worker;
  }
  return threads;
}
