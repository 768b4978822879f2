// A real application from the real registry, at the address that npm on this machine is set up with.
import assert from "node:assert/strict";
import { installClients, type NpmClientName, npmClients, NpmProject } from "../../support/npm/npm_client.ts";
import { createTempDir } from "../../support/temp_dir.ts";
import { isOwnMachine } from "../../support/thorough.ts";
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

/** All of them take some 20 minutes; NPM_CLIENTS="npm 10,bun 1" names fewer. */
const named = Deno.env.get("NPM_CLIENTS")?.split(",");
const wanted = npmClients.filter((name) => named?.includes(name) ?? true);

const clients = isOwnMachine ? await installClients(wanted) : [];
const registry = isOwnMachine ? await publicRegistry() : null;

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
    for (const [client, lock] of locks) {
      if (client.startsWith("npm ")) {
        assert.ok(!lock.includes("127.0.0.1"), `the lock file of ${client} works anywhere`);
      }
    }
  },
});

Deno.test({
  name: "npm 12: a lock file made through the vault installs without it, and the other way round",
  ignore: !clients.includes("npm 12") || registry === null,
  async fn() {
    await using dir = await createTempDir("vault-npm-");
    const config = dir.join("config.yml");
    const backends = [{ type: "npm", name: "npm", config: { registry_url: registry, public_registry: registry } }];
    await Deno.writeTextFile(config, JSON.stringify({ cache_dir: dir.join("cache"), cache_min_free: 0, backends }));
    await using vault = await VaultProcess.start({ args: ["--config", config] });
    const wanted = { dependencies: { express: "4.19.2" } };
    await using inside = await NpmProject.create("npm 12", vault.url("/npm/"), wanted);
    await inside.install();
    const outside = await Outside.create(dir.join("outside"), wanted);
    await outside.npm("ci", await inside.lock());
    await outside.npm("install", null);
    await using again = await NpmProject.create("npm 12", vault.url("/npm/"), {
      ...wanted,
      lock: await outside.lock(),
    });
    await again.installFrozen();
    assert.equal(await again.versionOf("express"), "4.19.2");
  },
});

/** An application and the npm of this machine, with its own settings. */
class Outside {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  static async create(path: string, { dependencies }: { dependencies: Record<string, string> }): Promise<Outside> {
    await Deno.mkdir(path);
    await Deno.writeTextFile(`${path}/package.json`, JSON.stringify({ name: "app", version: "1.0.0", dependencies }));
    return new Outside(path);
  }

  /** Runs npm with this lock file, or without one. */
  async npm(command: string, lock: string | null): Promise<void> {
    if (lock !== null) await Deno.writeTextFile(`${this.#path}/package-lock.json`, lock);
    else await Deno.remove(`${this.#path}/package-lock.json`);
    const args = [command, "--no-audit", "--no-fund", "--ignore-scripts", "--cache", `${this.#path}/cache`];
    const { code, stderr } = await new Deno.Command("npm", { args, cwd: this.#path, stdin: "null" }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
  }

  lock(): Promise<string> {
    return Deno.readTextFile(`${this.#path}/package-lock.json`);
  }
}

/** The registry of npm's own settings; null where there is no npm. */
async function publicRegistry(): Promise<string | null> {
  const command = new Deno.Command("npm", { args: ["config", "get", "registry"], stdin: "null", stderr: "null" });
  const output = await command.output().catch(() => null);
  const url = output === null ? null : URL.parse(new TextDecoder().decode(output.stdout).trim());
  return url?.href.replace(/\/$/, "") ?? null;
}
