import assert from "node:assert/strict";
import { parseDigest } from "../../src/digest.ts";
import { StagedFile } from "../../src/store/staged_file.ts";
import { startFakeUpstream } from "../support/fake_upstream.ts";
import { Pattern } from "../support/pattern.ts";
import { byDigest, VaultFixture } from "../support/vault_fixture.ts";
import { within } from "../support/within.ts";

const MiB = 1024 * 1024;
const far = { kind: "from", first: 6 * MiB } as const;

Deno.test("a disk that fails breaks no download with a digest, in however many segments it comes", async () => {
  const body = new Pattern(8 * MiB);
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body, etag: '"1"' });
  const hold = upstream.hold("/a", MiB);
  using _failing = failingWrites(3 * MiB);
  await using fixture = new VaultFixture();
  const artifact = fixture.artifact(upstream.url("/a"), { identity: byDigest(parseDigest(`sha256:${body.sha256()}`)) });
  const whole = fixture.read(artifact);
  await hold.reached;
  const opened = await fixture.open(artifact, { range: far });
  const range = new Response(opened.stream({ start: far.first, end: body.size })).bytes();
  await upstream.waitForRequest(2);
  hold.release();
  const [{ bytes }, tail] = await Promise.all([whole, range]);
  assert.ok(bytes.length === body.size && body.matches(bytes, 0));
  assert.ok(tail.length === 2 * MiB && body.matches(tail, far.first));
});

Deno.test("a disk that fails breaks no download whose beginning is still to be fetched and waits for a slot", async () => {
  const body = new Pattern(16 * MiB);
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body, etag: '"1"' });
  const hold = upstream.hold("/a", MiB);
  using _failing = failingWrites(MiB + MiB / 2);
  await using fixture = new VaultFixture({ idleTimeoutMs: 60_000, vault: { maxTransfersOf: () => 1 } });
  const artifact = fixture.artifact(upstream.url("/a"));
  const opened = await fixture.open(artifact, { range: far });
  const range = new Response(opened.stream({ start: far.first, end: body.size })).bytes();
  await hold.reached;
  const whole = fixture.read(artifact);
  hold.release();
  const [tail, { bytes }] = await Promise.all([range, whole]);
  assert.ok(tail.length === 10 * MiB && body.matches(tail, far.first));
  assert.ok(bytes.length === body.size && body.matches(bytes, 0));
});

Deno.test("a disk that fails breaks no download of unknown length with a digest", async () => {
  const body = new Pattern(1000);
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body, framing: "chunked" });
  using _failing = failingWrites(0);
  await using fixture = new VaultFixture();
  const artifact = fixture.artifact(upstream.url("/a"), { identity: byDigest(parseDigest(`sha256:${body.sha256()}`)) });
  const { bytes } = await within("the download", fixture.read(artifact));
  assert.ok(bytes.length === body.size && body.matches(bytes, 0));
});

Deno.test("a disk that fails does not stop a range of a body with a digest whose beginning is still to be fetched", async () => {
  const body = new Pattern(16 * MiB);
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body, etag: '"1"' });
  using _failing = failingWrites(MiB);
  await using fixture = new VaultFixture({ idleTimeoutMs: 60_000 });
  const artifact = fixture.artifact(upstream.url("/a"), { identity: byDigest(parseDigest(`sha256:${body.sha256()}`)) });
  const opened = await fixture.open(artifact, { range: far });
  const range = new Response(opened.stream({ start: far.first, end: body.size })).bytes();
  const tail = await within("the range", range);
  assert.ok(tail.length === 10 * MiB && body.matches(tail, far.first));
});

/** Every write of a staged body fails once so many bytes are written. */
function failingWrites(afterBytes: number): Disposable {
  const { openWriter } = StagedFile.prototype;
  let written = 0;
  StagedFile.prototype.openWriter = function (offset) {
    const file = openWriter.call(this, offset);
    const write = file.write.bind(file);
    file.write = (bytes) => {
      written += bytes.byteLength;
      return written > afterBytes ? Promise.reject(new Error("no space left on device")) : write(bytes);
    };
    return file;
  };
  return { [Symbol.dispose]: () => void (StagedFile.prototype.openWriter = openWriter) };
}
