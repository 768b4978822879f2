import assert from "node:assert/strict";
import { statfsSync } from "node:fs";
import { listBlobs, stagedBytes, wrongBlobs } from "../support/cache_dir.ts";
import { curl, download } from "../support/clients.ts";
import { freePort } from "../support/free_port.ts";
import { missingPrograms } from "../support/programs.ts";
import { mib } from "../support/random_file.ts";
import { createScene } from "../support/scene.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { canMountTmpfs, mountTmpfs } from "../support/tmpfs.ts";
import { runVault, vaultExecutable } from "../support/vault_process.ts";
import { waitUntil } from "../support/wait_until.ts";

const ignore = missingPrograms("nginx", "curl", "cmp").length > 0;
const canMount = await canMountTmpfs();

Deno.test({
  name: "full disk: downloads ten times its size arrive whole and the vault goes on",
  ignore: ignore || !canMount,
}, async () => {
  await using scene = await createScene();
  await scene.configure({ top: ["cache_min_free: 0"] });
  await using _disk = await mountTmpfs(scene.cacheDir, "size=5m");
  const big = await scene.addFile("big.bin", 50 * mib);
  const small = await scene.addFile("small.bin", mib);
  await using vault = await scene.startVault();
  assert.ok((await download(vault.url(`/files/${big.name}`), big)).right, "with a length");
  assert.ok((await download(vault.url(`/files/unsized/${big.name}`), big)).right, "without a length");
  await waitUntil("the disk has room again", () => freeBytes(scene.cacheDir) > 2 * mib);
  assert.ok((await download(vault.url(`/files/${small.name}`), small)).right, "a small one");
  await vault.waitForLine(/Transfer complete.*small/);
  assert.deepEqual(listBlobs(scene.cacheDir).length, 1, "the small file is kept, the big one is not");
  assert.deepEqual(await wrongBlobs(scene.cacheDir), []);
  await waitUntil("nothing is left of the big ones", () => stagedBytes(scene.cacheDir) === 0);
  assert.equal((await curl(vault.url("/readyz"))).status, 200);
});

Deno.test(
  { name: "a cache directory that cannot be written to is named at start", ignore: ignore || !canMount },
  async () => {
    await using scene = await createScene();
    await using _disk = await mountTmpfs(scene.cacheDir, "ro");
    const { code, stderr } = await runVault(["serve", "--config", scene.configPath, "--port", "0"]);
    assert.notEqual(code, 0);
    assert.match(stderr, new RegExp(`${scene.cacheDir}.*read-only`));
    assert.doesNotMatch(stderr, /\n\s+at /, "one sentence, not a stack");
  },
);

Deno.test("a port in use is named, with code 1", async () => {
  await using dir = await createTempDir();
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  const args = ["serve", "--host", "127.0.0.1", "--port", String(port), "--cache-dir", dir.path];
  const { code, stderr } = await runVault(args);
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`${port}.*in use`, "i"));
  assert.doesNotMatch(stderr, /\n\s+at /);
});

Deno.test("a wrong configuration is refused with code 2 and every problem at its line", async () => {
  await using dir = await createTempDir();
  const path = dir.join("config.yml");
  await Deno.writeTextFile(path, "http_prot: 8080\nlog_level: LOUD\nbackends:\n  - type: http\n    name: x\n");
  for (const command of ["serve", "check"]) {
    const { code, stderr } = await runVault([command, "--config", path]);
    assert.equal(code, 2, command);
    assert.match(stderr, /config\.yml:1\b[\s\S]*http_port/, "the line and the key that was meant");
    assert.match(stderr, /config\.yml:2\b[\s\S]*LOUD/);
  }
});

Deno.test("--version and --help answer, an unknown command is a usage error", async () => {
  assert.match((await runVault(["--version"])).stdout, /\d+\.\d+\.\d+/);
  assert.match((await runVault(["--help"])).stdout, /permissions/);
  assert.equal((await runVault(["explode"])).code, 2);
});

// An executable has its permissions in it.
if (vaultExecutable === null) {
  Deno.test({
    name: "the flags that `permissions` prints are all that is needed",
    ignore,
  }, async () => {
    await using scene = await createScene();
    const file = await scene.addFile("app.bin", mib);
    const port = String(freePort());
    const printed = await runVault(["permissions", "--config", scene.configPath, "--port", port]);
    assert.equal(printed.code, 0, printed.stderr);
    const permissions = printed.stdout.trim().split(/\s+/);
    assert.ok(permissions.every((flag) => flag.startsWith("--allow-") || flag === "--no-prompt"), printed.stdout);
    assert.ok(!permissions.includes("--allow-read") && !permissions.includes("--allow-net"), "narrow, not general");
    await using vault = await scene.startVault({ permissions, args: ["--port", port] });
    assert.ok((await download(vault.url(`/files/${file.name}`), file)).right);
    await vault.waitForLine(/Transfer complete/);
    await scene.nginx.stop();
    assert.ok((await download(vault.url(`/files/${file.name}`), file)).right);
    assert.equal((await curl(vault.url("/metrics"))).status, 200);
  });
}

function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}
