import assert from "node:assert/strict";
import type { ApiAnswer, VaultApi } from "../../../src/cli/control/vault_api.ts";
import { Feed } from "../../../src/cli/top/feed.ts";
import { Trend } from "../../../src/cli/top/trend.ts";
import { VaultError } from "../../../src/errors.ts";
import { ManualClock } from "../../upstream/clocks.ts";
import { snapshot, stats } from "./news.ts";

/** A server whose answers the test writes, one connection after the other. */
class ScriptedServer implements VaultApi {
  readonly url = "http://vault.test";
  readonly clock = new ManualClock();
  turns = 0;
  #asked = Promise.withResolvers<TransformStreamDefaultWriter>();
  #turned = Promise.withResolvers<void>();
  readonly #abort = new AbortController();
  readonly feed: Feed;
  /** What there is in place of a server. */
  failure: VaultError | null = null;
  status = 200;
  readonly #running: Promise<void>;

  constructor() {
    const find = () => this.failure === null ? Promise.resolve(this) : Promise.reject(this.failure);
    this.feed = new Feed({ find, clock: this.clock, turned: () => this.#turn() });
    this.#running = this.feed.run(this.#abort.signal);
  }

  ask(_request: unknown, signal?: AbortSignal): Promise<ApiAnswer> {
    const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>>();
    const writer = writable.getWriter();
    signal?.addEventListener("abort", () => void writer.abort(signal.reason).catch(() => {}));
    this.#asked.resolve({ writer });
    return Promise.resolve({ status: this.status, body: readable });
  }

  /** The next connection, once there is one. */
  async connection(): Promise<WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>> {
    const { writer } = await this.#asked.promise;
    this.#asked = Promise.withResolvers();
    return writer;
  }

  /** Resolves when the server is lost or found again. */
  async turned(): Promise<void> {
    await this.#turned.promise;
    this.#turned = Promise.withResolvers();
  }

  /** Ends the pause before the server is looked for again, once it has begun. */
  async afterPause(): Promise<void> {
    while (this.clock.timerCount === 0) await Promise.resolve();
    this.clock.advance(1000);
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  #turn(): void {
    this.turns += 1;
    this.#turned.resolve();
  }
}

interface TransformStreamDefaultWriter {
  readonly writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
}

function eventsOf(topics: object): Uint8Array<ArrayBuffer> {
  const events = Object.entries(topics).map(([name, data]) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  return new TextEncoder().encode(events.join(""));
}

Deno.test("a server that restarts is waited for, and what was known last stays", async () => {
  const server = new ScriptedServer();
  const { feed, clock } = server;
  const first = await server.connection();
  const more = { ...snapshot, unknown: [1], stats: { ...stats, later: "x" } };
  first.write(eventsOf(more));
  await feed.opened;
  assert.deepEqual(feed.news.snapshot, snapshot);
  assert.deepEqual(feed.news.raw, { ...snapshot, stats: more.stats }, "as the server sends it");
  assert.deepEqual([feed.news.url, feed.news.lost], [server.url, null]);
  clock.advance(500);
  server.failure = new VaultError("storage_failed", "No server runs here");
  first.close();
  await server.turned();
  assert.deepEqual(feed.news.lost, { why: `The server at ${server.url} has ended the connection`, since: 500 });
  await server.afterPause();
  while (feed.news.lost?.why !== "No server runs here") await Promise.resolve();
  assert.equal(feed.news.lost.since, 500);
  assert.deepEqual(feed.news.snapshot, snapshot);
  server.failure = null;
  await server.afterPause();
  const second = await server.connection();
  second.write(eventsOf({ ...snapshot, transfers: [] }));
  await server.turned();
  assert.deepEqual([feed.news.lost, feed.news.snapshot.transfers, server.turns], [null, [], 2]);
  await server.stop();
  assert.equal(clock.timerCount, 0);
});

Deno.test("a server that gives no sign for 45 seconds is asked again; each comment is a sign", async () => {
  const server = new ScriptedServer();
  const first = await server.connection();
  first.write(eventsOf(snapshot));
  await server.feed.opened;
  server.clock.advance(44_000);
  await first.write(new TextEncoder().encode(": alive\n\n"));
  await first.ready;
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  server.clock.advance(44_000);
  assert.equal(server.feed.news.lost, null);
  server.clock.advance(1000);
  await server.turned();
  assert.match(JSON.stringify(server.feed.news.lost), /gives no sign of life/);
  await server.stop();
});

const refusals: readonly (readonly [what: string, status: number, body: Uint8Array<ArrayBuffer>, why: RegExp])[] = [
  ["something else than a vault", 404, eventsOf({}), /gives no events: it is no Artifact Vault, or another version/],
  [
    "a vault with enough listeners",
    503,
    new TextEncoder().encode('{"detail":"256 pages"}'),
    /gives no events: 256 pages/,
  ],
  ["another version", 200, eventsOf({ ...snapshot, stats: { ...stats, total: 1 } }), /understood: stats\.total: /],
  ["no JSON", 200, new TextEncoder().encode("event: stats\ndata: {\n\n"), /understood: stats: /],
  ["a vault that tells too little", 200, new TextEncoder().encode(": alive\n\n"), /does not tell enough/],
  [
    "a page of another program",
    200,
    new TextEncoder().encode("<p>hello\n"),
    /gives no events: it is no Artifact Vault/,
  ],
  ["one that ends at once", 200, eventsOf({ stats }), /has ended the connection/],
];

for (const [what, status, body, why] of refusals) {
  Deno.test(`where there is ${what} at first, nothing is waited for`, async () => {
    const server = new ScriptedServer();
    server.status = status;
    const connection = await server.connection();
    connection.write(body).catch(() => {});
    connection.close().catch(() => {});
    await assert.rejects(server.feed.opened, (error) => error instanceof VaultError && why.test(error.message));
    await server.stop();
  });
}

Deno.test("the pace is that of the last ten seconds, the hit rate that of the last minute", () => {
  const trend = new Trend();
  const total = (count: number, hits: number) => ({
    requests: count,
    hits,
    misses: count - hits,
    errors: 0,
    sentBytes: 1000 * count,
    fetchedBytes: 100 * count,
  });
  assert.deepEqual(Object.values(trend.pace(0)), [null, null, null]);
  trend.add(0, total(100, 0));
  assert.deepEqual(Object.values(trend.pace(500)), [null, null, null]);
  trend.add(40_000, total(200, 100));
  trend.add(50_000, total(210, 100));
  assert.deepEqual(Object.values(trend.pace(50_000)), [1000, 100, 100 / 110]);
  assert.deepEqual(Object.values(trend.pace(60_000)), [0, 0, 100 / 110], "nothing new is no traffic");
  trend.add(110_000, total(220, 100));
  assert.deepEqual(Object.values(trend.pace(110_000)), [1000, 100, 0]);
  trend.add(111_000, total(5, 5));
  assert.deepEqual(Object.values(trend.pace(111_000)), [null, null, null], "another process");
});
