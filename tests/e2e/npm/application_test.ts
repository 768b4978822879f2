// A real application from the real registry, at the address that npm on this machine is set up with.
import assert from "node:assert/strict";
import { installClients, type NpmClientName, NpmProject } from "../../support/npm/npm_client.ts";
import { createTempDir } from "../../support/temp_dir.ts";
import { isThoroughFromSource } from "../../support/thorough.ts";
import { VaultProcess } from "../../support/vault_process.ts";

/** Some 400 packages with what they depend on. */
const dependencies = {
  "@babel/preset-env": "7.24.7",
  eslint: "8.57.0",
  express: "4.19.2",
  jest: "29.7.0",
  react: "18.3.1",
  webpack: "5.92.1",
};
const leastPackages = 300;

const isWanted = isThoroughFromSource && Deno.env.get("CI") !== "true";
const clients = isWanted ? await installClients(["npm 12", "pnpm 12", "yarn 1", "yarn 4", "bun 1", "deno 2"]) : [];
const registry = isWanted ? await publicRegistry() : null;

Deno.test({
  name: "a real application of 300 packages: by each client, from the real registry, then without it",
  ignore: clients.length === 0 || registry === null,
  async fn(t) {
    await using dir = await createTempDir("vault-npm-");
    const config = dir.join("config.yml");
    const backend = { registry_url: registry, public_registry: registry };
    await Deno.writeTextFile(
      config,
      JSON.stringify({
        cache_dir: dir.join("cache"),
        cache_min_free: 0,
        backends: [{ type: "npm", name: "npm", config: backend }],
      }),
    );
    const locks = new Map<NpmClientName, string>();
    // yarn 1 and bun write the URL of the vault into their lock files.
    let port = "";
    {
      await using vault = await VaultProcess.start({ args: ["--config", config] });
      port = new URL(vault.url("/")).port;
      for (const client of clients) {
        await t.step(`${client} installs it`, async () => {
          await using project = await NpmProject.create(client, vault.url("/npm/"), { dependencies });
          await project.install();
          assert.equal(await project.versionOf("react"), "18.3.1");
          const lock = await project.lock();
          assert.ok((lock.match(/integrity|checksum|sha512-/g)?.length ?? 0) >= leastPackages);
          locks.set(client, lock);
        });
      }
      assert.deepEqual(vault.lines.filter((line) => /^\S+ (?:WARNING|ERROR)/.test(line)), []);
    }
    await using vault = await VaultProcess.start({ args: ["--config", config, "--offline", "--port", port] });
    for (const [client, lock] of locks) {
      await t.step(`${client} installs it again without the registry, with the lock file and without`, async () => {
        for (const one of [{ dependencies, lock }, { dependencies }]) {
          await using project = await NpmProject.create(client, vault.url("/npm/"), one);
          await ("lock" in one ? project.installFrozen() : project.install());
          assert.equal(await project.versionOf("react"), "18.3.1");
        }
      });
    }
    const [first] = locks;
    if (first === undefined || first[0] !== "npm 12") return;
    assert.ok(!first[1].includes("127.0.0.1"), "its lock file works anywhere");
  },
});

/** The registry of npm's own settings; null where there is no npm. */
async function publicRegistry(): Promise<string | null> {
  const command = new Deno.Command("npm", { args: ["config", "get", "registry"], stdin: "null", stderr: "null" });
  const output = await command.output().catch(() => null);
  const url = output === null ? null : URL.parse(new TextDecoder().decode(output.stdout).trim());
  return url?.href.replace(/\/$/, "") ?? null;
}
