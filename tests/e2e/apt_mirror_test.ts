import assert from "node:assert/strict";
import { AptGet } from "../support/apt_get.ts";
import { debianKeyring, findDebianMirror } from "../support/debian_mirror.ts";
import { missingPrograms } from "../support/programs.ts";
import { runToSuccess } from "../support/run_command.ts";
import { createTempDir, type TempDir } from "../support/temp_dir.ts";
import { waitUntil } from "../support/wait_until.ts";
import { vaultExecutable, VaultProcess } from "../support/vault_process.ts";

const missing = missingPrograms("apt-get", "dpkg-deb").length > 0;
const mirror = missing ? null : await findDebianMirror();
/** It takes a minute: where the end-to-end tests run twice, once is enough, with the program that people have. */
const runsTwice = Deno.env.get("CI") === "true" && vaultExecutable === null;
const canBootstrap = !runsTwice && missingPrograms("debootstrap").length === 0 && Deno.uid() === 0;

async function startVault(dir: TempDir, ...args: readonly string[]): Promise<VaultProcess> {
  const config = { mirror_url: mirror!.url, ttl: "0s" };
  const backends = [{ type: "apt", name: "debian", config }];
  const path = dir.join("config.yml");
  await Deno.writeTextFile(path, JSON.stringify({ cache_dir: dir.join("cache"), cache_min_free: 0, backends }));
  return await VaultProcess.start({ args: ["--config", path, ...args] });
}

/** How often a metric says that upstream sent a body. */
async function transfers(vault: VaultProcess): Promise<number> {
  const metrics = await (await fetch(vault.url("/metrics"))).text();
  const samples = metrics.split("\n").filter((line) => /^vault_transfers_total\{/.test(line));
  return samples.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

async function idle(vault: VaultProcess): Promise<void> {
  await waitUntil("no transfer is under way", async () => {
    const metrics = await (await fetch(vault.url("/metrics"))).text();
    return metrics.split("\n").every((line) => !/^vault_transfers_in_progress\{.*[1-9]\d*$/.test(line));
  });
}

Deno.test({
  name: "a real mirror: update and packages twice, the second time nothing but the release is asked for",
  ignore: mirror === null,
  async fn() {
    await using dir = await createTempDir("vault-mirror-");
    await using vault = await startVault(dir);
    const sources = `deb [signed-by=${debianKeyring}] ${vault.url("/debian")} ${mirror!.suite} main`;
    const created: AptGet[] = [];
    const before: number[] = [];
    for (const name of ["first", "second"]) {
      before.push(await transfers(vault));
      const apt = await AptGet.create(dir, name, { sources });
      await apt.update();
      await apt.download("hello", "sl");
      await idle(vault);
      created.push(apt);
    }
    const [first, second] = await Promise.all(created.map((apt) => apt.archives()));
    assert.deepEqual(first, second);
    assert.ok(first!.some((name) => name.startsWith("hello_")));
    assert.ok(before[1]! > 3);
    // A mirror that sends no validator sends its release again; nothing else may come.
    assert.ok(await transfers(vault) - before[1]! <= 1);
  },
});

Deno.test({
  name: "debootstrap of a whole minimal system, and again with the upstream out of reach",
  ignore: mirror === null || !canBootstrap,
  async fn() {
    await using dir = await createTempDir("vault-debootstrap-");
    for (const args of [[], ["--offline"]]) {
      await using vault = await startVault(dir, ...args);
      const target = dir.join("system");
      const options = ["--variant=minbase", `--keyring=${debianKeyring}`];
      await runToSuccess(["debootstrap", ...options, mirror!.suite, target, vault.url("/debian")], {
        timeoutMs: 300_000,
      });
      const installed = await runToSuccess(["chroot", target, "dpkg-query", "--show", "apt", "bash", "dpkg"]);
      assert.equal(installed.split("\n").length, 3);
      await Deno.remove(target, { recursive: true });
    }
  },
});
