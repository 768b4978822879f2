import assert from "node:assert/strict";
import { GrowingFile } from "../../src/vault/transfer/growing_file.ts";
import { statusOf } from "../../src/vault/transfer/status.ts";
import { startFakeUpstream } from "../support/fake_upstream.ts";
import { createRecordingLog } from "../support/store_fixture.ts";
import { VaultFixture } from "../support/vault_fixture.ts";

const body = new Uint8Array(100_000);

Deno.test("a transfer under way says what it fetches, how far it is, from where, and for how many clients", async () => {
  await using upstream = startFakeUpstream();
  await using fixture = new VaultFixture();
  upstream.serve("/file", { body });
  const before = upstream.hold("/file", 0);
  const middle = upstream.hold("/file", 50_000);
  assert.deepEqual(fixture.vault.status(), []);
  const artifact = fixture.artifact(upstream.url("/file"));
  const startedAt = Date.now();
  const opening = fixture.open(artifact);
  await upstream.waitForRequest(1);
  const waiting = fixture.vault.status()[0]!;
  assert.deepEqual({ ...waiting, since: 0 }, {
    ...{ backend: "test", key: "/file", upstream: new URL(upstream.origin).host, since: 0 },
    ...{ followers: 1, receivedBytes: 0, sizeBytes: null, bytesPerSecond: 0, silentSeconds: 0 },
  });
  assert.ok(waiting.since >= startedAt && waiting.since <= Date.now());
  before.release();
  const [first, second] = await Promise.all([opening, fixture.open(artifact)]);
  const [one, two] = [first.chunks(), second.chunks()];
  for (let read = 0; read < 50_000;) read += (await one.read())!.byteLength;
  const half = fixture.vault.status();
  assert.equal(half.length, 1);
  const { followers, receivedBytes, sizeBytes, since, bytesPerSecond } = half[0]!;
  assert.deepEqual({ followers, receivedBytes, sizeBytes, since }, {
    ...{ followers: 2, receivedBytes: 50_000, sizeBytes: 100_000, since: waiting.since },
  });
  assert.ok(bytesPerSecond > 0);
  two.close();
  assert.equal(fixture.vault.status()[0]!.followers, 1);
  middle.release();
  while (await one.read() !== null);
  await fixture.settle();
  assert.deepEqual(fixture.vault.status(), []);
});

Deno.test("the speed leaves out what an earlier transfer has left", () => {
  const artifact = { backend: "b", key: "/k", candidates: [{ url: "https://first/k" }] };
  const transfer = { artifact, source: "https://host:8443/k", followers: 3, since: 5 };
  const body = { receivedBytes: 5000, sizeBytes: null, resumedBytes: 3000, elapsedMs: 4000, silentMs: 2999 };
  assert.deepEqual(statusOf({ ...transfer, progress: () => body }), {
    ...{ backend: "b", key: "/k", upstream: "host:8443", since: 5, followers: 3 },
    ...{ receivedBytes: 5000, sizeBytes: null, bytesPerSecond: 500, silentSeconds: 2 },
  });
  const { silentSeconds } = statusOf({ ...transfer, since: Date.now() - 9500, progress: () => undefined });
  assert.equal(silentSeconds, 9, "before upstream's headers, since it began");
});

Deno.test("a body is silent from its last bytes on", async () => {
  const file = new GrowingFile({ staged: null, sizeBytes: 20, hash: null, gated: false, patienceMs: 1 });
  const segment = file.addSegment(0);
  const { now } = performance;
  const at = now.call(performance);
  const silentMs = (laterMs: number) => {
    performance.now = () => at + laterMs;
    return file.silentMs;
  };
  try {
    assert.ok(silentMs(7000) >= 7000, "before the first bytes, since there is a body");
    await segment.append(new Uint8Array(10));
    assert.equal(silentMs(7000), 0);
    assert.equal(silentMs(9500), 2500);
  } finally {
    performance.now = now;
  }
});

Deno.test("when the vault closes, the log says which transfers were cut off", async () => {
  const log = createRecordingLog();
  await using upstream = startFakeUpstream();
  await using fixture = new VaultFixture({ log });
  upstream.serve("/file", { body });
  const middle = upstream.hold("/file", 50_000);
  const chunks = (await fixture.open(fixture.artifact(upstream.url("/file")))).chunks();
  await middle.reached;
  for (let read = 0; read < 50_000;) read += (await chunks.read())!.byteLength;
  await fixture.vault.close(0);
  assert.ok(
    log.lines.includes("INFO Cutting off: test /file (48.8 KiB of 97.7 KiB, 1 follower)"),
    log.lines.join("\n"),
  );
  await assert.rejects(chunks.read());
});
