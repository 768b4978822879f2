import { dirname, join } from "node:path";
import { type CommandResult, runCommand } from "../run_command.ts";
import { createTempDir, type TempDir } from "../temp_dir.ts";

/** The clients of npm registries, each of one version. */
export const npmClients = ["npm 10", "npm 11", "npm 12", "pnpm 12", "yarn 1", "yarn 4", "bun 1", "deno 2"] as const;

export type NpmClientName = (typeof npmClients)[number];

interface Client {
  /** The package that it is installed from; null for Deno, which runs the tests. */
  readonly from: string | null;
  /** Its program, below `node_modules`; run with node where it is a script. */
  readonly program: string;
  /** Installs what `package.json` wants. */
  readonly install: readonly string[];
  /** Installs what the lock file has, and nothing else. */
  readonly frozen: readonly string[];
  readonly lockFile: string;
  /** The environment by which it has this registry, and keeps all that it writes in `folder`. */
  env(registry: string, folder: string): Record<string, string>;
  /** The files in the project by which it has this registry. */
  files?(registry: string): Readonly<Record<string, string>>;
}

const npmEnv: Client["env"] = (registry, folder) => ({
  npm_config_registry: registry,
  npm_config_cache: `${folder}/cache`,
  npm_config_userconfig: `${folder}/npmrc`,
  npm_config_update_notifier: "false",
  npm_config_fund: "false",
  npm_config_audit: "false",
  npm_config_fetch_retries: "0",
});

function npm(version: string): Client {
  return {
    from: `npm@${version}`,
    program: "npm/bin/npm-cli.js",
    install: ["install", "--ignore-scripts"],
    frozen: ["ci", "--ignore-scripts"],
    lockFile: "package-lock.json",
    env: npmEnv,
  };
}

const clients: Readonly<Record<NpmClientName, Client>> = {
  "npm 10": npm("10.9.4"),
  "npm 11": npm("11.19.1"),
  "npm 12": npm("12.2.2"),
  "pnpm 12": {
    from: "pnpm@12.21.0",
    program: "@pnpm/exe.linux-x64/pnpm",
    install: ["install", "--ignore-scripts", "--no-frozen-lockfile"],
    frozen: ["install", "--ignore-scripts", "--frozen-lockfile"],
    lockFile: "pnpm-lock.yaml",
    env: (registry, folder) => ({
      ...npmEnv(registry, folder),
      XDG_DATA_HOME: folder,
      XDG_CACHE_HOME: folder,
      CI: "true",
    }),
    files: (registry) => ({ ".npmrc": `registry=${registry}\nfetch-retries=0\n` }),
  },
  "yarn 1": {
    from: "yarn@1.22.22",
    program: "yarn/bin/yarn.js",
    install: ["install", "--ignore-scripts", "--non-interactive"],
    frozen: ["install", "--ignore-scripts", "--non-interactive", "--frozen-lockfile"],
    lockFile: "yarn.lock",
    env: (_registry, folder) => ({ YARN_CACHE_FOLDER: `${folder}/cache`, YARN_DISABLE_SELF_UPDATE_CHECK: "true" }),
    files: (registry) => ({ ".yarnrc": `registry "${registry}"\n` }),
  },
  "yarn 4": {
    from: "@yarnpkg/cli-dist@4.18.1",
    program: "@yarnpkg/cli-dist/bin/yarn.js",
    install: ["install", "--no-immutable", "--mode=skip-build"],
    frozen: ["install", "--immutable", "--mode=skip-build"],
    lockFile: "yarn.lock",
    env: (registry, folder) => ({
      YARN_NPM_REGISTRY_SERVER: registry,
      YARN_UNSAFE_HTTP_WHITELIST: "127.0.0.1",
      YARN_GLOBAL_FOLDER: `${folder}/yarn`,
      YARN_ENABLE_TELEMETRY: "0",
      YARN_NODE_LINKER: "node-modules",
      YARN_NPM_MINIMAL_AGE_GATE: "0",
      YARN_HTTP_RETRY: "0",
    }),
  },
  "bun 1": {
    from: "bun@1.4.5",
    program: "@oven/bun-linux-x64/bin/bun",
    install: ["install", "--ignore-scripts"],
    frozen: ["install", "--ignore-scripts", "--frozen-lockfile"],
    lockFile: "bun.lock",
    env: (_registry, folder) => ({ BUN_INSTALL: `${folder}/bun`, BUN_INSTALL_CACHE_DIR: `${folder}/cache` }),
    files: (registry) => ({ "bunfig.toml": `[install]\nregistry = "${registry}"\n` }),
  },
  "deno 2": {
    from: null,
    program: "",
    install: ["install"],
    frozen: ["install", "--frozen"],
    lockFile: "deno.lock",
    env: (registry, folder) => ({ NPM_CONFIG_REGISTRY: registry, DENO_DIR: `${folder}/deno` }),
    files: () => ({ "deno.json": `{"nodeModulesDir": "auto"}\n` }),
  },
};

/** Where clients are kept between tests: they come from the registry that npm on this machine is set up with. */
export const clientFolder = join(Deno.env.get("TMPDIR") ?? "/tmp", "artifact-vault-npm-clients");

/** The clients that could be installed here; says on the terminal which could not. */
export async function installClients(names: readonly NpmClientName[] = npmClients): Promise<NpmClientName[]> {
  const installed: NpmClientName[] = [];
  for (const name of names) {
    if (await installClient(name)) installed.push(name);
    else console.log(`tests skipped: ${name} cannot be installed`);
  }
  return installed;
}

