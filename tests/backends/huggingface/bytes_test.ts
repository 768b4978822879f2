import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { HubFileOptions } from "../../support/hub/hub_file.ts";
import { HubScene } from "../../support/hub/hub_scene.ts";

const mib = 1024 * 1024;
const config: HubFileOptions = { storage: "git", content: '{"model_type": "tiny"}' };
const weights: HubFileOptions = { storage: "lfs", content: { sizeBytes: 3 * mib + 17, seed: 2 } };

/** One bit of the byte at `offset` is another. */
function flippedAt(offset: number) {
  return (chunk: Uint8Array<ArrayBuffer>, at: number) => {
    if (at <= offset && offset < at + chunk.byteLength) chunk[offset - at]! ^= 1;
    return chunk;
  };
}

Deno.test("one wrong bit, at any place of either storage: no client gets a whole file, and nothing is stored", async () => {
  await using scene = await HubScene.create();
  const { hub } = scene;
  const commit = hub.addRepo("acme/m").commit({ "config.json": config, "weights.bin": weights });
  await using vault = await scene.start();
  hub.tamper = (chunk) => flippedAt(3)(chunk, 0);
  for (const offset of [0, 2 * mib, 3 * mib + 16]) {
    hub.cdn.tamper = flippedAt(offset);
    for (const name of ["config.json", "weights.bin"]) {
      const { status, complete } = await vault.ask(`/acme/m/resolve/${commit}/${name}`);
      assert.ok(status === 502 || !complete, `${name} at ${offset}`);
      await vault.app.idle();
    }
  }
  hub.tamper = hub.cdn.tamper = null;
  for (const name of ["config.json", "weights.bin"]) {
    const { status, complete } = await vault.ask(`/acme/m/resolve/${commit}/${name}`);
    assert.deepEqual([status, complete], [200, true]);
  }
});

Deno.test("a file larger than the Hub sends at once comes in bounded ranges, whole and by range", async () => {
  await using scene = await HubScene.create();
  const { hub } = scene;
  hub.cdn.mostBytes = mib;
  const repo = hub.addRepo("acme/m");
  const commit = repo.commit({ "weights.bin": weights, "small.bin": { ...weights, content: "few bytes" } });
  const file = repo.files(commit).get("weights.bin")!;
  await using vault = await scene.start({ mostBytes: mib });
  const answer = await vault.ask(`/acme/m/resolve/${commit}/weights.bin`);
  assert.deepEqual([answer.status, answer.complete], [200, true]);
  assert.ok(Buffer.compare(answer.body, file.bytes()) === 0);
  const asked = hub.cdn.server.requests.filter(({ method }) => method === "GET").map(({ headers }) =>
    headers.get("range")
  );
  assert.deepEqual(asked, [
    `bytes=0-${mib - 1}`,
    `bytes=${mib}-${2 * mib - 1}`,
    `bytes=${2 * mib}-${3 * mib - 1}`,
    `bytes=${3 * mib}-`,
  ]);
  hub.forget();
  assert.equal((await vault.ask(`/acme/m/resolve/${commit}/small.bin`)).text, "few bytes");
  assert.equal(hub.cdn.server.requests.at(-1)!.headers.get("range"), null);
});

Deno.test("a signed URL that ends half-way is renewed, and the client notices nothing", async () => {
  await using scene = await HubScene.create();
  const { hub } = scene;
  const repo = hub.addRepo("acme/m");
  const commit = repo.commit({ "weights.bin": weights });
  await using vault = await scene.start({ keys: { timeout: "1s" } });
  let isBroken = false;
  hub.cdn.beforeChunk = (offset) => {
    if (offset < mib || isBroken) return;
    isBroken = true;
    hub.cdn.expireUrls();
    // Deno would report an error.
    return new Promise(() => {});
  };
  const { status, complete, body } = await vault.ask(`/acme/m/resolve/${commit}/weights.bin`);
  assert.deepEqual([status, complete], [200, true]);
  assert.ok(Buffer.compare(body, repo.files(commit).get("weights.bin")!.bytes()) === 0);
  assert.equal(hub.cdn.server.count("GET", /./), 2);
});

Deno.test("parallel ranges of a cold file: hardly a byte is fetched twice", async () => {
  await using scene = await HubScene.create();
  const { hub } = scene;
  const repo = hub.addRepo("acme/m");
  const [sizeBytes, count] = [32 * mib, 16];
  const commit = repo.commit({ "weights.bin": { storage: "lfs", content: { sizeBytes, seed: 5 } } });
  await using vault = await scene.start({ top: { range_ahead: "1MiB" } });
  const part = sizeBytes / count;
  const whole = Buffer.from(repo.files(commit).get("weights.bin")!.bytes());
  await Promise.all(Array.from({ length: count }, async (_, at) => {
    const range = `bytes=${at * part}-${(at + 1) * part - 1}`;
    const response = await vault.fetch(`/acme/m/resolve/${commit}/weights.bin`, { headers: { range } });
    assert.equal(response.status, 206);
    assert.ok(whole.subarray(at * part, (at + 1) * part).equals(await response.bytes()), range);
  }));
  await vault.app.idle();
  // Each of up to eight connections may have been sent somewhat more than was read of it.
  assert.ok(hub.sentBytes < 1.1 * sizeBytes + 8 * mib, `${hub.sentBytes} of ${sizeBytes} bytes`);
});

Deno.test("the CDN gets no credentials, the Hub does", async () => {
  await using scene = await HubScene.create();
  const { hub } = scene;
  const repo = hub.addRepo("acme/m");
  repo.visibility = "private";
  repo.readers.add("hf_secret");
  repo.commit({ "weights.bin": weights });
  await using vault = await scene.start({ keys: { token: "hf_secret" } });
  const response = await vault.fetch("/acme/m/resolve/main/weights.bin");
  assert.equal((await response.bytes()).byteLength, 3 * mib + 17);
  for (const { headers } of hub.cdn.server.requests) assert.equal(headers.get("authorization"), null);
  assert.ok(!vault.app.lines.some((line) => line.includes("hf_secret") || line.includes("Signature=")));
});
