import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import { streamOf } from "../../src/vault/streams/chunks.ts";
import { GrowingFile } from "../../src/vault/transfer/growing_file.ts";
import { startFakeUpstream } from "../support/fake_upstream.ts";
import { Pattern } from "../support/pattern.ts";
import { bytesOf, VaultFixture } from "../support/vault_fixture.ts";
import { within } from "../support/within.ts";

const MiB = 1024 * 1024;
const far = { kind: "from", first: 6 * MiB } as const;
const patienceMs = 12_345;
const [first, second] = [new Uint8Array(40_000).fill(1), new Uint8Array(40_000).fill(2)];

/** A body of two chunks that is only passed on, the first of which has come. */
function passedOn(): { file: GrowingFile; receiveAll: () => Promise<void> } {
  const file = new GrowingFile({
    ...{ staged: null, sizeBytes: 80_000, hash: null, gated: false, patienceMs },
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

Deno.test("a range far into a body that may not be kept is answered with the body, not with an error", async () => {
  const body = new Pattern(8 * MiB);
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body, etag: '"1"', headers: { "cache-control": "private" } });
  await using fixture = new VaultFixture({ idleTimeoutMs: 500 });
  const opened = await fixture.open(fixture.artifact(upstream.url("/a")), { range: far });
  const bytes = await bytesOf(opened);
  assert.ok(bytes.length === body.size && body.matches(bytes, 0));
});

Deno.test("a range far into a body that the cache has no room for is answered with the body", async () => {
  const body = new Pattern(8 * MiB);
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body, etag: '"1"' });
  await using fixture = new VaultFixture({ idleTimeoutMs: 500, store: { maxBytes: MiB } });
  const opened = await fixture.open(fixture.artifact(upstream.url("/a")), { range: far });
  const bytes = await bytesOf(opened);
  assert.ok(bytes.length === body.size && body.matches(bytes, 0));
});

Deno.test("shutdown does not wait for a client that stands still at the end of a body that is not kept", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: "private", framing: "chunked", headers: { "cache-control": "private" } });
  await using fixture = new VaultFixture({ idleTimeoutMs: 60_000 });
  const reader = (await fixture.open(fixture.artifact(upstream.url("/a")))).stream().getReader();
  await reader.read();
  try {
    await within("close", fixture.vault.close(0));
  } finally {
    await reader.cancel();
  }
});

Deno.test("shutdown does not wait for a client that stands still in the middle of a body that is not kept", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: new Pattern(4 * MiB), headers: { "cache-control": "private" } });
  await using fixture = new VaultFixture({ idleTimeoutMs: 60_000 });
  const reader = (await fixture.open(fixture.artifact(upstream.url("/a")))).stream().getReader();
  await reader.read();
  try {
    await within("close", fixture.vault.close(0));
  } finally {
    await reader.cancel().catch(() => {});
  }
});

Deno.test("a client that outlives the vault starts nothing anew when it leaves", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: new Pattern(4 * MiB), etag: '"1"' });
  const unstored = Promise.withResolvers<void>();
  await using fixture = new VaultFixture({ events: { storeFailed: () => unstored.resolve() } });
  await Deno.writeTextFile(`${fixture.cacheDir}/blobs`, "in the way");
  const reader = (await fixture.open(fixture.artifact(upstream.url("/a")))).stream().getReader();
  await reader.read();
  await unstored.promise;
  await fixture.vault.close(0);
  const { Worker } = globalThis;
  let started = 0;
  globalThis.Worker = class extends Worker {
    constructor(...options: ConstructorParameters<typeof Worker>) {
      super(...options);
      started++;
      this.terminate();
    }
  };
  try {
    await reader.cancel();
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert.equal(started, 0);
  } finally {
    globalThis.Worker = Worker;
  }
});
