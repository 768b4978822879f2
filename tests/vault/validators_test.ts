import assert from "node:assert/strict";
import { type Answer, startFakeUpstream } from "../support/fake_upstream.ts";
import { Pattern } from "../support/pattern.ts";
import { VaultFixture } from "../support/vault_fixture.ts";
import { within } from "../support/within.ts";

const MiB = 1024 * 1024;
const decoder = new TextDecoder();

/** Leaves the artifact in the cache, as an earlier run of the vault would. */
async function hold(cacheDir: string, url: string): Promise<void> {
  await using fixture = new VaultFixture({ cacheDir });
  await fixture.read(fixture.artifact(url));
  await fixture.settle();
}

const lies: readonly (readonly [name: string, answer: Answer])[] = [
  ["304 without a condition", { status: 304 }],
  ["206 to a plain GET", { status: 206, headers: { "content-range": "bytes 0-9/1000" }, body: "0123456789" }],
  ["416 to a plain GET", { status: 416, body: "no such range" }],
];
for (const [name, answer] of lies) {
  Deno.test(`an upstream that answers ${name} has failed, and nothing is kept`, async () => {
    await using upstream = startFakeUpstream();
    upstream.serve("/a", answer);
    await using fixture = new VaultFixture();
    const artifact = fixture.artifact(upstream.url("/a"));
    await assert.rejects(fixture.read(artifact), { code: "upstream_failed" });
    await fixture.settle();
    assert.equal(fixture.store.find(artifact), null);
  });
}

Deno.test("an upstream that ignores If-Range and sends the rest of another version: never a mixed body", async () => {
  const [one, two] = [new Pattern(2 * MiB, 1), new Pattern(2 * MiB, 2)];
  await using upstream = startFakeUpstream();
  upstream.serve(
    "/a",
    (_request, nth) =>
      nth === 0
        ? { body: one, etag: '"1"', fault: { kind: "close", afterBytes: MiB } }
        : { status: 206, etag: '"2"', headers: { "content-range": tailOf(two, MiB) }, body: two.bytes(MiB) },
  );
  await using fixture = new VaultFixture();
  const artifact = fixture.artifact(upstream.url("/a"));
  await assert.rejects(fixture.read(artifact), { code: "upstream_changed" });
  await fixture.settle();
  assert.equal(fixture.store.find(artifact), null);
});

Deno.test("the same after a restart: the parked bytes are given up", async () => {
  const [one, two] = [new Pattern(4 * MiB, 1), new Pattern(4 * MiB, 2)];
  await using upstream = startFakeUpstream();
  const cacheDir = await Deno.makeTempDir();
  upstream.serve("/a", { body: one, etag: '"1"' });
  const hold = upstream.hold("/a", 3 * MiB);
  {
    await using fixture = new VaultFixture({ cacheDir });
    const reader = (await fixture.open(fixture.artifact(upstream.url("/a")))).stream().getReader();
    for (let read = 0; read < 3 * MiB;) read += (await reader.read()).value!.length;
    await fixture.vault.close(0);
    await reader.read().catch(() => {});
  }
  hold.release();
  upstream.serve("/a", ({ range }) => {
    if (range === null) return { body: two, etag: '"2"' };
    const from = Number(/\d+/.exec(range)![0]);
    return { status: 206, etag: '"2"', headers: { "content-range": tailOf(two, from) }, body: two.bytes(from) };
  });
  {
    await using fixture = new VaultFixture({ cacheDir });
    const { bytes } = await fixture.read(fixture.artifact(upstream.url("/a")));
    assert.ok(bytes.length === two.size && two.matches(bytes, 0));
  }
  await Deno.remove(cacheDir, { recursive: true });
});

Deno.test("two stale variants confirmed at once: each client gets its own", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", (request) => ({
    body: request.headers.get("accept")!,
    etag: `"${request.headers.get("accept")}"`,
    headers: { vary: "Accept" },
  }));
  const cacheDir = await Deno.makeTempDir();
  const of = (fixture: VaultFixture, type: string) =>
    fixture.artifact(upstream.url("/a"), {
      requestHeaders: [["accept", type]],
      freshness: { kind: "ttl", ttlMs: 0 },
    });
  {
    await using fixture = new VaultFixture({ cacheDir });
    for (const type of ["text/html", "text/plain"]) await fixture.read(of(fixture, type));
    await fixture.settle();
  }
  {
    await using fixture = new VaultFixture({ cacheDir });
    const hold = upstream.hold("/a");
    const reads = ["text/html", "text/plain"].map((type) => fixture.read(of(fixture, type)));
    await hold.reached;
    hold.release();
    const texts = (await Promise.all(reads)).map(({ bytes }) => decoder.decode(bytes));
    assert.deepEqual(texts, ["text/html", "text/plain"]);
  }
  await Deno.remove(cacheDir, { recursive: true });
});

Deno.test("HEAD of a stale copy waits no longer for upstream than GET does", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: "one", etag: '"1"' });
  const cacheDir = await Deno.makeTempDir();
  await hold(cacheDir, upstream.url("/a"));
  {
    await using fixture = new VaultFixture({ cacheDir, vault: { revalidateTimeoutMs: 10 } });
    const hold = upstream.hold("/a");
    const artifact = fixture.artifact(upstream.url("/a"), { freshness: { kind: "ttl", ttlMs: 0 } });
    const open = fixture.open(artifact, { method: "HEAD" });
    try {
      const opened = await within("HEAD", open);
      assert.equal(opened.cacheStatus.detail, "stale-if-error");
    } finally {
      hold.release();
      (await open).close();
    }
  }
  await Deno.remove(cacheDir, { recursive: true });
});

Deno.test("a confirmation that names another ETag confirms nothing", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: "one", etag: '"1"', lastModified: "Mon, 01 Jan 2024 00:00:00 GMT" });
  const cacheDir = await Deno.makeTempDir();
  await hold(cacheDir, upstream.url("/a"));
  upstream.serve("/a", ({ headers }) => ({
    ...{ body: "two", etag: '"2"' },
    ...(headers.has("if-none-match") && { status: 304 }),
  }));
  {
    await using fixture = new VaultFixture({ cacheDir });
    const artifact = fixture.artifact(upstream.url("/a"), { freshness: { kind: "ttl", ttlMs: 0 } });
    const { opened, bytes } = await fixture.read(artifact);
    assert.deepEqual([decoder.decode(bytes), new Map(opened.headers).get("etag")], ["two", '"2"']);
  }
  await Deno.remove(cacheDir, { recursive: true });
});

Deno.test("HEAD: a confirmation that names another ETag confirms nothing", async () => {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: "one", etag: '"1"' });
  const cacheDir = await Deno.makeTempDir();
  await hold(cacheDir, upstream.url("/a"));
  upstream.serve("/a", ({ headers }) => ({
    ...{ body: "two", etag: '"2"' },
    ...(headers.has("if-none-match") && { status: 304 }),
  }));
  {
    await using fixture = new VaultFixture({ cacheDir });
    const artifact = fixture.artifact(upstream.url("/a"), { freshness: { kind: "ttl", ttlMs: 0 } });
    (await fixture.open(artifact, { method: "HEAD" })).close();
    assert.equal(new Map(fixture.store.find(artifact)!.headers).get("etag"), '"1"');
  }
  await Deno.remove(cacheDir, { recursive: true });
});

function tailOf(body: Pattern, from: number): string {
  return `bytes ${from}-${body.size - 1}/${body.size}`;
}
