import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { missingPrograms } from "../support/programs.ts";
import { createTempDir, type TempDir } from "../support/temp_dir.ts";

const build = fileURLToPath(new URL("../../docs/deploy/debian/build.sh", import.meta.url));
const rules = fileURLToPath(new URL("../../docs/deploy/logrotate", import.meta.url));
const isDebian = Deno.build.os === "linux" && missingPrograms("dpkg-deb", "install", "gzip", "xz").length === 0;

/** A package whose executable is a script: what is tested is all around it. */
async function makePackage(dir: TempDir): Promise<string> {
  const executable = dir.join("artifact-vault");
  await Deno.copyFile("/bin/true", executable);
  assert.equal((await run("sh", build, executable, dir.join("out"), "amd64")).code, 0);
  const [file] = [...Deno.readDirSync(dir.join("out"))];
  return dir.join(`out/${file!.name}`);
}

Deno.test({
  name: "the Debian package has its files in their places, with a configuration that upgrades keep",
  ignore: !isDebian,
}, async () => {
  await using dir = await createTempDir();
  const path = await makePackage(dir);
  assert.match(path, /artifact-vault_\d+\.\d+\.\d+_amd64\.deb$/);
  const listed = (await run("dpkg-deb", "--contents", path)).text;
  const files = [
    ["-rwxr-xr-x", "usr/bin/artifact-vault"],
    ["-rw-r--r--", "etc/artifact-vault/config.yml"],
    ["-rw-r--r--", "lib/systemd/system/artifact-vault.service"],
    ["-rw-r--r--", "etc/logrotate.d/artifact-vault"],
    ["-rw-r--r--", "usr/share/man/man1/artifact-vault.1.gz"],
  ];
  for (const [mode, file] of files) assert.match(listed, new RegExp(`^${mode} root/root .* \\./${file}$`, "m"));
  assert.match((await run("dpkg-deb", "--field", path, "Conffiles", "Depends")).text, /libgcc-s1/);
  assert.equal((await run("dpkg-deb", "--extract", path, dir.join("root"))).code, 0);
  const unit = await Deno.readTextFile(dir.join("root/lib/systemd/system/artifact-vault.service"));
  assert.match(unit, /^ExecStart=\/usr\/bin\/artifact-vault serve/m);
  assert.match(unit, /^User=artifact-vault$/m);
  assert.doesNotMatch(unit, /DynamicUser/);
  const config = await Deno.readTextFile(dir.join("root/etc/artifact-vault/config.yml"));
  const cache = /^cache_dir: (.*)$/m.exec(config)?.[1];
  assert.equal(cache, "/var/cache/artifact-vault");
  assert.equal(/ --cache-dir (\S+)/.exec(unit)?.[1], cache, "commands with --config look where the service has it");
  const again = await Deno.readFile(path);
  assert.deepEqual(await Deno.readFile(await makePackage(dir)), again, "made twice, it is the same");
});

Deno.test({
  name: "lintian has nothing against the package but what is explained",
  ignore: !isDebian || missingPrograms("lintian").length > 0,
}, async () => {
  await using dir = await createTempDir();
  const { text } = await run("lintian", "--allow-root", "--tag-display-limit", "0", await makePackage(dir));
  // The stand-in for the executable is stripped, and so on: an override that is not needed is no fault.
  const tags = text.split("\n").filter((line) => /^[EW]: /.test(line));
  assert.deepEqual(tags, []);
});

Deno.test({
  name: "the scripts of the package can be parsed by dash",
  ignore: missingPrograms("dash").length > 0,
}, async () => {
  for (const name of ["postinst", "prerm", "postrm", "build.sh"]) {
    assert.deepEqual(await run("dash", "-n", `${build.replace("build.sh", name)}`), { code: 0, text: "" });
  }
});

Deno.test({
  name: "logrotate takes the rules, and rotates the log",
  ignore: missingPrograms("logrotate").length > 0 && missingPrograms("/usr/sbin/logrotate").length > 0,
}, async () => {
  await using dir = await createTempDir();
  const log = dir.join("vault.log");
  await Deno.writeTextFile(log, "a line\n");
  const own = (await Deno.readTextFile(rules)).replaceAll("/var/log/artifact-vault/vault.log", log);
  await Deno.writeTextFile(dir.join("rules"), own.replace(/systemctl .*/, `touch ${dir.join("reloaded")}`));
  const logrotate = missingPrograms("logrotate").length === 0 ? "logrotate" : "/usr/sbin/logrotate";
  const { code, text } = await run(logrotate, "--force", "--state", dir.join("state"), dir.join("rules"));
  assert.equal(code, 0, text);
  assert.equal(await Deno.readTextFile(`${log}.1`), "a line\n");
  await Deno.stat(dir.join("reloaded"));
});

async function run(program: string, ...args: string[]): Promise<{ code: number; text: string }> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
  return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}
