import assert from "node:assert/strict";
import { debianKeyring, findDebianMirror, startMirrorProxy } from "../support/apt/debian_mirror.ts";
import { missingPrograms } from "../support/programs.ts";
import { runToSuccess } from "../support/run_command.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { isOwnMachine } from "../support/thorough.ts";
import { projectRoot, vaultExecutable } from "../support/vault_process.ts";

const isRoot = Deno.build.os === "linux" && Deno.uid() === 0;
const canInstall = vaultExecutable !== null && isOwnMachine && isRoot &&
  missingPrograms("debootstrap", "dpkg-deb", "chroot").length === 0;
const mirror = canInstall ? await findDebianMirror() : null;

Deno.test({
  name: "the Debian package is installed, upgraded, removed and purged in a system of its own",
  ignore: mirror === null,
}, async () => {
  await using dir = await createTempDir("vault-package-");
  await using upstream = startMirrorProxy(mirror!);
  const root = dir.join("system");
  const options = ["--variant=minbase", `--keyring=${debianKeyring}`, "--include=adduser,init-system-helpers"];
  await runToSuccess(["debootstrap", ...options, mirror!.suite, root, upstream.url], { timeoutMs: 600_000 });
  const build = `${projectRoot}/docs/deploy/debian/build.sh`;
  await runToSuccess(["sh", build, vaultExecutable!, `${root}/packages`], { timeoutMs: 120_000 });
  const [file] = [...Deno.readDirSync(`${root}/packages`)];
  const within = (command: string) => runToSuccess(["chroot", root, "sh", "-c", command], { timeoutMs: 120_000 });
  const install = `dpkg --install /packages/${file!.name}`;
  await runToSuccess(["mount", "-t", "proc", "proc", `${root}/proc`]);
  try {
    await within(install);
    assert.match(await within("id artifact-vault"), /uid=\d+\(artifact-vault\) gid=\d+\(artifact-vault\)/);
    assert.match(await within("stat -c '%a %G' /etc/artifact-vault"), /^750 artifact-vault/);
    await within("test -L /etc/systemd/system/multi-user.target.wants/artifact-vault.service");
    await within("cd / && artifact-vault check --config /etc/artifact-vault/config.yml");

    await within("echo '# mine' >> /etc/artifact-vault/config.yml");
    await within(install);
    assert.match(await within("tail -n 1 /etc/artifact-vault/config.yml"), /^# mine/, "an upgrade leaves it alone");
    await within("dpkg --remove artifact-vault");
    await within("test -e /etc/artifact-vault/config.yml && ! test -e /usr/bin/artifact-vault");
    await Deno.mkdir(`${root}/var/cache/artifact-vault`);
    await runToSuccess(["mount", "-t", "tmpfs", "cache", `${root}/var/cache/artifact-vault`]);
    try {
      await within("touch /var/cache/artifact-vault/body && dpkg --purge artifact-vault");
      await within("! test -e /etc/artifact-vault && ! test -e /var/cache/artifact-vault/body");
    } finally {
      await runToSuccess(["umount", `${root}/var/cache/artifact-vault`]);
    }
    await within(`${install} && dpkg --purge artifact-vault && ! test -e /var/cache/artifact-vault`);
  } finally {
    await runToSuccess(["umount", `${root}/proc`]);
  }
});