async function installClient(name: NpmClientName): Promise<boolean> {
  const { from, program } = clients[name];
  return from === null || await installNpmPackage(from, program) !== null;
}

/** Installs a package for all tests, and returns the path of a program in it; null where it cannot be installed. */
export async function installNpmPackage(
  from: string,
  program: string,
  overrides: Readonly<Record<string, string>> = {},
): Promise<string | null> {
  const folder = folderOf(from);
  const path = `${folder}/node_modules/${program}`;
  if (await exists(path)) return path;
  await Deno.mkdir(clientFolder, { recursive: true });
  const fresh = await Deno.makeTempDir({ dir: clientFolder, prefix: "new-" });
  await Deno.writeTextFile(`${fresh}/package.json`, JSON.stringify({ private: true, overrides }));
  const args = ["install", "--prefix", fresh, "--no-audit", "--no-fund", "--ignore-scripts", from];
  const { success } = await new Deno.Command("npm", { args, stdin: "null", stdout: "null", stderr: "null" }).output()
    .catch(() => ({ success: false }));
  // Another test may have been faster.
  if (success) await Deno.rename(fresh, folder).catch(() => {});
  await Deno.remove(fresh, { recursive: true }).catch(() => {});
  return await exists(path) ? path : null;
}

function folderOf(from: string): string {
  return join(clientFolder, from.replace("/", "-"));
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

export interface NpmProjectOptions {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly lock?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The home whose settings say which registry it is; the client is told by other means where absent. */
  readonly home?: string;
}

/** An application, and a client that knows of nothing but one registry. Its caches are its own. */
export class NpmProject implements AsyncDisposable {
  readonly client: NpmClientName;
  readonly #dir: TempDir;
  readonly #env: Readonly<Record<string, string>>;

  private constructor(client: NpmClientName, env: Readonly<Record<string, string>>, dir: TempDir) {
    this.client = client;
    this.#env = env;
    this.#dir = dir;
  }

  /** Makes an application with these dependencies, and perhaps a lock file, for a client with more variables. */
  static async create(
    client: NpmClientName,
    registry: string,
    { dependencies, lock, env: more, home: settings }: NpmProjectOptions,
  ): Promise<NpmProject> {
    const dir = await createTempDir("vault-npm-");
    const home = dir.join("home");
    const told = clients[client].env(registry, home);
    const own = settings === undefined ? { HOME: home, ...told } : { ...withoutRegistry(told), HOME: settings };
    const env = { ...trusted(), ...own, ...more };
    const project = new NpmProject(client, env, dir);
    const { files, lockFile } = clients[client];
    const manifest = { name: "app", version: "1.0.0", private: true, dependencies };
    await project.write("package.json", JSON.stringify(manifest));
    for (const [path, text] of Object.entries(files?.(registry) ?? {})) {
      if (settings === undefined || !text.includes(registry)) await project.write(path, text);
    }
    if (lock !== undefined) await project.write(lockFile, lock);
    return project;
  }

  /** Where the application is. */
  get path(): string {
    return this.#dir.join("app");
  }

  /** Where npm and pnpm keep what they have got. */
  get cachePath(): string {
    return this.#dir.join("home", "cache");
  }

  async write(path: string, text: string): Promise<void> {
    const file = join(this.path, path);
    await Deno.mkdir(dirname(file), { recursive: true });
    await Deno.writeTextFile(file, text);
  }

  /** Installs what is wanted; throws with all that the client said where that fails. */
  async install(): Promise<string> {
    return await this.succeed(...clients[this.client].install);
  }

  /** Installs by the lock file alone. */
  async installFrozen(): Promise<string> {
    return await this.succeed(...clients[this.client].frozen);
  }

  /** Runs the client; throws where it fails, else returns all that it said. */
  async succeed(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...args);
    if (code !== 0) throw new Error(`${this.client} ${args.join(" ")} ended with code ${code}:\n${stdout}${stderr}`);
    return stdout + stderr;
  }

  async run(...args: string[]): Promise<CommandResult> {
    await Deno.mkdir(this.#dir.join("home"), { recursive: true });
    const command = ["env", "-C", this.path, ...programOf(this.client), ...args];
    return await runCommand(command, { env: this.#env, timeoutMs: 300_000 });
  }

  /** The lock file that the client has written. */
  async lock(): Promise<string> {
    return await Deno.readTextFile(join(this.path, clients[this.client].lockFile));
  }

  /** The version of an installed package, by its own `package.json`; null where it is not installed. */
  async versionOf(name: string): Promise<string | null> {
    const text = await Deno.readTextFile(join(this.path, "node_modules", name, "package.json")).catch(() => null);
    return text === null ? null : (JSON.parse(text) as { version: string }).version;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dir[Symbol.asyncDispose]();
  }
}

/** The variables that leave the choice of the registry to the settings in a home. */
function withoutRegistry(env: Readonly<Record<string, string>>): Record<string, string> {
  const names = /registry|whitelist|userconfig/i;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !names.test(name)));
}

/** What tells clients whose certificates they trust, as this machine is set up: a real registry may need it. */
function trusted(): Record<string, string> {
  const names = ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "DENO_TLS_CA_STORE"];
  return Object.fromEntries(names.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  }));
}

function programOf(name: NpmClientName): string[] {
  const { from, program } = clients[name];
  if (from === null) return [Deno.execPath()];
  const path = `${folderOf(from)}/node_modules/${program}`;
  return program.endsWith(".js") ? ["node", path] : [path];
}
