import assert from "node:assert/strict";
import { createCertificates } from "../support/certificates.ts";
import { startFakeUpstream } from "../support/fake_upstream.ts";
import { freePort } from "../support/free_port.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { runVault, vaultExecutable, VaultProcess, writeVaultConfig } from "../support/vault_process.ts";
import { waitUntil } from "../support/wait_until.ts";

const ignore = Deno.build.os === "windows";

Deno.test({ name: "health: 0 where the server can serve, 1 where it cannot or is not there", ignore }, async () => {
  await using dir = await createTempDir();
  const cacheDir = dir.join("cache");
  const config = await writeVaultConfig(dir.join("config.yml"), { cacheDir, upstream: "http://127.0.0.1:9/" });
  const port = String(freePort());
  const at = ["health", "--config", config, "--port", port];
  const absent = await runVault(at);
  assert.equal(absent.code, 1);
  assert.match(absent.stderr, /Cannot ask http:\/\/127\.0\.0\.1:\d+ whether it can serve: .*refused/i);
  await using vault = await VaultProcess.start({ args: ["--config", config, "--port", port] });
  assert.deepEqual(await runVault(at), { code: 0, stdout: "ready\n", stderr: "" });
  assert.equal((await runVault([...at.slice(0, 3), "--port", "0"])).code, 0, "a free port is found by the directory");
  assert.equal((await runVault(["health", "--url", vault.url("/")])).code, 0);
  await Deno.remove(cacheDir, { recursive: true });
  await Deno.writeTextFile(cacheDir, "");
  await waitUntil("it is known that it cannot serve", async () => {
    const { code, stderr } = await runVault(["health", "--url", vault.url("")]);
    return code === 1 && /answers 503: /.test(stderr);
  });
  assert.equal((await runVault(["health", "--url", "vault"])).code, 2);
  await using other = startFakeUpstream();
  other.serve("/-/readyz", { body: "<title>Another program</title>\nis here" });
  const stranger = await runVault(["health", "--url", other.origin]);
  assert.equal(stranger.code, 1);
  assert.match(stranger.stderr, /^No Artifact Vault is at .*, which answers 200: <title>Another program<\/title>\n$/);
  if (vaultExecutable !== null) return;
  const denied = await runVault(["health", "--url", vault.url("")], { permissions: [] });
  assert.match(denied.stderr, /^Not permitted to use the network address "[\d.:]+": start Deno with --allow-net=/);
});

Deno.test({ name: "health: a server with a certificate is asked by a name that is in it", ignore }, async () => {
  await using dir = await createTempDir();
  const { ca, cert, key } = await createCertificates(dir);
  const top = [`tls: {cert: ${cert}, key: ${key}}`, `ca: ${ca}`];
  const options = { cacheDir: dir.join("cache"), upstream: "http://127.0.0.1:9/", top };
  const config = await writeVaultConfig(dir.join("config.yml"), options);
  const port = String(freePort());
  await using _vault = await VaultProcess.start({ args: ["--config", config, "--port", port] });
  const { code, stdout, stderr } = await runVault(["health", "--config", config, "--port", port]);
  assert.deepEqual([code, stdout], [0, "ready\n"], stderr);
  const strange = await runVault(["health", "--url", `https://127.0.0.1:${port}`]);
  assert.equal(strange.code, 1);
  assert.equal((await runVault(["health", "--url", `https://127.0.0.1:${port}`, "--ca", ca])).code, 0);
  // Deno 2.6, which an executable may hold that is only tested, does not read the names of certificates.
  if (vaultExecutable !== null) return;
  const named = dir.join("named.pem");
  await openssl(`req -x509 -newkey rsa:2048 -nodes -days 2 -keyout ${named}.key -out ${named} -subj /CN=vault`, [
    ...["-addext", "subjectAltName=DNS:vault.example.com", "-addext", "basicConstraints=critical,CA:FALSE"],
  ]);
  const other = await writeVaultConfig(dir.join("other.yml"), {
    ...options,
    cacheDir: dir.join("other"),
    top: [`tls: {cert: ${named}, key: ${named}.key}`, "http_port: 0"],
  });
  await using _other = await VaultProcess.start({ args: ["--config", other] });
  const asked = await runVault(["health", "--config", other]);
  assert.deepEqual([asked.stdout, asked.stderr], ["ready\n", ""], "a name of no machine here");
});

Deno.test({
  name: "systemd is told of the start, of signs of life, of a reload and of the end",
  ignore: Deno.build.os !== "linux",
}, async () => {
  await using dir = await createTempDir();
  const path = dir.join("notify");
  const manager = Deno.listenDatagram({ transport: "unixpacket", path });
  const told: string[] = [];
  const listening = (async () => {
    for await (const [bytes] of manager) told.push(new TextDecoder().decode(bytes));
  })();
  const has = (text: RegExp) => waitUntil(`systemd is told ${text}`, () => told.some((one) => text.test(one)));
  const config = dir.join("config.yml");
  await writeVaultConfig(config, { cacheDir: dir.join("cache"), upstream: "http://127.0.0.1:9/" });
  const env = { NOTIFY_SOCKET: path, WATCHDOG_USEC: "100000" };
  await using vault = await VaultProcess.start({ args: ["--config", config], env });
  await has(/^READY=1\nSTATUS=Serving on http:/);
  await has(/^WATCHDOG=1$/);
  Deno.kill(vault.pid, "SIGHUP");
  await has(/^RELOADING=1$/);
  await waitUntil("it serves again", () => told.filter((one) => one.startsWith("READY=1")).length === 2);
  assert.equal((await vault.stop("SIGTERM")).code, 0);
  assert.ok(told.some((one) => one.startsWith("STOPPING=1")));
  manager.close();
  await listening;
  assert.deepEqual([...Deno.readDirSync(dir.join("cache/servers"))], [], "no socket is left");
});

async function openssl(words: string, more: readonly string[]): Promise<void> {
  const { success } = await new Deno.Command("openssl", { args: [...words.split(" "), ...more], stderr: "null" })
    .output();
  assert.ok(success);
}
