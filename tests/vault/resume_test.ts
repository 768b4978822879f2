import assert from "node:assert/strict";
import { parseDigest } from "../../src/digest.ts";
import type { Artifact } from "../../src/artifact.ts";
import { StagedFile } from "../../src/store/staged_file.ts";
import { type FakeUpstream, startFakeUpstream } from "../support/fake_upstream.ts";
import { Pattern } from "../support/pattern.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { byDigest, VaultFixture } from "../support/vault_fixture.ts";
import { walk } from "../support/walk.ts";

const MiB = 1024 * 1024;
const body = new Pattern(8 * MiB);
const parkedBytes = 5 * MiB;

/** Fetches a body that stops at `parkedBytes`, which are parked when it resolves. */
async function park(fixture: VaultFixture, upstream: FakeUpstream, artifact: Artifact): Promise<void> {
  upstream.serve("/a", { body, etag: '"1"' });
  const hold = upstream.hold("/a", parkedBytes);
  const opened = await fixture.open(artifact);
  const reader = opened.stream().getReader();
  for (let read = 0; read < parkedBytes;) read += (await reader.read()).value!.length;
  await hold.reached;
  await fixture.vault.close(0);
  await assert.rejects(reader.read(), { code: "shutting_down" });
  hold.release();
}

/** Where the writing of resume records stands still, which a transfer does before it leaves its bytes. */
class HeldRecords implements Disposable {
  readonly #saveRecord = StagedFile.prototype.saveRecord;
  readonly #reached = Promise.withResolvers<void>();
  readonly #released = Promise.withResolvers<void>();
  readonly reached = this.#reached.promise;

  constructor() {
    const [save, reached, released] = [this.#saveRecord, this.#reached, this.#released.promise];
    StagedFile.prototype.saveRecord = async function (record) {
      reached.resolve();
      await released;
      await save.call(this, record);
    };
  }

  release(): void {
    this.#released.resolve();
  }

  [Symbol.dispose](): void {
    StagedFile.prototype.saveRecord = this.#saveRecord;
  }
}

function stagedFile(cacheDir: string): string {
  const [path] = walk(cacheDir).filter((name) => name.endsWith(".part"));
  return `${cacheDir}/${path}`;
}

function flipFirstByte(path: string): void {
  using file = Deno.openSync(path, { read: true, write: true });
  const byte = new Uint8Array(1);
  file.readSync(byte);
  file.seekSync(0, Deno.SeekMode.Start);
  file.writeSync(new Uint8Array([255 - byte[0]!]));
}

Deno.test("while upstream is down parked bytes are left alone, and resumed when it is back", async () => {
  await using upstream = startFakeUpstream();
  await using dir = await createTempDir();
  const cacheDir = dir.path;
  {
    await using fixture = new VaultFixture({ cacheDir });
    await park(fixture, upstream, fixture.artifact(upstream.url("/a")));
  }
  await using fixture = new VaultFixture({ cacheDir });
  const artifact = fixture.artifact(upstream.url("/a"));
  upstream.serve("/a", { status: 503 });
  await assert.rejects(fixture.read(artifact), { code: "upstream_failed" });
  const path = stagedFile(cacheDir);
  // Whoever reads the bytes now would find them wrong and throw them away.
  flipFirstByte(path);
  await assert.rejects(fixture.read(artifact), { code: "upstream_failed" });
  assert.equal(stagedFile(cacheDir), path);
  flipFirstByte(path);
  upstream.serve("/a", { body, etag: '"1"' });
  const { bytes } = await fixture.read(artifact);
  assert.ok(bytes.length === body.size && body.matches(bytes, 0));
  assert.equal(upstream.requests.at(-1)?.range, `bytes=${parkedBytes}-`);
});

Deno.test("parked bytes that are not what they were reach nobody: the body is fetched anew", async () => {
  await using upstream = startFakeUpstream();
  await using dir = await createTempDir();
  const cacheDir = dir.path;
  {
    await using fixture = new VaultFixture({ cacheDir });
    await park(fixture, upstream, fixture.artifact(upstream.url("/a")));
  }
  flipFirstByte(stagedFile(cacheDir));
  await using fixture = new VaultFixture({ cacheDir });
  const { bytes } = await fixture.read(fixture.artifact(upstream.url("/a")));
  assert.ok(bytes.length === body.size && body.matches(bytes, 0));
  assert.equal(upstream.requests.at(-1)?.range, null);
});

Deno.test("a process resumes what it parked itself, again and again, and stores the right bytes", async () => {
  await using upstream = startFakeUpstream();
  await using fixture = new VaultFixture({ vault: { resumeAttempts: 0 } });
  const artifact = fixture.artifact(upstream.url("/a"), { identity: byDigest(parseDigest(`sha256:${body.sha256()}`)) });
  upstream.serve("/a", (_request, nth) => ({
    ...{ body, etag: '"1"' },
    ...(nth < 3 && { fault: { kind: "close" as const, afterBytes: 2 * MiB } }),
  }));
  for (let i = 0; i < 3; i++) await assert.rejects(fixture.read(artifact), { code: "upstream_failed" });
  const { bytes } = await fixture.read(artifact);
  assert.ok(bytes.length === body.size && body.matches(bytes, 0));
  const ranges = upstream.requests.map(({ range }) => range);
  assert.deepEqual(ranges, [null, ...[2, 4, 6].map((n) => `bytes=${n * MiB}-`)]);
  await fixture.settle();
  assert.equal(fixture.store.find(artifact)?.sha256, body.sha256());
});

Deno.test("a small body with a digest that comes in several segments is hashed in order", async () => {
  const small = new Pattern(MiB);
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: small, etag: '"1"' });
  await using fixture = new VaultFixture({ vault: { rangeAheadBytes: 64 * 1024 } });
  const artifact = fixture.artifact(upstream.url("/a"), {
    identity: byDigest(parseDigest(`sha256:${small.sha256()}`)),
  });
  const part = MiB / 4;
  await Promise.all([3, 1, 2, 0].map(async (i) => {
    const start = i * part;
    const opened = await fixture.open(artifact, { range: { kind: "from", first: start, last: start + part - 1 } });
    const bytes = await new Response(opened.stream({ start, end: start + part })).bytes();
    assert.ok(bytes.length === part && small.matches(bytes, start));
  }));
  await fixture.settle();
  assert.equal(fixture.store.find(artifact)?.sha256, small.sha256());
});

