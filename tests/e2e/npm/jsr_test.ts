import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { FileShelf } from "../../support/file_shelf.ts";
import { RecordingServer } from "../../support/recording_server.ts";
import { runCommand } from "../../support/run_command.ts";
import { createTempDir } from "../../support/temp_dir.ts";
import { VaultProcess } from "../../support/vault_process.ts";

const encoder = new TextEncoder();

/** A registry with one package of two modules. */
function createRegistry(): RecordingServer {
  const shelf = new FileShelf();
  const files: Readonly<Record<string, string>> = {
    "/mod.ts": 'export { hello } from "./lib/hello.ts";\n',
    "/lib/hello.ts": 'export const hello = "hello from a module";\n',
  };
  const manifest = Object.entries(files).map(([path, text]) => {
    const checksum = `sha256-${createHash("sha256").update(text).digest("hex")}`;
    return [path, { size: text.length, checksum }] as const;
  });
  const put = (path: string, text: string) => shelf.put(`/@acme/tool/${path}`, encoder.encode(text));
  put("meta.json", JSON.stringify({ scope: "acme", name: "tool", latest: "1.0.0", versions: { "1.0.0": {} } }));
  put("1.0.0_meta.json", JSON.stringify({ manifest: Object.fromEntries(manifest), exports: { ".": "./mod.ts" } }));
  for (const [path, text] of Object.entries(files)) put(`1.0.0${path}`, text);
  return new RecordingServer((request) => shelf.serve(request));
}

Deno.test("deno runs a module of JSR through the vault: cold, warm, and offline", async () => {
  await using dir = await createTempDir("vault-jsr-");
  await using registry = createRegistry();
  const path = dir.join("config.yml");
  const backends = [{ type: "jsr", name: "jsr", config: { base_url: registry.url } }];
  await Deno.writeTextFile(path, JSON.stringify({ cache_dir: dir.join("cache"), cache_min_free: 0, backends }));
  await Deno.writeTextFile(dir.join("main.ts"), 'import { hello } from "jsr:@acme/tool@1";\nconsole.log(hello);\n');
  let count = 0;
  const run = async (vault: VaultProcess) => {
    const env = { DENO_DIR: dir.join(`deno-${++count}`), JSR_URL: vault.url("/jsr/"), HOME: dir.path };
    const command = [Deno.execPath(), "run", "--quiet", "--minimum-dependency-age=0", dir.join("main.ts")];
    const { code, stdout, stderr } = await runCommand(command, { env });
    assert.deepEqual([code, stdout], [0, "hello from a module\n"], stderr);
  };
  {
    await using vault = await VaultProcess.start({ args: ["--config", path] });
    await run(vault);
    const asked = registry.requests.length;
    assert.deepEqual(registry.lines, [...new Set(registry.lines)]);
    await run(vault);
    assert.equal(registry.requests.length, asked);
  }
  await registry.refuse();
  await using vault = await VaultProcess.start({ args: ["--config", path, "--offline"] });
  await run(vault);
});
