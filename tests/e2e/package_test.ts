import assert from "node:assert/strict";
import { debianKeyring, findDebianMirror, startMirrorProxy } from "../support/apt/debian_mirror.ts";
import { freePort } from "../support/free_port.ts";
import { missingPrograms } from "../support/programs.ts";
import { runToSuccess } from "../support/run_command.ts";
import { createTempDir, type TempDir } from "../support/temp_dir.ts";
import { isOwnMachine } from "../support/thorough.ts";
import { oldRuntimeAllowed, projectRoot, vaultExecutable } from "../support/vault_process.ts";
import { waitUntil } from "../support/wait_until.ts";

const isRoot = Deno.build.os === "linux" && Deno.uid() === 0;
const canInstall = vaultExecutable !== null && isOwnMachine && isRoot &&
  missingPrograms("debootstrap", "dpkg-deb", "chroot", "podman", "runc").length === 0;
const mirror = canInstall ? await findDebianMirror() : null;

Deno.test({
  name: "the Debian package is installed, run by systemd, upgraded, removed and purged in a system of its own",
  ignore: mirror === null,
}, async () => {
  await using dir = await createTempDir("vault-package-");
  await using upstream = startMirrorProxy(mirror!);
  const root = dir.join("system");
  const options = ["--variant=minbase", `--keyring=${debianKeyring}`, "--include=adduser,systemd-sysv"];
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
    await runBySystemd(dir, root);
    await within("dpkg --remove artifact-vault");
    await within("test -e /etc/artifact-vault/config.yml && ! test -e /usr/bin/artifact-vault");
    await Deno.mkdir(`${root}/var/cache/artifact-vault`, { recursive: true });
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

/** Boots the system, whose service starts, is reloaded, and stops, under all that its unit forbids. */
async function runBySystemd(dir: TempDir, root: string): Promise<void> {
  const dropIn = [
    "[Service]",
    "ExecStart=",
    `ExecStart=/usr/bin/artifact-vault serve ${oldRuntimeAllowed} --config /etc/artifact-vault/config.yml`,
    "LimitNOFILE=1024",
  ];
  await Deno.mkdir(`${root}/etc/systemd/system/artifact-vault.service.d`);
  await Deno.writeTextFile(`${root}/etc/systemd/system/artifact-vault.service.d/test.conf`, dropIn.join("\n"));
  const config = `${root}/etc/artifact-vault/config.yml`;
  const text = (await Deno.readTextFile(config)).replace(/^http_port: .*$/m, `http_port: ${freePort()}`);
  await Deno.writeTextFile(config, text);
  const name = `vault-${crypto.randomUUID().slice(0, 8)}`;
  const store = ["--root", dir.join("store"), "--runroot", dir.join("run"), "--storage-driver", "vfs"];
  const podman = (...args: string[]) => runToSuccess(["podman", ...store, "--runtime", "runc", ...args]);
  const limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096"];
  const machine = ["--systemd=always", "--privileged", "--network", "host", ...limits];
  await podman("run", "--detach", "--name", name, ...machine, "--rootfs", root, "/lib/systemd/systemd");
  const within = (command: string) => podman("exec", name, "sh", "-c", command);
  try {
    await waitUntil(
      "the service runs",
      () => within("systemctl is-active artifact-vault").then(() => true, () => false),
    );
    await within("artifact-vault health --config /etc/artifact-vault/config.yml");
    assert.match(await within("stat -c '%a %U' /var/cache/artifact-vault"), /^700 artifact-vault/);

    await Deno.writeTextFile(config, `${text}log_file: /var/log/artifact-vault/vault.log\n`);
    await within("systemctl reload artifact-vault");
    await waitUntil(
      "it writes to the file",
      () => Deno.stat(`${root}/var/log/artifact-vault/vault.log`).then(({ size }) => size > 0),
    );
    await Deno.writeTextFile(config, `${text}http_prot: 1\n`);
    await within("! systemctl reload artifact-vault");
    assert.match(await within("systemctl status artifact-vault"), /the last reload was refused[^]*http_prot: is not a/);
    await Deno.writeTextFile(config, text);
    assert.match(
      await within("artifact-vault reload --config /etc/artifact-vault/config.yml"),
      /log_file: .* is gone/,
      "the command finds it by its configuration",
    );
    await within("systemctl stop artifact-vault");
    assert.match(await within("systemctl show --property Result,ExecMainStatus artifact-vault"), /success[^]*Status=0/);
  } finally {
    await podman("rm", "--force", "--time", "10", name);
  }
}
