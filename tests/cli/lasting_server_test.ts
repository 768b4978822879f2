import assert from "node:assert/strict";
import { LastingServer } from "../../src/cli/lasting_server.ts";
import { ReadableLog } from "../server/served.ts";

/** A real server whose listener fails when the test says so, as one does that has no descriptor left. */
class FailingServer {
  readonly fails = Promise.withResolvers<never>();
  readonly server: Deno.HttpServer<Deno.NetAddr>;
  readonly isShutDown = Promise.withResolvers<void>();

  constructor(port: number, handler: () => Response) {
    const server = Deno.serve({ port, hostname: "127.0.0.1", onListen() {} }, handler);
    const shutdown = async () => {
      await server.shutdown();
      this.isShutDown.resolve();
    };
    this.server = Object.assign(Object.create(server), { addr: server.addr, finished: this.fails.promise, shutdown });
  }
}

async function answerOf(server: LastingServer): Promise<string> {
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  const response = await fetch(`http://127.0.0.1:${server.addr.port}/`, { client });
  return await response.text();
}

Deno.test("when its listener fails, the old server is shut down and the port is opened again", async () => {
  const log = new ReadableLog();
  const opened: FailingServer[] = [];
  let failures = 0;
  const reopened = Promise.withResolvers<void>();
  const open = (port: number) => {
    const number = opened.length;
    opened.push(new FailingServer(port, () => new Response(`server ${number}`)));
    if (number > 0) reopened.resolve();
    return opened[number]!.server;
  };
  const server = new LastingServer({
    ...{ open: (port: number) => open(port), port: 0, log },
    acceptFailed: () => void failures++,
  });
  const { port } = server.addr;
  assert.equal(await answerOf(server), "server 0");

  const listening = opened[0]!;
  // A listener that has failed is closed; only then can the port be had again.
  await listening.server.shutdown();
  listening.fails.reject(new Error("Too many open files (os error 24)"));
  await listening.isShutDown.promise;
  await reopened.promise;
  assert.equal(server.addr.port, port);
  assert.equal(await answerOf(server), "server 1");
  assert.equal(failures, 1);
  const { level, message } = await log.next();
  assert.deepEqual([level, message.slice(0, 55)], [
    "warning",
    "Cannot accept connections: Too many open files (os erro",
  ]);
  await server.shutdown();
});

Deno.test("where the port cannot be opened at first, it is tried again; shutting down ends that", async () => {
  const attempts: number[] = [];
  const third = Promise.withResolvers<void>();
  const first = new FailingServer(0, () => new Response());
  const open = (port: number) => {
    attempts.push(port);
    if (attempts.length === 1) return first.server;
    if (attempts.length === 3) third.resolve();
    throw new Error("Address already in use");
  };
  const server = new LastingServer({ open, port: 0, log: new ReadableLog() });
  first.fails.reject(new Error("Too many open files"));
  await third.promise;
  await server.shutdown();
  assert.deepEqual(attempts, [0, first.server.addr.port, first.server.addr.port]);
});

/** Timers that go off when they are told to, unless they were cleared. */
class HeldTimers implements Disposable {
  readonly #own = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
  readonly #held: (() => void)[] = [];

  constructor() {
    const setTimeout = (callback: () => void) => this.#held.push(callback);
    const clearTimeout = (timer?: number) => timer !== undefined && (this.#held[timer - 1] = () => {});
    Object.assign(globalThis, { setTimeout, clearTimeout });
  }

  pass(): void {
    for (const callback of this.#held.splice(0)) callback();
  }

  [Symbol.dispose](): void {
    Object.assign(globalThis, this.#own);
  }
}

Deno.test("a port that is opened anew keeps its server where none can be opened, and never gets two", async () => {
  using timers = new HeldTimers();
  const fails = Promise.withResolvers<never>();
  const shutDown: number[] = [];
  let opened = 0;
  let problem: Error | null = null;
  const open = () => {
    if (problem !== null) throw problem;
    const port = ++opened;
    const server = { addr: { port }, finished: fails.promise, shutdown: () => Promise.resolve(shutDown.push(port)) };
    return server as unknown as Deno.HttpServer<Deno.NetAddr>;
  };
  const failed = Promise.withResolvers<void>();
  const log = new ReadableLog();
  const server = new LastingServer({ open, port: 1, sharesPort: true, log, acceptFailed: failed.resolve });
  problem = new Error("no TLS with this key");
  assert.throws(() => server.reopen(), problem);
  assert.deepEqual([server.addr.port, shutDown], [1, []], "the old one stays");

  fails.reject(new Error("Too many open files"));
  await failed.promise;
  problem = null;
  server.reopen();
  assert.equal(server.addr.port, 2);
  timers.pass();
  assert.equal(opened, 2, "it was about to be opened anyway");
  await server.shutdown();
});
