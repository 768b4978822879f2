import assert from "node:assert/strict";
import { startFakeUpstream } from "../support/fake_upstream.ts";
import { type FaultProxy, startFaultProxy } from "../support/fault_proxy.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { testInTurn } from "../support/thorough.ts";
import { VaultProcess } from "../support/vault_process.ts";
import { waitUntil } from "../support/wait_until.ts";

const artifacts = Array.from({ length: 100 }, (_, index) => `/lib/artifact-${index}.jar`);
const misses = Array.from({ length: 20 }, (_, index) => `/lib/never-seen-${index}.jar`);
/** A build asks for its artifacts in a few lanes. */
const lanes = 4;
/** Far more than it should take, and far less than a pause or a time-out for each artifact would. */
const boundMs = 10_000;

type Upstream = ReturnType<typeof startFakeUpstream>;

interface Outage {
  readonly name: string;
  /** Gives what ends it. */
  begin(proxy: FaultProxy, upstream: Upstream): Promise<() => unknown> | (() => unknown);
  /** How many requests, or connections that stand still, a build of held artifacts may cost. */
  readonly mostAsked: number;
  /** Whether what is not held is refused unasked. A host that answers, if only 503, may have it. */
  readonly isDown: boolean;
}

const outages: readonly Outage[] = [
  {
    name: "silent",
    begin(proxy) {
      proxy.cutAll();
      const stall = proxy.stall(0);
      return () => stall.release();
    },
    mostAsked: 2 * lanes,
    isDown: true,
  },
  {
    name: "refusing",
    async begin(proxy) {
      await proxy.refuse();
      proxy.cutAll();
      return () => proxy.accept();
    },
    mostAsked: 0,
    isDown: true,
  },
  {
    name: "answering 503",
    begin(_proxy, upstream) {
      serve(upstream, { status: 503, body: "maintenance" });
      return () => serve(upstream);
    },
    mostAsked: artifacts.length,
    isDown: false,
  },
];

for (const outage of outages) {
  testInTurn(`a warm build of 100 artifacts with the upstream ${outage.name}, misses, and its recovery`, async () => {
    await using dir = await createTempDir();
    await using upstream = startFakeUpstream();
    await using proxy = await startFaultProxy(upstream.origin);
    const config = { prefix: "/m2", base_url: proxy.origin, ttl: "0s", timeout: "4s", negative_ttl: "0s" };
    const backends = [{ type: "http", name: "m2", config }];
    await Deno.writeTextFile(dir.join("config.yml"), JSON.stringify({ cache_dir: dir.join("cache"), backends }));
    await using vault = await VaultProcess.start({ args: ["--config", dir.join("config.yml")] });
    serve(upstream);
    assert.deepEqual(await build(vault, artifacts), new Map([[200, artifacts.length]]));

    const end = await outage.begin(proxy, upstream);
    const asked = upstream.requests.length;
    const connected = proxy.connectionCount;
    const startedAt = performance.now();
    assert.deepEqual(await build(vault, artifacts), new Map([[200, artifacts.length]]));
    const buildMs = performance.now() - startedAt;
    assert.ok(buildMs < boundMs, `the build took ${buildMs} ms`);
    const cost = Math.max(upstream.requests.length - asked, proxy.connectionCount - connected);
    assert.ok(cost <= outage.mostAsked, `upstream was asked ${cost} times`);

    const failed = await build(vault, misses);
    const missesMs = performance.now() - startedAt - buildMs;
    assert.equal(failed.has(200), false);
    assert.ok(missesMs < boundMs, `the misses took ${missesMs} ms`);
    await vault.waitForLine(/WARNING .*Upstream "http:\/\/127\.0\.0\.1:\d+" does not answer/);
    assert.equal(vault.lines.filter((line) => line.includes("does not answer")).length, 1, vault.output);
    if (outage.isDown) {
      const refused = await waitUntil("it is known to be down", async () => {
        const response = await fetch(vault.url(`/m2${misses[0]}`));
        const text = await response.text();
        return text.includes("upstream_down") ? response : null;
      });
      assert.ok(Number(refused.headers.get("retry-after")) >= 1);
    } else {
      const before = upstream.requests.length;
      assert.equal((await build(vault, [misses[0]!])).has(200), false);
      assert.equal(upstream.requests.length - before, 1, "asked once, and not repeated");
    }
    assert.match(await metrics(vault), /^vault_upstream_up\{upstream="http:\/\/127\.0\.0\.1:\d+"\} 0$/m);

    await end();
    const recovering = performance.now();
    await waitUntil("misses are fetched again", async () => (await build(vault, [misses[0]!])).has(200));
    assert.ok(performance.now() - recovering < boundMs);
    assert.deepEqual(await build(vault, misses), new Map([[200, misses.length]]));
    await vault.waitForLine(/INFO .*Upstream "http:\/\/127\.0\.0\.1:\d+" answers again/);
    assert.match(await metrics(vault), /^vault_upstream_up\{upstream="http:\/\/127\.0\.0\.1:\d+"\} 1$/m);
  });
}

function serve(upstream: Upstream, answer?: { status: number; body: string }): void {
  for (const path of [...artifacts, ...misses]) upstream.serve(path, answer ?? { body: path, etag: `"${path}"` });
}

/** Asks for all of them in lanes, and counts the statuses. A 200 with other bytes than it should have fails the test. */
async function build(vault: VaultProcess, paths: readonly string[]): Promise<Map<number, number>> {
  const statuses = new Map<number, number>();
  const left = [...paths];
  const lane = async () => {
    for (let path = left.shift(); path !== undefined; path = left.shift()) {
      const response = await fetch(vault.url(`/m2${path}`));
      const text = await response.text();
      if (response.status === 200) assert.equal(text, path);
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return statuses;
}

async function metrics(vault: VaultProcess): Promise<string> {
  return await (await fetch(vault.url("/metrics"))).text();
}
