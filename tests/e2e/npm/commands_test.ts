import assert from "node:assert/strict";
import { createForeignSite } from "../../support/foreign_import.ts";
import { installClients, type NpmClientName, NpmProject } from "../../support/npm/npm_client.ts";
import { createNpmPackage } from "../../support/npm/npm_package.ts";
import { createNpmScene } from "../../support/npm/npm_scene.ts";
import { hasProgram } from "../../support/programs.ts";
import { runCommand } from "../../support/run_command.ts";
import { testInTurn } from "../../support/thorough.ts";

const clients = await installClients(["npm 12", "pnpm 12", "yarn 4", "bun 1", "deno 2"]);
const without = (...names: NpmClientName[]) => names.some((name) => !clients.includes(name));

const withBin = createNpmPackage("hello", "1.2.3", {
  more: { bin: { hello: "hello.js" } },
  files: { "hello.js": '#!/usr/bin/env node\nconsole.log("hello from " + require("./index.js"));\n' },
});

testInTurn({ name: "npm's other commands work through the vault", ignore: without("npm 12") }, async (t) => {
  await using scene = await createNpmScene();
  const { registry } = scene;
  registry.publish(withBin);
  registry.publish(createNpmPackage("@acme/tool", "2.0.0"));
  registry.tag("@acme/tool", "next", "2.0.0");
  await using vault = await scene.startVault();
  await using npm = await NpmProject.create("npm 12", vault.registryUrl, { dependencies: {} });
  await t.step("npx", async () => {
    assert.match(await npm.succeed("exec", "--yes", "--", "hello"), /hello from 1\.2\.3/);
  });
  await t.step("npm pack", async () => {
    assert.match(await npm.succeed("pack", "@acme/tool"), /acme-tool-2\.0\.0\.tgz/);
  });
  await t.step("npm view", async () => {
    assert.match(await npm.succeed("view", "@acme/tool", "version"), /^2\.0\.0$/m);
    assert.match(await npm.succeed("dist-tag", "ls", "@acme/tool"), /next: 2\.0\.0/);
  });
  await t.step("npm search and npm ping", async () => {
    assert.match(await npm.succeed("search", "hell"), /hello/);
    assert.match(await npm.succeed("ping"), /PONG/);
  });
  await t.step("npm publish is told where to go", async () => {
    await npm.write("package.json", JSON.stringify({ name: "mine", version: "1.0.0" }));
    const { code, stderr } = await npm.run("publish", `--//${new URL(vault.registryUrl).host}/npm/:_authToken=x`);
    assert.notEqual(code, 0);
    assert.match(stderr, /E405[^]*this is a cache that only reads; publish/);
  });
});

testInTurn({
  name: "npm 12 installs through each name of the vault, and the lock file names the public registry",
  ignore: without("npm 12"),
}, async () => {
  await using scene = await createNpmScene();
  scene.registry.publish(withBin);
  const { stdout } = await runCommand(["npm", "config", "get", "registry"]);
  const publicRegistry = stdout.trim().replace(/\/$/, "");
  await using vault = await scene.startVault({ public_registry: publicRegistry });
  const names = [vault.registryUrl, vault.registryUrl.replace("127.0.0.1", "localhost")];
  const locks: string[] = [];
  for (const name of names) {
    await using npm = await NpmProject.create("npm 12", name, { dependencies: { hello: "^1.0.0" } });
    await npm.install();
    locks.push(await npm.lock());
  }
  assert.equal(locks[1], locks[0]);
  assert.ok(locks[0]!.includes(`"resolved": "${publicRegistry}/hello/-/hello-1.2.3.tgz"`), locks[0]);
  for (const name of names) {
    await using npm = await NpmProject.create("npm 12", name, { dependencies: { hello: "^1.0.0" }, lock: locks[0]! });
    await npm.installFrozen();
    assert.equal(await npm.versionOf("hello"), "1.2.3");
  }
});

const audits: readonly [client: NpmClientName, ...command: string[]][] = [
  ["npm 12", "audit"],
  ["pnpm 12", "audit"],
  ["yarn 4", "npm", "audit"],
  ["bun 1", "audit"],
  ["deno 2", "audit"],
];

