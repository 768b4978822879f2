import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { createForeignSite } from "../../support/foreign_import.ts";
import { createTempDir, type TempDir } from "../../support/temp_dir.ts";

const backend = { type: "huggingface", name: "huggingface", config: {} };
const commit = "c0ffee".padEnd(40, "1");
const encoder = new TextEncoder();
const weights = new Uint8Array(200_000).fill(7);
const sha256 = createHash("sha256").update(weights).digest("hex");
const oid = createHash("sha1").update("blob 2\0{}").digest("hex");

/** As the client leaves it: snapshots link to blobs. */
function writeCache(dir: TempDir): string {
  const root = dir.join("cache-of-a-client", "hub");
  const folder = `${root}/models--acme--m`;
  const put = (path: string, bytes: Uint8Array) => {
    Deno.mkdirSync(dirname(`${folder}/${path}`), { recursive: true });
    Deno.writeFileSync(`${folder}/${path}`, bytes);
  };
  put(`blobs/${oid}`, encoder.encode("{}"));
  put(`blobs/${sha256}`, weights);
  put("refs/main", encoder.encode(commit));
  put("refs/refs/pr/1", encoder.encode(commit));
  put("refs/broken", encoder.encode("no commit"));
  Deno.mkdirSync(`${folder}/snapshots/${commit}/sub`, { recursive: true });
  Deno.symlinkSync(`../../blobs/${oid}`, `${folder}/snapshots/${commit}/config.json`);
  Deno.symlinkSync(`../../../blobs/${sha256}`, `${folder}/snapshots/${commit}/sub/weights.bin`);
  return root;
}

Deno.test("the cache of a client is imported, whole or one repository of it, and served offline", async () => {
  await using dir = await createTempDir();
  const root = writeCache(dir);
  for (const path of [root, dirname(root), `${root}/models--acme--m`]) {
    await using site = await createForeignSite([backend]);
    const { description, lines } = await site.import(path);
    assert.equal(description, "a cache of huggingface_hub");
    assert.deepEqual(lines.toSorted(), [
      "imported acme/m@c0ffee11 config.json",
      "imported acme/m@c0ffee11 sub/weights.bin",
      "imported the commit of acme/m@main",
      "imported the commit of acme/m@refs/pr/1",
    ]);
    await using vault = await site.serve();
    const ask = (path: string, init?: RequestInit) => fetch(`${vault.origin}/huggingface/acme/m/resolve/${path}`, init);
    for (const branch of ["main", "refs%2Fpr%2F1", commit]) {
      const response = await ask(`${branch}/sub/weights.bin`);
      assert.deepEqual([response.status, response.headers.get("etag")], [200, `"${sha256}"`]);
      assert.deepEqual(await response.bytes(), weights);
    }
    const config = await ask(`main/config.json`);
    assert.deepEqual([await config.text(), config.headers.get("etag")], ["{}", `"${oid}"`]);
    const head = await ask(`main/config.json`, { method: "HEAD" });
    assert.equal(head.headers.get("x-repo-commit"), commit);
    const again = await site.import(path);
    assert.ok(again.lines.every((line) => /^(?:cached|kept) /.test(line)), again.lines.join("\n"));
  }
});

Deno.test("without a backend for it, the one to configure is named", async () => {
  await using dir = await createTempDir();
  const root = writeCache(dir);
  await using site = await createForeignSite([{
    type: "http",
    name: "files",
    config: { base_url: "http://x.example" },
  }]);
  const { lines } = await site.import(root);
  assert.match(lines.join(), /left_out hub: no backend serves the Hugging Face Hub/);
});
