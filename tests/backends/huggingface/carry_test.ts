import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { startBackends } from "../../support/app_fixture.ts";
import { Hub } from "../../support/hub/hub.ts";
import { runCaptured } from "../../support/run_captured.ts";
import { createTempDir } from "../../support/temp_dir.ts";

Deno.test("a bundle carries files, branches, and what does not exist; a site without internet serves all of it", async () => {
  await using dir = await createTempDir();
  await using hub = new Hub();
  const repo = hub.addRepo("acme/m");
  const commit = repo.commit({
    "config.json": { storage: "git", content: "{}" },
    "model.safetensors": { storage: "xet", content: { sizeBytes: 2_000_000, seed: 1 } },
  });
  const backends = [{ type: "huggingface", name: "huggingface", config: { base_url: hub.url, retries: 0 } }];
  const configFor = async (side: string, more: object = {}) => {
    const config = { cache_dir: dir.join(side), cache_min_free: 0, backends, ...more };
    await Deno.writeTextFile(dir.join(`${side}.yml`), JSON.stringify(config));
    return dir.join(`${side}.yml`);
  };
  const [outside, inside] = [await configFor("outside"), await configFor("inside", { offline: true })];
  const asks: readonly [method: string, path: string][] = [
    ["HEAD", "/acme/m/resolve/main/config.json"],
    ["GET", "/acme/m/resolve/main/config.json"],
    ["GET", "/acme/m/resolve/main/model.safetensors"],
    ["HEAD", "/acme/m/resolve/main/tokenizer.json"],
  ];
  const askAll = async (origin: string) => {
    const answers = [];
    for (const [method, path] of asks) {
      const response = await fetch(`${origin}/huggingface${path}`, { method });
      const told = ["etag", "x-repo-commit", "x-error-code", "x-linked-size"].map((name) => response.headers.get(name));
      answers.push({ status: response.status, told, body: Buffer.from(await response.bytes()) });
    }
    return answers;
  };
  let before;
  {
    await using vault = await startBackends(backends, { cacheDir: dir.join("outside") });
    before = await askAll(vault.origin);
    await vault.idle();
  }
  assert.deepEqual(before.map(({ status }) => status), [200, 200, 200, 404]);
  const exported = await runCaptured(["bundle", "export", dir.join("hub.tar"), "--config", outside]);
  assert.equal(exported.code, 0, exported.stderr);
  const imported = await runCaptured(["bundle", "import", dir.join("hub.tar"), "--config", inside]);
  assert.equal(imported.code, 0, imported.stderr);
  hub.forget();
  await using vault = await startBackends(backends, { cacheDir: dir.join("inside"), top: { offline: true } });
  assert.deepEqual(await askAll(vault.origin), before);
  const { stdout } = await runCaptured(["cache", "ls", "--config", inside]);
  assert.ok(
    stdout.includes(`huggingface/api/models/acme/m/tree/${commit}?recursive=true`),
    "it says what is not there",
  );
  assert.ok(!stdout.includes("tokenizer.json"), "what is not there is no entry");
  assert.deepEqual(hub.lines, []);
});