for (const [client, ...command] of audits) {
  testInTurn({ name: `${client} audits through the vault`, ignore: without(client) }, async () => {
    await using scene = await createNpmScene();
    scene.registry.publish(withBin);
    scene.registry.advisories = {
      hello: [{
        id: 1,
        url: "https://example.org/advisory-1",
        title: "Says hello to anybody",
        severity: "high",
        vulnerable_versions: "<2.0.0",
      }],
    };
    await using vault = await scene.startVault();
    await using project = await NpmProject.create(client, vault.registryUrl, { dependencies: { hello: "^1.0.0" } });
    await project.install();
    const { code, stdout, stderr } = await project.run(...command);
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, /Says hello to anybody/);
    assert.ok(scene.registry.audits.length > 0);
  });
}

/** Stands for Sigstore's own repository of keys, which has none of this registry. npm then takes the registry's. */
const withoutSigstore = `
const Module = require("node:module");
const load = Module._load;
const getTarget = () => Promise.reject(Object.assign(new Error("not there"), { code: "TUF_FIND_TARGET_ERROR" }));
Module._load = function (request, ...rest) {
  if (request === "@sigstore/tuf") return { initTUF: () => Promise.resolve({ getTarget }) };
  return load.call(this, request, ...rest);
};
`;

testInTurn(
  { name: "npm audit signatures verifies what the registry has signed", ignore: without("npm 12") },
  async () => {
    await using scene = await createNpmScene();
    scene.registry.publish(withBin);
    scene.registry.publish(createNpmPackage("@acme/tool", "2.0.0"));
    await using vault = await scene.startVault();
    const preload = scene.dir.join("without_sigstore.cjs");
    await Deno.writeTextFile(preload, withoutSigstore);
    await using npm = await NpmProject.create("npm 12", vault.registryUrl, {
      dependencies: { hello: "1.2.3", "@acme/tool": "2.0.0" },
      env: { NODE_OPTIONS: `--require=${preload}` },
    });
    await npm.install();
    assert.match(await npm.succeed("audit", "signatures"), /2 packages have verified registry signatures/);
  },
);

testInTurn(
  { name: "corepack takes a package manager, and checks its signature", ignore: !hasProgram("corepack") },
  async () => {
    await using scene = await createNpmScene();
    const manager = createNpmPackage("pnpm", "9.15.9", {
      more: { bin: { pnpm: "bin/pnpm.cjs" } },
      files: { "bin/pnpm.cjs": 'console.log("the manager runs");\n' },
    });
    scene.registry.publish(manager);
    await using vault = await scene.startVault();
    const keys = await (await fetch(vault.url("/-/npm/v1/keys"))).json() as { keys: unknown[] };
    const home = scene.dir.join("corepack");
    await Deno.mkdir(home);
    const env = {
      HOME: home,
      COREPACK_HOME: home,
      COREPACK_NPM_REGISTRY: vault.registryUrl.replace(/\/$/, ""),
      COREPACK_INTEGRITY_KEYS: JSON.stringify({ npm: keys.keys }),
      COREPACK_ENABLE_DOWNLOAD_PROMPT: "0",
    };
    const { code, stdout, stderr } = await runCommand(["env", "-C", home, "corepack", "pnpm@9.15.9", "--version"], {
      env,
    });
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /the manager runs/);
  },
);

testInTurn({
  name: "the cache that npm keeps itself is imported where there is no internet",
  ignore: without("npm 12"),
}, async () => {
  await using scene = await createNpmScene();
  scene.registry.publish(withBin);
  const site = { type: "npm", name: "npm", config: { registry_url: scene.registry.url } };
  await using foreign = await createForeignSite([site]);
  await using npm = await NpmProject.create("npm 12", `${scene.registry.url}/`, { dependencies: { hello: "^1.0.0" } });
  await npm.install();
  const { lines } = await foreign.import(npm.cachePath);
  assert.deepEqual(lines.toSorted(), ["imported hello-1.2.3.tgz", "imported the document about hello"]);
  await scene.registry.refuse();
  await using vault = await foreign.serve();
  await using fresh = await NpmProject.create("npm 12", `${vault.origin}/npm/`, { dependencies: { hello: "^1.0.0" } });
  await fresh.install();
  assert.equal(await fresh.versionOf("hello"), "1.2.3");
});