Deno.test("with abandoned_transfer: stop, who comes the moment the last one leaves gets the whole body", async () => {
  const body = new Pattern(8 * MiB);
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body, etag: '"1"' });
  const hold = upstream.hold("/a", 5 * MiB);
  await using fixture = new VaultFixture();
  const artifact = fixture.artifact(upstream.url("/a"), { policy: { abandonedTransfer: "stop" } });
  const reader = (await fixture.open(artifact)).stream().getReader();
  for (let read = 0; read < 5 * MiB;) read += (await reader.read()).value!.length;
  await hold.reached;
  const left = reader.cancel();
  const next = fixture.read(artifact);
  hold.release();
  await left;
  const { bytes } = await next;
  assert.ok(bytes.length === body.size && body.matches(bytes, 0));
});

Deno.test("who comes while a stopped transfer leaves its bytes goes on with them", async () => {
  const body = new Pattern(8 * MiB);
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body, etag: '"1"' });
  const hold = upstream.hold("/a", 5 * MiB);
  await using fixture = new VaultFixture();
  const artifact = fixture.artifact(upstream.url("/a"), { policy: { abandonedTransfer: "stop" } });
  const reader = (await fixture.open(artifact)).stream().getReader();
  for (let read = 0; read < 5 * MiB;) read += (await reader.read()).value!.length;
  await hold.reached;
  using records = new HeldRecords();
  await reader.cancel();
  hold.release();
  await records.reached;
  const next = fixture.read(artifact);
  await new Promise((resolve) => setTimeout(resolve));
  records.release();
  const { bytes } = await next;
  assert.ok(bytes.length === body.size && body.matches(bytes, 0));
  assert.equal(upstream.requests[1]?.range, `bytes=${5 * MiB}-`);
});

Deno.test("a broken body of unknown length is not gone on with: nothing tells where it stands", async () => {
  const body = new Pattern(3 * MiB);
  await using upstream = startFakeUpstream();
  upstream.serve("/a", (_request, nth) => ({
    ...{ body, etag: '"1"' },
    ...(nth === 0 && { framing: "chunked", fault: { kind: "close", afterBytes: MiB } } as const),
  }));
  await using fixture = new VaultFixture();
  const artifact = fixture.artifact(upstream.url("/a"));
  await assert.rejects(fixture.read(artifact), { code: "upstream_failed" });
  assert.equal(upstream.count("/a"), 1);
  const { bytes } = await fixture.read(artifact);
  assert.ok(bytes.length === body.size && body.matches(bytes, 0));
});

Deno.test("with a digest, a broken download goes on at another mirror, whatever its ETag", async () => {
  const body = new Pattern(2 * MiB);
  await using upstream = startFakeUpstream();
  upstream.serve(
    "/one/a",
    (_request, nth) => nth === 0 ? { body, etag: '"1"', fault: { kind: "close", afterBytes: MiB } } : { status: 503 },
  );
  upstream.serve(
    "/two/a",
    { status: 206, etag: '"other"', headers: { "content-range": tailOf(body, MiB) }, body: body.bytes(MiB) },
  );
  await using fixture = new VaultFixture();
  const urls = [upstream.url("/one/a"), upstream.url("/two/a")];
  const artifact = fixture.artifact(urls, { identity: byDigest(parseDigest(`sha256:${body.sha256()}`)) });
  const { bytes } = await fixture.read(artifact);
  assert.ok(bytes.length === body.size && body.matches(bytes, 0));
});

function tailOf(body: Pattern, from: number): string {
  return `bytes ${from}-${body.size - 1}/${body.size}`;
}
