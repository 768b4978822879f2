import assert from "node:assert/strict";
import { AptGet } from "../../support/apt/get.ts";
import { debianKeyring, findDebianMirror, startMirrorProxy } from "../../support/apt/debian_mirror.ts";
import { missingPrograms } from "../../support/programs.ts";
import type { RecordingServer } from "../../support/recording_server.ts";
import { runToSuccess } from "../../support/run_command.ts";
import { createTempDir, type TempDir } from "../../support/temp_dir.ts";
import { isOwnMachine, testInTurn } from "../../support/thorough.ts";
import { VaultProcess } from "../../support/vault_process.ts";

const missing = missingPrograms("apt-get", "dpkg-deb").length > 0;
const mirror = missing ? null : await findDebianMirror();
// Twice a hundred packages take two minutes in CI, where apt-get asks the same of the vault.
const canBootstrap = isOwnMachine && missingPrograms("debootstrap").length === 0 && Deno.uid() === 0;

async function startVault(dir: TempDir, upstream: RecordingServer): Promise<VaultProcess> {
  const config = { mirror_url: upstream.url, ttl: "0s" };
  const backends = [{ type: "apt", name: "debian", config }];
  const path = dir.join("config.yml");
  await Deno.writeTextFile(path, JSON.stringify({ cache_dir: dir.join("cache"), cache_min_free: 0, backends }));
  return await VaultProcess.start({ args: ["--config", path] });
}

testInTurn({
  name: "a real mirror: update and packages twice, the second time upstream sends nothing; then without it",
  ignore: mirror === null,
  async fn() {
    await using dir = await createTempDir("vault-mirror-");
    await using upstream = startMirrorProxy(mirror!);
    await using vault = await startVault(dir, upstream);
    const sources = `deb [signed-by=${debianKeyring}] ${vault.url("/debian")} ${mirror!.suite} main`;
    const fetchAll = async (name: string): Promise<string[]> => {
      const apt = await AptGet.create(dir, name, { sources });
      await apt.update();
      await apt.download("hello", "sl");
      return await apt.archives();
    };
    const archives = await fetchAll("first");
    assert.ok(archives.some((name) => name.startsWith("hello_")));
    assert.ok(upstream.sentBytes > 1_000_000);

    upstream.forget();
    assert.deepEqual(await fetchAll("second"), archives);
    assert.deepEqual(upstream.lines, [`GET /dists/${mirror!.suite}/InRelease`]);
    // A mirror that knows no validators sends the release again.
    if (upstream.requests[0]!.status === 304) assert.equal(upstream.sentBytes, 0);

    await upstream.refuse();
    assert.deepEqual(await fetchAll("third"), archives);
  },
});

Deno.test({
  name: "debootstrap of a whole minimal system, and again with the upstream out of reach",
  ignore: mirror === null || !canBootstrap,
  async fn() {
    await using dir = await createTempDir("vault-debootstrap-");
    await using upstream = startMirrorProxy(mirror!);
    await using vault = await startVault(dir, upstream);
    for (const reach of ["in reach", "out of reach"]) {
      if (reach === "out of reach") await upstream.refuse();
      const target = dir.join("system");
      const options = ["--variant=minbase", `--keyring=${debianKeyring}`];
      await runToSuccess(["debootstrap", ...options, mirror!.suite, target, vault.url("/debian")], {
        timeoutMs: 600_000,
      });
      const installed = await runToSuccess(["chroot", target, "dpkg-query", "--show", "apt", "bash", "dpkg"]);
      assert.equal(installed.split("\n").length, 3);
      await Deno.remove(target, { recursive: true });
    }
  },
});
