import assert from "node:assert/strict";
import { startFakeUpstream } from "../support/fake_upstream.ts";
import { Pattern } from "../support/pattern.ts";
import { VaultFixture } from "../support/vault_fixture.ts";
import { within } from "../support/within.ts";

const MiB = 1024 * 1024;
const far = { kind: "from", first: 6 * MiB } as const;

Deno.test("an upstream that refuses a second connection does not break the first one's download", async () => {
  const body = new Pattern(8 * MiB);
  await using upstream = startFakeUpstream();
  upstream.serve("/a", (_request, nth) => nth === 0 ? { body, etag: '"1"' } : { status: 429 });
  const hold = upstream.hold("/a", MiB);
  const refused = Promise.withResolvers<void>();
  await using fixture = new VaultFixture({
    vault: { resumeAttempts: 0 },
    events: { upstreamFailed: () => refused.resolve() },
  });
  const artifact = fixture.artifact(upstream.url("/a"));
  const whole = fixture.read(artifact);
  await hold.reached;
  const opened = await fixture.open(artifact, { range: far });
  const range = new Response(opened.stream({ start: far.first, end: body.size })).bytes();
  await refused.promise;
  hold.release();
  const [{ bytes }, tail] = await Promise.all([whole, range]);
  assert.ok(bytes.length === body.size && body.matches(bytes, 0));
  assert.ok(tail.length === 2 * MiB && body.matches(tail, far.first));
});

Deno.test("a range for which no slot is free takes nothing from the download that is under way", async () => {
  const body = new Pattern(8 * MiB);
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body, etag: '"1"' });
  upstream.serve("/slow", { body: "slow" });
  const slow = upstream.hold("/slow");
  const hold = upstream.hold("/a", MiB);
  await using fixture = new VaultFixture({ vault: { maxTransfersOf: () => 1 } });
  const artifact = fixture.artifact(upstream.url("/a"));
  const whole = fixture.read(artifact);
  await hold.reached;
  const other = fixture.read(fixture.artifact(upstream.url("/slow")));
  const opened = await fixture.open(artifact, { range: far });
  const range = new Response(opened.stream({ start: far.first, end: body.size })).bytes();
  hold.release();
  try {
    await within("the first download", whole);
  } finally {
    slow.release();
    await Promise.all([range, other, whole]);
  }
});

Deno.test("a range that found all segments taken gets one when one is free again", async () => {
  const body = new Pattern(16 * MiB);
  await using upstream = startFakeUpstream();
  upstream.serve("/a", (_request, nth) => ({
    ...{ body, etag: '"1"' },
    ...(nth === 0 && { fault: { kind: "silent", afterBytes: MiB } as const }),
  }));
  await using fixture = new VaultFixture({ idleTimeoutMs: 60_000, vault: { maxSegments: 2 } });
  const artifact = fixture.artifact(upstream.url("/a"));
  const whole = (await fixture.open(artifact)).stream().getReader();
  for (let read = 0; read < MiB;) read += (await whole.read()).value!.length;
  const part = async (start: number, end: number) => {
    const opened = await fixture.open(artifact, { range: { kind: "from", first: start, last: end - 1 } });
    return { bytes: new Response(opened.stream({ start, end })).bytes() };
  };
  const second = await part(14 * MiB, 16 * MiB);
  const third = await part(7 * MiB, 8 * MiB);
  third.bytes.catch(() => {});
  await second.bytes;
  assert.ok(body.matches(await within("the third", third.bytes), 7 * MiB));
  await whole.cancel();
});

Deno.test("a second connection that is refused for the beginning of a body does not break the one for its end", async () => {
  const body = new Pattern(8 * MiB);
  await using upstream = startFakeUpstream();
  let first = true;
  upstream.serve("/a", (_request, nth) => nth === 0 || !first ? { body, etag: '"1"' } : { status: 429 });
  const hold = upstream.hold("/a", MiB);
  const refused = Promise.withResolvers<void>();
  await using fixture = new VaultFixture({
    vault: { resumeAttempts: 0 },
    events: { upstreamFailed: () => refused.resolve() },
  });
  const artifact = fixture.artifact(upstream.url("/a"));
  const opened = await fixture.open(artifact, { range: far });
  const range = new Response(opened.stream({ start: far.first, end: body.size })).bytes();
  await hold.reached;
  const whole = fixture.read(artifact);
  await refused.promise;
  first = false;
  hold.release();
  const [tail, { bytes }] = await Promise.all([range, whole]);
  assert.ok(tail.length === 2 * MiB && body.matches(tail, far.first));
  assert.ok(bytes.length === body.size && body.matches(bytes, 0));
});
