import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { FakeNow } from "../../support/fake_now.ts";
import type { HubFileOptions } from "../../support/hub/hub_file.ts";
import { HubScene, type HubVault } from "../../support/hub/hub_scene.ts";

const mib = 1024 * 1024;
const model: HubFileOptions = { storage: "xet", content: { sizeBytes: 3 * mib + 12_345, seed: 3 } };
const small: HubFileOptions = { storage: "xet", content: { sizeBytes: 700_000, seed: 4 } };

interface Reconstruction {
  readonly offset_into_first_range: number;
  readonly terms: readonly { readonly hash: string; readonly unpacked_length: number }[];
  readonly xorbs: Readonly<Record<string, readonly [XorbInfo]>>;
}

interface XorbInfo {
  readonly url: string;
  readonly ranges: readonly [{ readonly bytes: { readonly start: number; readonly end: number } }];
}

async function tokenFor(vault: HubVault, repo: string, commit: string): Promise<Record<string, string>> {
  const response = await vault.fetch(`/api/models/${repo}/xet-read-token/${commit}`);
  const { accessToken, casUrl, exp } = await response.json();
  assert.equal(casUrl, vault.endpoint);
  assert.equal(response.headers.get("x-xet-cas-url"), casUrl);
  assert.equal(response.headers.get("x-xet-access-token"), accessToken);
  assert.equal(response.headers.get("x-xet-token-expiration"), String(exp));
  return { authorization: `Bearer ${accessToken}` };
}

/** The plain bytes of framed chunks. */
function unframed(framed: Uint8Array): Uint8Array {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < framed.byteLength;) {
    const [version, a, b, c, scheme, d, e, f] = framed.subarray(at, at + 8);
    const size = a! | b! << 8 | c! << 16;
    assert.deepEqual([version, scheme, d! | e! << 8 | f! << 16], [0, 0, size]);
    assert.ok(size > 0 && size <= 128 * 1024);
    chunks.push(framed.subarray(at + 8, at + 8 + size));
    at += 8 + size;
  }
  return Buffer.concat(chunks);
}

/** A file, or a range of it, as a client of Xet puts it together. */
async function assemble(vault: HubVault, hash: string, headers: Record<string, string>): Promise<Uint8Array> {
  const response = await vault.fetch(`/v2/reconstructions/${hash}`, { headers });
  assert.equal(response.status, 200);
  const { offset_into_first_range: skip, terms, xorbs }: Reconstruction = await response.json();
  const parts = await Promise.all(terms.map(async ({ hash, unpacked_length }) => {
    const [{ url, ranges: [{ bytes: { start, end } }] }] = xorbs[hash]!;
    const part = await fetch(url, { headers: { range: `bytes=${start}-${end}` } });
    assert.equal(part.status, 206);
    const plain = unframed(await part.bytes());
    assert.equal(plain.byteLength, unpacked_length);
    return plain;
  }));
  return Buffer.concat(parts).subarray(skip);
}

Deno.test("a cold file comes by Xet, is fetched once, and is there for HTTP", async () => {
  await using scene = await HubScene.create();
  const { hub } = scene;
  const repo = hub.addRepo("acme/m");
  const commit = repo.commit({ "model.safetensors": model });
  const file = repo.files(commit).get("model.safetensors")!;
  await using vault = await scene.start();
  const head = await vault.ask(`/acme/m/resolve/${commit}/model.safetensors`, { method: "HEAD" });
  const hash = head.headers.get("x-xet-hash")!;
  const token = await tokenFor(vault, "acme/m", commit);
  assert.ok(Buffer.compare(await assemble(vault, hash, token), file.bytes()) === 0);
  for (const [start, end] of [[0, 10], [mib, 2 * mib], [file.sizeBytes - 5, file.sizeBytes]] as const) {
    const range = { ...token, range: `bytes=${start}-${end - 1}` };
    const some = await assemble(vault, hash, range);
    assert.ok(Buffer.from(some).subarray(0, end - start).equals(file.bytes().subarray(start, end)), `${start}`);
  }
  const beyond = await vault.fetch(`/v2/reconstructions/${hash}`, {
    headers: { ...token, range: `bytes=${file.sizeBytes}-${file.sizeBytes + 9}` },
  });
  assert.deepEqual([beyond.status, (await beyond.bytes()).byteLength > 0], [416, true]);
  await vault.app.idle();
  const get = await vault.ask(`/acme/m/resolve/${commit}/model.safetensors`);
  assert.match(get.headers.get("cache-status")!, /hit/);
  assert.ok(Buffer.compare(get.body, file.bytes()) === 0);
  assert.ok(hub.sentBytes < 1.1 * file.sizeBytes, `${hub.sentBytes}`);
  assert.deepEqual(hub.lines.filter((line) => line.startsWith("CAS")), []);
});

