import assert from "node:assert/strict";
import { runShell } from "../support/clients.ts";
import { FakeUpstream } from "../support/fake_upstream.ts";
import { missingPrograms } from "../support/programs.ts";
import { createTempDir, type TempDir } from "../support/temp_dir.ts";
import {
  projectRoot,
  vaultCommand,
  vaultEnvironment,
  vaultExecutable,
  VaultProcess,
} from "../support/vault_process.ts";

const text = Deno.readTextFileSync(`${projectRoot}/docs/troubleshooting.md`);
const sections = text.split(/^(?=##+ )/m).flatMap((section) => {
  const commands = [...section.matchAll(/^```sh\n(.*?)^```/gms)].map(([, block = ""]) => block).join("");
  return commands === "" ? [] : [{ name: /^#+ (.*)/.exec(section)![1]!, commands }];
});
const ignore = Deno.build.os === "windows" || missingPrograms("curl", "openssl", "nginx").length > 0;

/** Makes `artifact-vault` a command that is what is tested. */
async function installCommand(dir: TempDir): Promise<string> {
  const words = vaultCommand().map((word) => `'${word}'`).join(" ");
  await Deno.mkdir(dir.join("bin"));
  await Deno.writeTextFile(dir.join("bin/artifact-vault"), `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
  return dir.join("bin");
}

// Once is enough: what is compiled makes no difference to the commands.
if (vaultExecutable === null) {
  Deno.test({ name: "every command of troubleshooting.md does what it is there for", ignore }, async (t) => {
    assert.ok(sections.length >= 20, "every question has an answer");
    await using dir = await createTempDir();
    await using upstream = new FakeUpstream({});
    upstream.serve("/a.bin", { body: "bytes", etag: '"1"' });
    const [cache, config, log] = [dir.join("cache"), dir.join("config.yml"), dir.join("vault.log")];
    const lines = [
      ...["log_level: INFO", `log_file: ${log}`, `cache_dir: ${cache}`, "backends:"],
      `  - {type: http, name: files, config: {prefix: /files, base_url: "${upstream.origin}/", ttl: 1h}}`,
      `  - {type: dockerhub, name: hub, config: {registry_url: "${upstream.origin}", retries: 0}}`,
    ];
    await using vault = await VaultProcess.start({ args: await writePorted(config, lines) });
    await (await fetch(vault.url("/files/a.bin"))).text();
    const path = `${await installCommand(dir)}:/usr/sbin:${Deno.env.get("PATH")}`;
    for (const { name, commands } of sections) {
      await t.step(name, async () => {
        const here = commands.replaceAll("http://127.0.0.1:8080", vault.url(""))
          .replaceAll("/etc/artifact-vault/config.yml", config)
          .replaceAll("/var/log/artifact-vault/vault.log", log)
          .replaceAll("/var/cache/artifact-vault", cache);
        const script = `set -e\n${here}`;
        const { code, output } = await runShell(script, { cwd: dir.path, env: vaultEnvironment({ PATH: path }) });
        assert.equal(code, 0, `${commands}\n${output}`);
      });
    }
    assert.match(Deno.readTextFileSync(log), /DEBUG/, "the level was changed while it ran");
  });
}

/** The port stands in the file, where the commands look for it. */
async function writePorted(path: string, lines: readonly string[]): Promise<string[]> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const port = String(listener.addr.port);
  await Deno.writeTextFile(path, [`http_port: ${port}`, ...lines, ""].join("\n"));
  return ["--config", path, "--port", port];
}
