import assert from "node:assert/strict";
import { StoreFixture } from "../../support/store_fixture.ts";
import { createTempDir } from "../../support/temp_dir.ts";
import { vaultCommand, vaultEnvironment } from "../../support/vault_process.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { walk } from "../../support/walk.ts";

const config = "backends: [{ type: http, name: test, config: { base_url: 'https://files.example.com' } }]\n";

Deno.test("an export that is stopped by ^C leaves nothing behind", async () => {
  await using dir = await createTempDir();
  await using outside = new StoreFixture();
  await outside.put({ backend: "test", key: "/large", requestHeaders: [] }, new Uint8Array(4_000_000));
  await Deno.writeTextFile(dir.join("config.yml"), `cache_dir: ${outside.root}\n${config}`);
  // A pipe nobody reads yet holds the export up.
  const pipe = dir.join("pipe");
  assert.ok((await new Deno.Command("mkfifo", { args: [pipe] }).output()).success);
  const [program = "", ...rest] = vaultCommand();
  const summary = dir.join("summary");
  const args = [...rest, "bundle", "export", pipe, "--summary", summary, "--config", dir.join("config.yml")];
  const options = { stdin: "null", stdout: "piped", stderr: "piped", env: vaultEnvironment(), clearEnv: true } as const;
  const before = walk(outside.root);
  const child = new Deno.Command(program, { args, ...options }).spawn();
  await waitUntil("the export has begun", () => walk(dir.path).includes("summary.partial"));
  child.kill("SIGINT");
  const reading = Deno.readFile(pipe);
  const { code, stderr } = await child.output();
  // An export that was stopped before it opened the pipe leaves the reader waiting for a writer.
  Deno.openSync(pipe, { read: true, write: true }).close();
  await reading;
  assert.deepEqual([code, new TextDecoder().decode(stderr)], [1, "Stopped: wrote no bundle\n"]);
  assert.deepEqual(walk(dir.path).sort(), ["config.yml", "pipe"]);
  // The store that has filled the cache announces what it has written, however late.
  assert.deepEqual(walk(outside.root).filter((path) => !before.includes(path) && path !== "changes"), []);
});