Deno.test("a file that only the tree has named comes by Xet, in the older form of the protocol, too", async () => {
  await using scene = await HubScene.create();
  const repo = scene.hub.addRepo("acme/m");
  const commit = repo.commit({ "a/model.safetensors": small });
  const file = repo.files(commit).get("a/model.safetensors")!;
  await using vault = await scene.start();
  const token = await tokenFor(vault, "acme/m", commit);
  const response = await vault.fetch(`/v1/reconstructions/${file.xetHash}`, { headers: token });
  const { terms, fetch_info } = await response.json();
  const [{ url, url_range: { start, end }, range }] = fetch_info[terms[0].hash];
  assert.deepEqual(range, { start: 0, end: 6 });
  const part = await fetch(url, { headers: { range: `bytes=${start}-${end}` } });
  assert.ok(Buffer.compare(unframed(await part.bytes()), file.bytes()) === 0);
});

Deno.test("any range of a xorb is the same, from a cold file and from a stored one", async () => {
  await using scene = await HubScene.create();
  const repo = scene.hub.addRepo("acme/m");
  const commit = repo.commit({ "model.safetensors": small });
  const file = repo.files(commit).get("model.safetensors")!;
  await using vault = await scene.start();
  const token = await tokenFor(vault, "acme/m", commit);
  const response = await vault.fetch(`/v2/reconstructions/${file.xetHash}`, { headers: token });
  const { terms, xorbs }: Reconstruction = await response.json();
  const [{ url }] = xorbs[terms[0]!.hash]!;
  const framed = file.sizeBytes + 6 * 8;
  const ranges = [[0, 3], [5, 9], [0, 8], [8, 9], [131_000, 131_090], [131_079, 131_081], [
    framed - 1,
    framed,
  ]] as const;
  const cold = await Promise.all(ranges.map(([start, end]) => partOf(url, start, end)));
  const whole = await (await fetch(url)).bytes();
  assert.ok(Buffer.compare(unframed(whole), file.bytes()) === 0);
  for (const [at, [start, end]] of ranges.entries()) {
    assert.deepEqual(cold[at], whole.subarray(start, end));
    assert.deepEqual(await partOf(url, start, end), whole.subarray(start, end));
  }
});

async function partOf(url: string, start: number, end: number): Promise<Uint8Array> {
  return await (await fetch(url, { headers: { range: `bytes=${start}-${end - 1}` } })).bytes();
}

Deno.test("one wrong bit by Xet: the last range is never whole, and nothing is stored", async () => {
  await using scene = await HubScene.create();
  const { hub } = scene;
  const repo = hub.addRepo("acme/m");
  const commit = repo.commit({ "model.safetensors": small });
  const file = repo.files(commit).get("model.safetensors")!;
  await using vault = await scene.start();
  const token = await tokenFor(vault, "acme/m", commit);
  hub.cdn.tamper = (chunk, at) => {
    if (at === 0) chunk[5]! ^= 1;
    return chunk;
  };
  const response = await vault.fetch(`/v2/reconstructions/${file.xetHash}`, { headers: token });
  const { terms, xorbs }: Reconstruction = await response.json();
  const [{ url, ranges: [{ bytes: { end } }] }] = xorbs[terms[0]!.hash]!;
  for (const range of [`bytes=0-${end}`, `bytes=${end - 10}-${end}`]) {
    await assert.rejects(async () => {
      const part = await fetch(url, { headers: { range } });
      if (part.status !== 206) throw new Error(String(part.status));
      await part.bytes();
    }, range);
    await vault.app.idle();
  }
  assert.equal(vault.app.held().blobs, 1, "the tree, not the file");
});

