import assert from "node:assert/strict";
import { dirname } from "node:path";
import { FsLayout } from "../../src/store/fs_layout.ts";
import { createCertificates } from "../support/certificates.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { testInTurn } from "../support/thorough.ts";
import { runVault, vaultExecutable, VaultProcess, writeVaultConfig } from "../support/vault_process.ts";
import { waitUntil } from "../support/wait_until.ts";

/** A configuration in `dir` whose upstream is never asked. */
function writeConfig(dir: { join(...names: string[]): string }, ...top: string[]): Promise<string> {
  return writeVaultConfig(dir.join("config.yml"), {
    cacheDir: dir.join("cache"),
    upstream: "http://127.0.0.1:9/x",
    top,
  });
}

testInTurn("with a log file, the address and the routes still stand on the terminal", async () => {
  await using dir = await createTempDir();
  const path = await writeConfig(dir, `log_file: ${dir.join("vault.log")}`);
  const layout = new FsLayout(dir.join("cache"));
  await Deno.mkdir(layout.root, { mode: 0o700 });
  const blob = layout.blob("a".repeat(64));
  await Deno.mkdir(dirname(blob), { recursive: true });
  await Deno.writeFile(blob, new Uint8Array(1_468_006));
  await Deno.writeTextFile(layout.usage, '{"blobBytes":1468006}\n');
  await using vault = await VaultProcess.start({ args: ["--config", path] });
  await vault.waitForLine(/^ {2}\/files -> http:\/\/127\.0\.0\.1:9\/x$/);
  assert.equal((await vault.stop("SIGTERM")).code, 0);
  assert.deepEqual(vault.lines.slice(1), [
    `  Configuration: ${path}`,
    `  Cache: ${dir.join("cache")} (1.4 MiB, as last known)`,
    "  Only this machine can reach it; --host 0.0.0.0 opens it to others",
    "  /files -> http://127.0.0.1:9/x",
  ]);
  assert.match(vault.lines[0]!, /^Artifact Vault \d+\.\d+\.\d+ listening on http:\/\/127\.0\.0\.1:\d+$/);
  assert.match(await Deno.readTextFile(dir.join("vault.log")), / - vault - INFO - Artifact Vault .* listening on http/);
});

testInTurn("without --config, config.yml in the working directory is read, and the start says so", async () => {
  await using dir = await createTempDir();
  await using vault = await VaultProcess.start({ args: ["--offline"], cwd: dir.path });
  await vault.waitForLine(
    /Configuration: built in, since no --config is given and there is no config.yml in the working/,
  );
  await vault.waitForLine(/Offline: no upstream is ever asked/);
  await vault.waitForLine(/\/ubuntu -> /);
  await vault.waitForLine(/\/v2 -> images of dockerhub, registries, where docker and others look for them$/);
  await Deno.writeTextFile(dir.join("config.yml"), "backends: [{type: pypi, config: {offline: true}}]");
  await using other = await VaultProcess.start({ args: [], cwd: dir.path });
  await other.waitForLine(/Configuration: config.yml in the working directory, since no --config is given/);
  await other.waitForLine(/Cache: \.\/cache \(nothing in it, or not counted yet\)/);
  await other.waitForLine(/\/pypi -> .* \(offline: never asked\)$/);
});

testInTurn("without one, the log says both, once", async () => {
  await using dir = await createTempDir();
  await using vault = await VaultProcess.start({ args: ["--config", await writeConfig(dir)] });
  await vault.waitForLine(/\/files -> http/);
  assert.equal((await vault.stop("SIGINT")).code, 0);
  assert.match(vault.lines.at(-1)!, / - INFO - Stopped$/);
  assert.equal(vault.lines.filter((line) => line.includes("listening on")).length, 1);
  assert.equal(vault.lines.filter((line) => line.includes("/files ->")).length, 1);
  assert.ok(vault.lines.every((line) => line.includes(" - vault - ")), vault.output);
});

Deno.test("what is missing in permissions is named one after the other, down to none", {
  ignore: vaultExecutable !== null,
}, async () => {
  await using dir = await createTempDir();
  const path = await writeConfig(dir, "http_port: ${VAULT_TEST_PORT:-0}");
  const granted: string[] = [];
  const missing: [flag: string, message: RegExp][] = [
    [`--allow-read=${path}`, /^Not permitted to read ".*config\.yml": start Deno with --allow-read=.*config\.yml\n$/],
    [
      "--allow-env=VAULT_TEST_PORT",
      /^Not permitted .*\(VAULT_TEST_PORT\): start Deno with --allow-env=VAULT_TEST_PORT\n$/,
    ],
    [
      `--allow-write=${dir.join("cache")}`,
      /^Not permitted to write to ".*cache": start Deno with --allow-write=.*cache\n$/,
    ],
  ];
  for (const [flag, message] of missing) {
    const { code, stderr } = await runVault(["serve", "--config", path], { permissions: granted });
    assert.match(stderr, message);
    assert.equal(code, 1);
    granted.push(flag);
  }
});

testInTurn(
  "SIGHUP opens a rotated log file again, and requests go on",
  { ignore: Deno.build.os === "windows" },
  async () => {
    await using dir = await createTempDir();
    const log = dir.join("vault.log");
    await using vault = await VaultProcess.start({ args: ["--config", await writeConfig(dir, `log_file: ${log}`)] });
    const has = (path: string, text: RegExp) => text.test(Deno.readTextFileSync(path));
    await waitUntil("the first log has the start", () => has(log, /listening on/));
    await Deno.rename(log, `${log}.1`);
    Deno.kill(vault.pid, "SIGHUP");
    await waitUntil(
      "there is a new log",
      () => [...Deno.readDirSync(dir.path)].some(({ name }) => name === "vault.log"),
    );
    await waitUntil("one of them says why", () => has(`${log}.1`, /SIGHUP: reading/) || has(log, /SIGHUP: reading/));
    assert.equal((await fetch(vault.url("/healthz"))).ok, true);
    assert.equal((await vault.stop("SIGTERM")).code, 0);
    assert.ok(has(log, /SIGTERM: finishing/), "what comes later is in the new one");
  },
);

testInTurn("SIGHUP reads a renewed certificate, and keeps the old one where the new one is wrong", {
  ignore: Deno.build.os === "windows",
}, async () => {
  await using dir = await createTempDir();
  await using otherDir = await createTempDir();
  const [first, second] = [await createCertificates(dir), await createCertificates(otherDir)];
  const args = ["--config", await writeConfig(dir, `tls: {cert: ${first.cert}, key: ${first.key}}`)];
  await using vault = await VaultProcess.start({ args });
  const isServedBy = async ({ ca }: { readonly ca: string }) => {
    using client = Deno.createHttpClient({ caCerts: [Deno.readTextFileSync(ca)], poolMaxIdlePerHost: 0 });
    return await fetch(vault.url("/healthz"), { client }).then((answer) => answer.text(), () => "") !== "";
  };
  assert.ok(await isServedBy(first));
  await Deno.copyFile(second.cert, first.cert);
  Deno.kill(vault.pid, "SIGHUP");
  await vault.waitForLine(/ERROR - The certificate stays what it was: .*cert\.key" as tls\.key: .* for another key/);
  assert.ok(await isServedBy(first));
  await Deno.copyFile(second.key, first.key);
  Deno.kill(vault.pid, "SIGHUP");
  await waitUntil("the new certificate is served", () => isServedBy(second));
});
