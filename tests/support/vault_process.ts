import { fileURLToPath } from "node:url";
import { ServerProcess } from "./server_process.ts";

export const projectRoot = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/$/, "");

/** What the program may do wherever it runs with any configuration: the same flags as in the Makefile. */
export const generalPermissions = [
  "--allow-net",
  "--allow-env",
  "--allow-read",
  "--allow-write",
  "--allow-sys=statfs",
];

/** The bound of the heap, as in the Makefile. A compiled program has it in itself. */
const heapFlags = "--v8-flags=--expose-gc,--max-old-space-size=256,--max-semi-space-size=2,--initial-old-space-size=16";

/** The compiled program that is tested instead of the source tree, from VAULT_EXECUTABLE; null for the source tree. */
export const vaultExecutable = Deno.env.get("VAULT_EXECUTABLE") ?? null;

/** The command line up to the vault's own arguments. A compiled program has its permissions in it. */
export function vaultCommand(permissions: readonly string[] = generalPermissions): string[] {
  if (vaultExecutable !== null) return [vaultExecutable];
  const flags = ["--quiet", "--no-prompt", "--frozen", "--cached-only", heapFlags, `--config=${projectRoot}/deno.json`];
  return [Deno.execPath(), "run", ...flags, ...permissions, `${projectRoot}/src/main.ts`];
}

/** Executables that are tested may hold an old runtime, where no newer one can be fetched to be compiled in. */
export const oldRuntimeAllowed = "--allow-old-runtime";

export interface VaultOptions {
  /** A port of its own is chosen unless `--port` is among them. */
  readonly args: readonly string[];
  readonly env?: Record<string, string>;
  readonly permissions?: readonly string[];
  /** The working directory; that of the tests where absent. */
  readonly cwd?: string;
  /** How many files the process may have open; as many as the tests where absent. */
  readonly openFiles?: number;
  /** Makes the command line that runs it elsewhere, as in a network namespace or as another user; here where absent. */
  readonly enter?: Enter;
}

/** Makes a command line that runs another one elsewhere. */
export type Enter = (command: readonly string[]) => string[];

/** A real vault in a process of its own. */
export class VaultProcess extends ServerProcess {
  #url = "";

  static async start(options: VaultOptions): Promise<VaultProcess> {
    const port = options.args.includes("--port") ? [] : ["--port", "0"];
    const program = [
      ...vaultCommand(options.permissions),
      "serve",
      oldRuntimeAllowed,
      "--host",
      "127.0.0.1",
      ...port,
      ...options.args,
    ];
    const { openFiles } = options;
    const limit = openFiles === undefined ? [] : ["sh", "-c", `ulimit -n ${openFiles}; exec "$@"`, "sh"];
    const { enter = (command) => [...command] } = options;
    const command = enter([...limit, ...program]);
    const vault = new VaultProcess(command, {
      env: vaultEnvironment(options.env),
      clearEnv: true,
      ...options.cwd !== undefined && { cwd: options.cwd },
    });
    try {
      const [url] = await vault.waitForLine(/(?<=listening on )https?:\/\/127\.0\.0\.1:\d+/);
      vault.#url = url;
    } catch (error) {
      await vault.stop("SIGKILL");
      throw error;
    }
    return vault;
  }

  url(path: string): string {
    return this.#url + path;
  }
}

/** Runs the vault's command line to its end. */
export async function runVault(
  args: readonly string[],
  options: Omit<VaultOptions, "args"> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { enter = (command) => [...command], cwd = projectRoot } = options;
  const own = [...vaultCommand(options.permissions), ...args, ...args[0] === "serve" ? [oldRuntimeAllowed] : []];
  const [program = "", ...rest] = enter(own);
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: rest,
    cwd,
    env: vaultEnvironment(options.env),
    clearEnv: true,
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** The machine's environment without what would lead the vault's own requests elsewhere. */
export function vaultEnvironment(more: Record<string, string> = {}): Record<string, string> {
  const kept = Object.entries(Deno.env.toObject()).filter(([name]) =>
    !/^(https?_proxy|no_proxy|all_proxy)$/i.test(name)
  );
  return { ...Object.fromEntries(kept), NO_COLOR: "1", ...more };
}

export interface VaultConfig {
  readonly cacheDir: string;
  readonly upstream: string;
  /** `/files` where it is left out. */
  readonly prefix?: string;
  /** More lines at the top level. */
  readonly top?: readonly string[];
  /** More lines of the backend's `config`. */
  readonly backend?: readonly string[];
}

/** Writes a configuration with one http backend and gives its path. */
export async function writeVaultConfig(path: string, config: VaultConfig): Promise<string> {
  const lines = [
    `cache_dir: ${config.cacheDir}`,
    ...config.top ?? [],
    "backends:",
    "  - type: http",
    "    name: files",
    "    config:",
    `      prefix: ${config.prefix ?? "/files"}`,
    `      base_url: ${config.upstream}`,
    ...(config.backend ?? []).map((line) => `      ${line}`),
  ];
  await Deno.writeTextFile(path, lines.join("\n") + "\n");
  return path;
}
