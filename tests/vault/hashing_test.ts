import assert from "node:assert/strict";
import { Hashing, inlineHashBytes } from "../../src/vault/hashing/hashing.ts";
import type { RunningHash } from "../../src/vault/hashing/running_hash.ts";
import { hashThread } from "../support/hash_thread.ts";
import { openFilesBelow } from "../support/open_files.ts";
import { Pattern } from "../support/pattern.ts";
import { createTempDir, type TempDir } from "../support/temp_dir.ts";

const MiB = 1024 * 1024;

/** A running hash of a file that holds all of `body`: by its chunks for a small one, on the worker for a large one. */
async function hashOf(hashing: Hashing, dir: TempDir, body: Pattern): Promise<RunningHash> {
  const path = dir.join(`${body.size}.part`);
  await Deno.writeFile(path, body.bytes(0));
  return hashing.follow(path, body.size, ["sha256"]);
}

for (const size of [300_000, inlineHashBytes + 300_000]) {
  const body = new Pattern(size);
  const half = size / 2;
  const hashed = { bytes: size, digests: { sha256: body.sha256() } };

  Deno.test(`${size} bytes, first from the file and then as they pass: each is hashed once and in order`, async () => {
    await using dir = await createTempDir();
    const hashing = new Hashing(hashThread);
    const hash = await hashOf(hashing, dir, body);
    hash.advance(half);
    const chunk = body.bytes(half, size);
    hash.update(chunk.subarray(0, 1000));
    hash.update(chunk.subarray(1000));
    chunk.fill(0);
    assert.deepEqual(await hash.digests(), hashed);
    hash.close();
    hashing.close();
  });

  Deno.test(`${size} bytes, asked for twice at once: each is hashed once`, async () => {
    await using dir = await createTempDir();
    const hashing = new Hashing(hashThread);
    const hash = await hashOf(hashing, dir, body);
    hash.advance(half);
    const first = hash.digests();
    hash.advance(size);
    assert.deepEqual((await Promise.all([first, hash.digests(), hash.digests()])).slice(1), [hashed, hashed]);
    hash.close();
    hashing.close();
  });

  Deno.test(`${size} bytes, of which the file has too few: an error, each time`, async () => {
    await using dir = await createTempDir();
    const hashing = new Hashing(hashThread);
    const hash = await hashOf(hashing, dir, body);
    hash.advance(size + 1);
    for (let i = 0; i < 2; i++) await assert.rejects(hash.digests(), { code: "storage_failed" });
    hash.close();
    hashing.close();
  });
}

Deno.test("the digest of a body that is finished does not wait for the long beginning of another", async () => {
  await using dir = await createTempDir();
  // Its own thread still starts while all is asked for.
  const hashing = new Hashing();
  const path = dir.join("long.part");
  await Deno.writeFile(path, new Uint8Array());
  await Deno.truncate(path, 64 * MiB);
  const [long, short] = [hashing.follow(path, null, ["sha256"]), await hashOf(hashing, dir, new Pattern(2 * MiB))];
  const order: string[] = [];
  long.advance(64 * MiB);
  const all = [long.digests().then(() => order.push("long"))];
  short.advance(2 * MiB);
  all.push(short.digests().then(() => order.push("short")));
  await Promise.all(all);
  assert.deepEqual(order, ["short", "long"]);
  for (const hash of [long, short]) hash.close();
  hashing.close();
});

const touches: readonly (readonly [name: string, touch: (path: string) => void, bytes: number, kept: boolean])[] = [
  ["left as it was", () => {}, 2 * MiB, true],
  ["of another length", (path) => Deno.truncateSync(path, MiB), 2 * MiB, false],
  ["written to", (path) => Deno.utimeSync(path, new Date(), new Date(Date.now() + 1000)), 2 * MiB, false],
  ["removed", (path) => Deno.removeSync(path), 2 * MiB, false],
  ["resumed from another byte", () => {}, MiB, false],
];

for (const [name, touch, bytes, kept] of touches) {
  Deno.test(`a kept hash is ${kept ? "used, once," : "not used"} where the file was ${name}`, async () => {
    const body = new Pattern(2 * MiB);
    await using dir = await createTempDir();
    const hashing = new Hashing(hashThread);
    const hash = await hashOf(hashing, dir, body);
    const path = dir.join(`${body.size}.part`);
    hash.advance(body.size);
    hashing.kept.keep(path, hash, { bytes: body.size, algorithms: ["sha256"] });
    touch(path);
    const taken = hashing.kept.take(path, { bytes, algorithms: ["sha256"] });
    assert.equal(taken !== null, kept);
    if (taken) assert.equal((await taken.digests()).digests.sha256, body.sha256());
    assert.equal(hashing.kept.take(path, { bytes, algorithms: ["sha256"] }), null);
    taken?.close();
    hashing.close();
  });
}

Deno.test("who closes has errors for what it still hashes, and others that share the thread have their digests", async () => {
  await using dir = await createTempDir();
  const path = dir.join("long.part");
  await Deno.writeFile(path, new Uint8Array());
  await Deno.truncate(path, 2 * MiB);
  const body = new Pattern(2 * MiB + 1);
  const [first, second, alone] = [new Hashing(hashThread), new Hashing(hashThread), new Hashing()];
  const other = await hashOf(second, dir, body);
  other.advance(body.size);
  const failing = [first, alone].map((hashing) => {
    const hash = hashing.follow(path, null, ["sha256"]);
    hash.advance(2 * MiB);
    const before = hash.digests();
    hashing.close();
    return [before, hash.digests()].map((digests) => assert.rejects(digests, { code: "storage_failed" }));
  });
  await Promise.all(failing.flat());
  assert.equal((await other.digests()).digests.sha256, body.sha256());
  assert.ok(!openFilesBelow(dir.path).includes(path));
  other.close();
  second.close();
});
