import assert from "node:assert/strict";
import { prepareThreads, startThread, type Thread } from "../../src/threads/thread.ts";

const url = new URL("./echo_fixture.ts", import.meta.url).href;

interface Echo extends Thread, Disposable {
  readonly failed: Promise<string>;
  answerTo(message: string): Promise<unknown>;
}

function startEcho(isShared = false): Echo {
  const failed = Promise.withResolvers<string>();
  const thread = startThread({ url, onFailed: failed.resolve, isShared });
  return {
    ...thread,
    failed: failed.promise,
    async answerTo(message) {
      const answer = Promise.withResolvers<unknown>();
      thread.port.onmessage = ({ data }) => answer.resolve(data);
      thread.port.postMessage(message);
      return await answer.promise;
    },
    [Symbol.dispose]: () => thread.close(),
  };
}

for (const isPrepared of [false, true]) {
  const how = isPrepared ? "started by a thread" : "started here";
  Deno.test(`a module on a thread that is ${how} answers, and ends whatever it does`, async () => {
    using _prepared = disposable(isPrepared ? prepareThreads() : () => {});
    using first = startEcho();
    using second = startEcho();
    first.port.postMessage("loop");
    assert.equal(await second.answerTo("hello"), "hello");
    first.close();
    using third = startEcho();
    assert.equal(await third.answerTo("hello"), "hello");
  });

  Deno.test(`a module that fails on a thread that is ${how} is reported, and no other`, async () => {
    using _prepared = disposable(isPrepared ? prepareThreads() : () => {});
    using first = startEcho();
    using second = startEcho();
    first.port.postMessage("fail");
    assert.match(await first.failed, /as requested/);
    assert.equal(await second.answerTo("hello"), "hello");
  });
}

Deno.test("modules that share the thread that starts others fail together, and the next ones start without it", async () => {
  using _prepared = disposable(prepareThreads());
  using shared = startEcho(true);
  using alone = startEcho();
  assert.equal(await shared.answerTo("hello"), "hello");
  assert.equal(await alone.answerTo("hello"), "hello");
  shared.port.postMessage("fail");
  assert.match(await shared.failed, /as requested/);
  assert.match(await alone.failed, /as requested/);
  using next = startEcho();
  assert.equal(await next.answerTo("hello"), "hello");
});

Deno.test("a thread is used again once its module has ended, and one that was ended by force is not", async () => {
  using _prepared = disposable(prepareThreads());
  const numberOf = async (echo: Echo) => await echo.answerTo("number");
  using first = startEcho();
  assert.equal(await numberOf(first), 1);
  first.release();
  using second = startEcho();
  assert.equal(await numberOf(second), 2, "the second module on the same thread");
  second.port.postMessage("loop");
  second.close();
  using third = startEcho();
  assert.equal(await numberOf(third), 1, "on another one");
  first.close();
  third.release();
  third.release();
  using fourth = startEcho();
  using fifth = startEcho();
  assert.deepEqual([await numberOf(fourth), await numberOf(fifth)], [2, 1]);
});

Deno.test("once threads are prepared, none is started here", async () => {
  using _prepared = disposable(prepareThreads());
  const { Worker } = globalThis;
  using _restored = disposable(() => globalThis.Worker = Worker);
  globalThis.Worker = class {
    constructor() {
      throw new Error("a thread is started here");
    }
  } as unknown as typeof Worker;
  using echo = startEcho();
  assert.equal(await echo.answerTo("hello"), "hello");
  assert.throws(() => new globalThis.Worker(url), /started here/);
});

function disposable(dispose: () => void): Disposable {
  return { [Symbol.dispose]: dispose };
}
