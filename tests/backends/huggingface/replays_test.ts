import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { HubFileOptions } from "../../support/hub/hub_file.ts";
import { HubScene } from "../../support/hub/hub_scene.ts";

// Clients that are not installed by these tests, by what their sources send.

const model: HubFileOptions = { storage: "xet", content: { sizeBytes: 400_000, seed: 3 } };
const gguf: HubFileOptions = { storage: "lfs", content: { sizeBytes: 300_000, seed: 4 } };

Deno.test("hf-hub of Rust: HEAD that follows relative redirects only, conditional the second time, and its own token URL", async () => {
  await using scene = await HubScene.create();
  const repo = scene.hub.addRepo("acme/m");
  const commit = repo.commit({ "model.safetensors": model });
  const file = repo.files(commit).get("model.safetensors")!;
  await using vault = await scene.start();
  /** As its `no redirect` client: it follows a Location that begins with a slash, and the mount path is in it. */
  const head = async (headers: Record<string, string>) => {
    let path = "/huggingface/acme/m/resolve/main/model.safetensors";
    for (;;) {
      const answer = await vault.app.ask(path, { method: "HEAD", headers });
      if (answer.status !== 307) return answer;
      path = answer.headers.get("location")!;
      assert.match(path, /^\/huggingface\//);
    }
  };
  const first = await head({});
  const etag = first.headers.get("etag")!;
  assert.deepEqual([first.status, etag, first.headers.get("x-repo-commit")], [200, file.etag, commit]);
  assert.equal(first.headers.get("x-linked-size"), "400000");
  const token = await (await vault.fetch(`/api/models/acme/m/xet-read-token/${commit}`)).json();
  assert.equal(token.casUrl, vault.endpoint);
  for (const round of ["from what HEAD has said", "from the stored file"]) {
    const again = await head({ "if-none-match": etag });
    assert.deepEqual([again.status, again.headers.get("etag")], [304, etag], round);
    const { body } = await vault.ask(`/acme/m/resolve/${commit}/model.safetensors`);
    assert.ok(Buffer.compare(body, file.bytes()) === 0);
    await vault.app.idle();
  }
});

Deno.test("llama.cpp: the commit by the references, the files by the tree, HEAD, and GET that resumes", async () => {
  await using scene = await HubScene.create();
  const repo = scene.hub.addRepo("acme/gguf");
  const commit = repo.commit({ "model-Q4_K_M.gguf": gguf });
  const file = repo.files(commit).get("model-Q4_K_M.gguf")!;
  await using vault = await scene.start();
  for (const round of ["cold", "warm"]) {
    const { branches } = await (await vault.fetch("/api/models/acme/gguf/refs")).json();
    assert.equal(branches[0].targetCommit, commit);
    const tree = await (await vault.fetch(`/api/models/acme/gguf/tree/${commit}?recursive=true`)).json();
    const [{ path, size, lfs }] = tree;
    assert.deepEqual([path, size, lfs.oid], ["model-Q4_K_M.gguf", 300_000, file.sha256]);
    const url = `/acme/gguf/resolve/${commit}/${path}`;
    const head = await vault.ask(url, { method: "HEAD", headers: { accept: "*/*" } });
    assert.deepEqual([head.headers.get("etag"), head.headers.get("accept-ranges")], [file.etag, "bytes"]);
    const rest = await vault.ask(url, { headers: { range: "bytes=100000-" } });
    assert.deepEqual([rest.status, rest.complete], [206, true]);
    assert.ok(Buffer.compare(rest.body, file.bytes().subarray(100_000)) === 0);
    await vault.app.idle();
    if (round === "warm") assert.deepEqual(scene.hub.lines, []);
    scene.hub.forget();
  }
});

Deno.test("vLLM: the header of a safetensors file by a range, of a cold file and of a stored one", async () => {
  await using scene = await HubScene.create();
  const repo = scene.hub.addRepo("acme/m");
  const commit = repo.commit({ "model.safetensors": model });
  const file = repo.files(commit).get("model.safetensors")!;
  await using vault = await scene.start();
  for (const round of ["cold", "stored"]) {
    const response = await vault.fetch("/acme/m/resolve/main/model.safetensors", {
      headers: { range: "bytes=0-100000" },
    });
    assert.deepEqual([response.status, response.headers.get("content-range")], [206, "bytes 0-100000/400000"]);
    assert.ok(Buffer.compare(await response.bytes(), file.bytes().subarray(0, 100_001)) === 0, round);
    await vault.app.idle();
  }
});
