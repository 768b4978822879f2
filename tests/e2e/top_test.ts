// deno-lint-ignore-file no-control-regex -- what is written to a terminal is full of them
import assert from "node:assert/strict";
import { createCertificates } from "../support/certificates.ts";
import { FakeUpstream } from "../support/fake_upstream.ts";
import { missingPrograms } from "../support/programs.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { Terminal } from "../support/terminal.ts";
import { testInTurn } from "../support/thorough.ts";
import { runVault, vaultCommand, vaultEnvironment, VaultProcess } from "../support/vault_process.ts";

const ignore = Deno.build.os === "windows" || missingPrograms("python3", "openssl").length > 0;
const [enter, leave] = [/\x1b\[\?1049h/, /\x1b\[\?25h\x1b\[\?1049l/];

testInTurn(
  { name: "top draws on a terminal, waits for a server that restarts, and leaves no trace", ignore },
  async () => {
    await using dir = await createTempDir();
    await using upstream = new FakeUpstream({});
    upstream.serve("/big", { body: "x".repeat(1000) });
    const path = dir.join("config.yml");
    const backend = `{type: http, name: files, config: {prefix: /files, base_url: "${upstream.origin}/"}}`;
    await Deno.writeTextFile(path, `cache_dir: ${dir.join("cache")}\nbackends: [${backend}]\n`);
    const args = ["--config", path];
    const none = await runVault(["top", ...args]);
    assert.deepEqual([none.code, none.stdout], [1, ""]);
    assert.match(none.stderr, /^No server runs/);

    const vault = await VaultProcess.start({ args });
    const hold = upstream.hold("/big", 500);
    const download = fetch(vault.url("/files/big")).then((answer) => answer.text()).catch(() => "");
    await hold.reached;
    const once = await runVault(["top", ...args]);
    assert.equal(once.code, 0);
    assert.match(once.stdout, /^TRANSFERS 1 .*\nfiles\/big .* 50 % /m);

    const env = vaultEnvironment({ LC_ALL: "C.UTF-8", TERM: "xterm", NO_COLOR: "" });
    await using terminal = new Terminal([...vaultCommand(), "top", ...args], env);
    await terminal.shows(enter);
    await terminal.shows(/files\/big .*█░.* 50 % /);
    await terminal.shows(/\x1b\[24;1H\x1b\[2K\x1b\[2mq quits\x1b\[0m/);
    assert.equal(await terminal.echoes(), false);
    terminal.forget();
    await terminal.resize(12, 60);
    await terminal.shows(/\x1b\[12;1H\x1b\[2K\x1b\[2mq quits/);

    hold.release();
    await download;
    await vault.stop("SIGTERM");
    await terminal.shows(/Waiting for the server, last news \d+ s ago: /);
    await terminal.resize(24, 120);
    await terminal.shows(/Waiting for the server, last news \d+ s ago: No server runs on the cache directory/);
    terminal.forget();
    await using again = await VaultProcess.start({ args });
    await terminal.shows(new RegExp(`Artifact Vault .* {2}${RegExp.escape(again.url(""))}\\x1b`));
    await terminal.shows(/\x1b\[2;1H\x1b\[2K\x1b\[3[23]m(?:All is well|The vault works)/);

    terminal.forget();
    await terminal.press("q");
    assert.deepEqual(await terminal.ended(), { code: 0, echoes: true });
    assert.match(terminal.output, leave);

    await using interrupted = new Terminal([...vaultCommand(), "top", ...args], env);
    await interrupted.shows(/q quits/);
    await interrupted.press("\x03");
    assert.deepEqual(await interrupted.ended(), { code: 0, echoes: true });
    assert.match(interrupted.output, leave);

    await using dumb = new Terminal([...vaultCommand(), "top", ...args], { ...env, TERM: "dumb" });
    await dumb.ended();
    assert.doesNotMatch(dumb.output, /\x1b/);
  },
);

testInTurn({ name: "top follows a vault with TLS, by its address and by its directory", ignore }, async () => {
  await using dir = await createTempDir();
  const { ca, cert, key } = await createCertificates(dir);
  const path = dir.join("config.yml");
  const backend = '{type: http, name: files, config: {prefix: /files, base_url: "http://127.0.0.1:9/"}}';
  const tls = `{cert: "${cert}", key: "${key}"}`;
  await Deno.writeTextFile(path, `cache_dir: ${dir.join("cache")}\ntls: ${tls}\nbackends: [${backend}]\n`);
  await using vault = await VaultProcess.start({ args: ["--config", path] });
  using client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(ca)] });
  const distrusted = await runVault(["top", "--url", vault.url("")]);
  assert.equal(distrusted.code, 1);
  assert.match(distrusted.stderr, /does not answer: .*unknown issuer/);
  for (const where of [["--url", vault.url("/"), "--ca", ca], ["--config", path]]) {
    const env = vaultEnvironment({ LC_ALL: "C", TERM: "xterm" });
    await using terminal = new Terminal([...vaultCommand(), "top", ...where], env);
    await terminal.shows(/q quits/);
    const name = where[0]!.slice(2);
    await fetch(vault.url(`/files/asked-while-${name}`), { client }).then((answer) => answer.text());
    await terminal.shows(new RegExp(`GET /files/asked-while-${name} `));
    await terminal.press("q");
    assert.equal((await terminal.ended()).code, 0);
  }
});