Deno.test("without a token, with another one, or with a changed URL there are no bytes", async () => {
  await using scene = await HubScene.create();
  const repo = scene.hub.addRepo("acme/m");
  const commit = repo.commit({ "model.safetensors": small });
  const { xetHash } = repo.files(commit).get("model.safetensors")!;
  await using vault = await scene.start();
  const token = await tokenFor(vault, "acme/m", commit);
  const path = `/v2/reconstructions/${xetHash}`;
  for (const authorization of ["", "Bearer hf_x", `${token.authorization}x`]) {
    const { status, body } = await vault.fetch(path, { headers: { authorization } });
    assert.equal(status, 401);
    await body?.cancel();
  }
  const { terms, xorbs }: Reconstruction = await (await vault.fetch(path, { headers: token })).json();
  const url = new URL(xorbs[terms[0]!.hash]![0].url);
  const sealed = url.searchParams.get("token")!;
  for (const changed of ["", sealed.slice(1), sealed.replace(/^./, "f"), token.authorization!.slice(7)]) {
    url.searchParams.set("token", changed);
    const { status, body } = await fetch(url);
    assert.equal(status, 403);
    await body?.cancel();
  }
  assert.ok(!vault.app.lines.some((line) => line.includes(sealed)), "the log does not have it");
  url.searchParams.set("token", sealed);
  for (const part of ["1", "-1", "1e0", "", "x", "99999999999999999999"]) {
    const other = new URL(url);
    other.searchParams.set("part", part);
    const { status, body } = await fetch(other);
    assert.equal(status, 404, `there is no part "${part}" of it`);
    await body?.cancel();
  }
  const statuses = async () => {
    const answers = [await vault.fetch(path, { headers: token }), await fetch(url)];
    for (const { body } of answers) await body?.cancel();
    return answers.map(({ status }) => status);
  };
  assert.deepEqual(await statuses(), [200, 200]);
  using now = new FakeNow();
  now.advance(16 * 60_000);
  assert.deepEqual(await statuses(), [401, 200], "a token is good for a quarter of an hour");
  now.advance(45 * 60_000);
  assert.deepEqual(await statuses(), [401, 403], "and a URL for an hour");
});

Deno.test("xet: strip says nothing of Xet anywhere, and xet: pass leads to the Hub's own store", async () => {
  await using scene = await HubScene.create();
  const { hub } = scene;
  const repo = hub.addRepo("acme/m");
  const commit = repo.commit({ "model.safetensors": small });
  const file = `/acme/m/resolve/${commit}/model.safetensors`;
  const fileInfo = { accept: "application/vnd.xet-fileinfo+json, */*", range: "bytes=0-0" };
  {
    await using vault = await scene.start({ keys: { xet: "strip" } });
    const paths = new URLSearchParams({ paths: "model.safetensors" });
    for (
      const response of [
        await vault.fetch(file, { method: "HEAD" }),
        await vault.fetch(file, { headers: fileInfo }),
        await vault.fetch(`/api/models/acme/m/tree/main?recursive=true`),
        await vault.fetch(`/api/models/acme/m/paths-info/main`, { method: "POST", body: paths }),
      ]
    ) {
      assert.ok(response.ok);
      assert.ok(!/xet/i.test([...response.headers].join()), response.url);
      assert.ok(!/xet/i.test(await response.text()), response.url);
    }
  }
  await using vault = await scene.start({ keys: { xet: "pass" } });
  const response = await vault.fetch(`/api/models/acme/m/xet-read-token/${commit}`);
  assert.equal((await response.json()).casUrl, hub.cas.url);
  const head = await vault.fetch(file, { method: "HEAD" });
  assert.equal(head.headers.get("x-xet-hash"), repo.files(commit).get("model.safetensors")!.xetHash);
});

Deno.test("JavaScript's question for a file's hash is not taken for the file, cold or stored", async () => {
  await using scene = await HubScene.create();
  const repo = scene.hub.addRepo("acme/m");
  const commit = repo.commit({ "model.safetensors": small });
  const path = `/acme/m/resolve/${commit}/model.safetensors`;
  const headers = { accept: "application/vnd.xet-fileinfo+json, */*", range: "bytes=0-0" };
  await using vault = await scene.start();
  for (const round of ["cold", "stored"]) {
    const info = await vault.fetch(path, { headers });
    assert.match(info.headers.get("content-type")!, /^application\/vnd\.xet-fileinfo\+json/);
    assert.equal(info.headers.get("x-linked-size"), "700000");
    const { hash, reconstructionUrl } = await info.json();
    assert.equal(reconstructionUrl, `${vault.endpoint}/v1/reconstructions/${hash}`);
    const { body } = await vault.ask(path);
    assert.ok(Buffer.compare(body, repo.files(commit).get("model.safetensors")!.bytes()) === 0, round);
    await vault.app.idle();
  }
});

Deno.test("behind a proxy that ends TLS, addresses are those of the proxy", async () => {
  await using scene = await HubScene.create();
  const repo = scene.hub.addRepo("acme/m");
  const commit = repo.commit({ "model.safetensors": small });
  const headers = { host: "models.example.com", "x-forwarded-proto": "https" };
  for (const [trusted, scheme] of [[["127.0.0.1"], "https"], [[], "http"]] as const) {
    await using vault = await scene.start({ top: { trusted_proxies: trusted } });
    const { text } = await vault.ask(`/api/models/acme/m/xet-read-token/${commit}`, { headers });
    assert.equal(JSON.parse(text).casUrl, `${scheme}://models.example.com/huggingface`);
  }
});
