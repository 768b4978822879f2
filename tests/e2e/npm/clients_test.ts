import assert from "node:assert/strict";
import { installClients, npmClients, NpmProject } from "../../support/npm/npm_client.ts";
import { createNpmPackage } from "../../support/npm/npm_package.ts";
import type { NpmRegistry } from "../../support/npm/npm_registry.ts";
import { createNpmScene } from "../../support/npm/npm_scene.ts";
import { isOwnMachine, testInTurn } from "../../support/thorough.ts";

/** Of npm itself CI takes the newest version. */
const clients = await installClients(npmClients.filter((name) => isOwnMachine || !/^npm 1[01]$/.test(name)));

/** An application whose dependency has one of its own, with a scope. */
function addPackages(registry: NpmRegistry): void {
  registry.publish(createNpmPackage("alpha", "1.0.0"));
  registry.publish(createNpmPackage("alpha", "1.1.0", { dependencies: { "@acme/tool": "^2.0.0" } }));
  registry.publish(createNpmPackage("@acme/tool", "2.0.1"));
}

const dependencies = { alpha: "^1.0.0" };

for (const client of clients) {
  testInTurn(`${client} installs through the vault, also when the registry is gone`, async () => {
    await using scene = await createNpmScene();
    const { registry } = scene;
    addPackages(registry);
    {
      await using vault = await scene.startVault();
      await using project = await NpmProject.create(client, vault.registryUrl, { dependencies });
      await project.install();
      assert.equal(await project.versionOf("alpha"), "1.1.0");
      const gets = registry.lines.filter((line) => !line.startsWith("POST"));
      assert.deepEqual(gets, [...new Set(gets)], "each document and tarball is fetched once");
    }
    await registry.refuse();
    await using vault = await scene.startVault({ ttl: "0s" });
    await using fresh = await NpmProject.create(client, vault.registryUrl, { dependencies });
    await fresh.install();
    assert.equal(await fresh.versionOf("alpha"), "1.1.0", "after a restart, without upstream");
  });
}
