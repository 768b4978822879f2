// A real application from the real registry, at the address that npm on this machine is set up with.
import assert from "node:assert/strict";
import {
  applicationDependencies as dependencies,
  configuredRegistry,
  leastPackages,
} from "../../support/npm/application.ts";
import { installClients, type NpmClientName, npmClients, NpmProject } from "../../support/npm/npm_client.ts";
import { createTempDir } from "../../support/temp_dir.ts";
import { isOwnMachine } from "../../support/thorough.ts";
import { VaultProcess } from "../../support/vault_process.ts";

/** All of them take some 20 minutes; NPM_CLIENTS="npm 10,bun 1" names fewer. */
const named = Deno.env.get("NPM_CLIENTS")?.split(",");
const wanted = npmClients.filter((name) => named?.includes(name) ?? true);

const clients = isOwnMachine ? await installClients(wanted) : [];
const registry = isOwnMachine ? await configuredRegistry() : null;

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
  },
});

/** yarn 1 and bun write the URLs of tarballs into their lock files. */
const writesUrls = (client: NpmClientName) => client === "yarn 1" || client === "bun 1";

for (const client of clients) {
  Deno.test({
    name: `${client}: a lock file made through the vault installs without it, and the other way round`,
    ignore: registry === null,
    async fn() {
      await using dir = await createTempDir("vault-npm-");
      const config = dir.join("config.yml");
      const urls = { public_registry: registry, ...writesUrls(client) && { tarball_urls: "public" } };
      const backends = [{ type: "npm", name: "npm", config: { registry_url: registry, ...urls } }];
      await Deno.writeTextFile(config, JSON.stringify({ cache_dir: dir.join("cache"), cache_min_free: 0, backends }));
      const wanted = { dependencies: { express: "4.19.2" } };
      const installed = async (project: NpmProject) => assert.equal(await project.versionOf("express"), "4.19.2");
      await using outside = await NpmProject.create(client, `${registry}/`, wanted);
      await outside.install();
      let lock = "";
      {
        await using vault = await VaultProcess.start({ args: ["--config", config] });
        await using inside = await NpmProject.create(client, vault.url("/npm/"), wanted);
        await inside.install();
        lock = await inside.lock();
        await using again = await NpmProject.create(client, vault.url("/npm/"), {
          ...wanted,
          lock: await outside.lock(),
        });
        await again.installFrozen();
        await installed(again);
      }
      await using without = await NpmProject.create(client, `${registry}/`, { ...wanted, lock });
      await without.installFrozen();
      await installed(without);
    },
  });
}
