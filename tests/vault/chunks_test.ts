import assert from "node:assert/strict";
import type { Chunk, ChunkReader } from "../../src/vault/vault.ts";
import { startFakeUpstream } from "../support/fake_upstream.ts";
import { Pattern } from "../support/pattern.ts";
import { VaultFixture } from "../support/vault_fixture.ts";

const MiB = 1024 * 1024;
const lasting = { "cache-control": "max-age=60" };

Deno.test("a stored body: each chunk is freed when it is released, and not before", async () => {
  const body = new Pattern(2 * MiB);
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body, headers: lasting });
  await using fixture = new VaultFixture();
  const artifact = fixture.artifact(upstream.url("/a"));
  await fixture.read(artifact);
  await fixture.settle();
  const chunks = (await fixture.open(artifact)).chunks();
  let at = 0;
  for (let chunk = await chunks.read(); chunk !== null; chunk = await chunks.read()) {
    assert.ok(body.matches(chunk, at));
    at += chunk.byteLength;
    chunks.release();
    assert.equal(chunk.byteLength, 0);
  }
  assert.equal(at, body.size);
});

Deno.test("a chunk that two followers have is freed by the last one", async () => {
  await using scene = await atTheTip();
  const [first, second] = [scene.fixture, scene.fixture].map(() => scene.follow());
  const [mine, its] = await scene.nextOf([await first!, await second!]);
  assert.equal(mine!.buffer, its!.buffer);
  await scene.fixture.settle();
  (await first!).release();
  assert.ok(scene.body.matches(mine!, 1) && mine!.byteLength > 0);
  (await second!).release();
  assert.equal(mine!.byteLength, 0);
});

Deno.test("a reader that keeps its chunks has them whole, whoever else releases the same ones", async () => {
  await using scene = await atTheTip();
  const keeping = (await scene.fixture.open(scene.artifact)).stream().getReader();
  await keeping.read();
  const other = await scene.follow();
  const [kept, released] = await Promise.all([keeping.read(), scene.nextOf([other])]);
  assert.equal(kept.value!.buffer, released[0]!.buffer);
  other.release();
  await scene.fixture.settle();
  assert.ok(scene.body.matches(kept.value!, 1) && kept.value!.byteLength > 1);
  await keeping.cancel();
});

Deno.test("bytes that are still to be written are not freed by the follower that has sent them", async () => {
  await using scene = await atTheTip();
  const follower = await scene.follow();
  await scene.nextOf([follower]);
  follower.release();
  await scene.fixture.settle();
  const { bytes } = await scene.fixture.read(scene.artifact);
  assert.ok(bytes.length === scene.body.size && scene.body.matches(bytes, 0));
});

/** A body of which the first byte has come, and the rest comes as one chunk once `nextOf` says so. */
async function atTheTip() {
  await using stack = new AsyncDisposableStack();
  const body = new Pattern(20_000);
  const upstream = stack.use(startFakeUpstream());
  upstream.serve("/a", { body, headers: lasting });
  const hold = upstream.hold("/a", 1);
  const fixture = stack.use(new VaultFixture());
  const artifact = fixture.artifact(upstream.url("/a"));
  const resources = stack.move();
  return {
    ...{ body, fixture, artifact },
    /** A reader that has the first byte. */
    async follow(): Promise<ChunkReader> {
      const chunks = (await fixture.open(artifact)).chunks();
      assert.equal((await chunks.read())?.byteLength, 1);
      return chunks;
    },
    /** What these are handed once the rest is there. */
    async nextOf(readers: readonly ChunkReader[]): Promise<(Chunk | null)[]> {
      const next = readers.map((reader) => reader.read());
      hold.release();
      return await Promise.all(next);
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
