import assert from "node:assert/strict";
import type { Artifact } from "../../src/artifact.ts";
import type { VaultEvents } from "../../src/observe/events.ts";
import { Leases } from "../../src/vault/transfer/lease.ts";
import { startFakeUpstream } from "../support/fake_upstream.ts";
import { Pattern } from "../support/pattern.ts";
import { byDigest, VaultFixture } from "../support/vault_fixture.ts";

const MiB = 1024 * 1024;
const body = new Pattern(8 * MiB);
const stop = { policy: { abandonedTransfer: "stop" } } as const;

/** A transfer that stands still in the middle of its body, and all who want something of it. */
interface Scene {
  readonly fixture: VaultFixture;
  readonly artifact: Artifact;
  url(target: string): string;
}

type Visit = (scene: Scene) => Promise<void>;

/** What those do who join a transfer and want none of its bytes, or no more of them. */
const visits: readonly (readonly [string, Visit])[] = [
  ["reads nothing", async ({ fixture, artifact }) => {
    (await fixture.open(artifact)).close();
  }],
  ["reads a little", async ({ fixture, artifact }) => {
    const reader = (await fixture.open(artifact)).stream().getReader();
    await reader.read();
    await reader.cancel();
  }],
  ["reads a range to its end", async ({ fixture, artifact }) => {
    const opened = await fixture.open(artifact);
    assert.equal((await new Response(opened.stream({ start: 10, end: 1010 })).bytes()).length, 1000);
  }],
  ["reads two ranges", async ({ fixture, artifact }) => {
    const opened = await fixture.open(artifact);
    const ranges = [{ start: 10, end: 1010 }, { start: 50_000, end: 51_000 }];
    assert.equal((await new Response(opened.stream(...ranges)).bytes()).length, 2000);
  }],
  ["asks with HEAD", async ({ fixture, artifact }) => {
    (await fixture.open(artifact, { method: "HEAD" })).close();
  }],
  ["asks whether what is arriving is still current", async ({ fixture, artifact }) => {
    const caching = { noCache: true, maxAgeMs: Infinity, minFreshMs: 0, onlyIfCached: false };
    const asking = { ...artifact, policy: { ...artifact.policy, honorClientNoCache: true } };
    (await fixture.open(asking, { caching })).close();
  }],
  ["leaves at once", async ({ fixture, artifact }) => {
    const leaving = new AbortController();
    const opened = fixture.open(artifact, { signal: leaving.signal });
    leaving.abort();
    await opened.then((opened) => opened.close(), () => {});
  }],
];

/** Runs `visit` while one client follows, then lets that one go: the transfer has to stop. */
async function assertStopsAfter(visit: Visit, overrides: Partial<Artifact> = {}): Promise<void> {
  await using upstream = startFakeUpstream();
  for (const target of ["/a", "/b"]) upstream.serve(target, { body, etag: '"1"' });
  const holds = ["/a", "/b"].map((target) => upstream.hold(target, 2 * MiB));
  const outcomes: string[] = [];
  const ended = Promise.withResolvers<void>();
  const transferEnded: VaultEvents["transferEnded"] = (_backend, outcome) => {
    outcomes.push(outcome);
    ended.resolve();
  };
  await using fixture = new VaultFixture({ events: { transferEnded } });
  const artifact = fixture.artifact(upstream.url("/a"), { ...overrides, ...stop });
  const first = (await fixture.open(artifact)).stream().getReader();
  for (let read = 0; read < 2 * MiB;) read += (await first.read()).value!.length;
  await holds[0]!.reached;
  await visit({ fixture, artifact, url: (target) => upstream.url(target) });
  assert.deepEqual(outcomes, []);
  await first.cancel();
  await ended.promise;
  assert.deepEqual(outcomes, ["stopped"]);
  assert.equal(upstream.count("/a", "GET"), 1);
  for (const hold of holds) hold.release();
}

for (const [name, visit] of visits) {
  Deno.test(`a transfer is abandoned once its last client has left, also where another one ${name}`, async () => {
    await assertStopsAfter(visit);
  });
}

Deno.test("a transfer is abandoned once its last client has left, also where another key follows its bytes", async () => {
  const identity = byDigest({ algorithm: "sha256", hex: body.sha256() }, "once_confirmed");
  await assertStopsAfter(async ({ fixture, url }) => {
    (await fixture.open(fixture.artifact(url("/b"), { identity, ...stop }))).close();
  }, { identity });
});

Deno.test("clients that left before the head are not counted: the one who stays keeps the transfer, and ends it", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body, etag: '"1"' });
  const beforeHead = upstream.hold("/a");
  const ended = Promise.withResolvers<string>();
  await using fixture = new VaultFixture({ events: { transferEnded: (_backend, outcome) => ended.resolve(outcome) } });
  const artifact = fixture.artifact(upstream.url("/a"), stop);
  const leaving = new AbortController();
  const opened = [1, 2, 3].map(() => fixture.open(artifact, { signal: leaving.signal }));
  const staying = fixture.open(artifact);
  await beforeHead.reached;
  leaving.abort();
  for (const one of opened) await assert.rejects(one, /client has gone/);
  const inBody = upstream.hold("/a", 2 * MiB);
  beforeHead.release();
  const reader = (await staying).stream().getReader();
  await reader.read();
  await reader.cancel();
  assert.equal(await ended.promise, "stopped");
  inBody.release();
});

Deno.test("a lease counts until it is given back, and is given back once", () => {
  let calls = 0;
  const leases = new Leases(() => void calls++);
  assert.equal(leases.areNone, true);
  const [first, second] = [leases.take(), leases.take()];
  first.leave();
  first.leave();
  assert.deepEqual([leases.areNone, calls], [false, 0]);
  {
    using _second = second;
  }
  assert.deepEqual([leases.areNone, calls], [true, 1]);
  second.leave();
  assert.equal(calls, 1);
});
