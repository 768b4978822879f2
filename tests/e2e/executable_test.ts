import assert from "node:assert/strict";
import { createTempDir } from "../support/temp_dir.ts";
import { download } from "../support/clients.ts";
import { missingPrograms } from "../support/programs.ts";
import { mib } from "../support/random_file.ts";
import { createScene } from "../support/scene.ts";
import { freePort } from "../support/free_port.ts";
import { ServerProcess } from "../support/server_process.ts";
import { oldRuntimeAllowed, projectRoot, vaultExecutable } from "../support/vault_process.ts";

const ignore = missingPrograms("nginx", "curl", "make").length > 0;
if (vaultExecutable !== null) testExecutable(vaultExecutable);

function testExecutable(executable: string): void {
  Deno.test(
    { name: "the executable needs nothing: no environment, no home, an empty directory", ignore },
    async (t) => {
      await using dir = await createTempDir();
      const bare = { cwd: dir.path, env: {}, clearEnv: true };

      await t.step("--version", async () => {
        const { code, stdout } = await new Deno.Command(executable, { ...bare, args: ["--version"] }).output();
        assert.equal(code, 0);
        assert.match(new TextDecoder().decode(stdout), /^artifact-vault \d+\.\d+\.\d+\n$/);
      });

      await t.step("serves with the built-in configuration", async () => {
        await using vault = new ServerProcess([executable, oldRuntimeAllowed, "--port", "0"], bare);
        const [url] = await vault.waitForLine(/http:\/\/127\.0\.0\.1:\d+/);
        const response = await fetch(`${url}/healthz`);
        await response.body?.cancel();
        assert.equal(response.status, 200);
        assert.equal((await vault.stop()).code, 0);
        assert.deepEqual([...Deno.readDirSync(dir.path)].map(({ name }) => name), ["cache"]);
      });
    },
  );

  Deno.test({ name: "an executable compiled for one configuration may do no more than that", ignore }, async (t) => {
    await using scene = await createScene();
    const file = await scene.addFile("app.bin", mib);
    const port = String(freePort());
    const dist = scene.dir.join("dist");
    await make("compile", `DIST=${dist}`, `CACHE_DIR=${scene.cacheDir}`, `CONFIG=${scene.configPath}`, `NET=127.0.0.1`);
    const narrow = `${dist}/artifact-vault`;

    await t.step("serves that configuration", async () => {
      await using vault = new ServerProcess([narrow, oldRuntimeAllowed, "--config", scene.configPath, "--port", port]);
      await vault.waitForLine(/listening on/);
      assert.ok((await download(`http://127.0.0.1:${port}/files/${file.name}`, file)).right);
    });

    await t.step("is refused another cache directory, in one sentence", async () => {
      const other = scene.dir.join("other-cache");
      const args = [oldRuntimeAllowed, "--config", scene.configPath, "--port", port, "--cache-dir", other];
      const { code, stderr } = await new Deno.Command(narrow, { args }).output();
      assert.notEqual(code, 0);
      const text = new TextDecoder().decode(stderr);
      assert.match(text, /other-cache/);
      assert.doesNotMatch(text, /\n\s+at /);
    });
  });
}

async function make(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("make", { args, cwd: projectRoot }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
