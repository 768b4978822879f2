import { versionsIn } from "./installed_packages.ts";
import { type CommandResult, runCommand } from "../run_command.ts";
import { createTempDir, type TempDir } from "../temp_dir.ts";
import type { Enter } from "../vault_process.ts";

/** Where pip has put packages. */
export interface PipInstallation {
  readonly path: string;
  /** By name. */
  readonly versions: Readonly<Record<string, string>>;
  /** What pip said. */
  readonly output: string;
}

export interface PipOptions {
  readonly indexUrl: string;
  /** The Python it belongs to; that on the PATH where it is left out. */
  readonly python?: string;
  /** Whether it keeps what it has got, for its next run; over http it does so for trusted hosts only. */
  readonly cache?: boolean;
  /** Makes the command line that runs it elsewhere; here where absent. */
  readonly enter?: Enter;
}

/** A real pip that knows of nothing but one index: no settings, caches or links of the machine. */
export class Pip implements AsyncDisposable {
  readonly #dir: TempDir;
  readonly #options: PipOptions;
  #count = 0;

  constructor(dir: TempDir, options: PipOptions) {
    this.#dir = dir;
    this.#options = options;
  }

  /** Installs into a folder of its own, and throws with all that pip said where that fails. */
  async install(...args: string[]): Promise<PipInstallation> {
    const path = this.#dir.join(`installed-${++this.#count}`);
    const { code, stdout, stderr } = await this.run("install", "--no-compile", "--target", path, ...args);
    if (code !== 0) throw new Error(`pip install ${args.join(" ")} ended with code ${code}:\n${stdout}${stderr}`);
    return { path, versions: versionsIn(path), output: stdout + stderr };
  }

  /** As `install`, of what must fail; gives all that pip said. */
  async failToInstall(...args: string[]): Promise<string> {
    const path = this.#dir.join(`installed-${++this.#count}`);
    const { code, stdout, stderr } = await this.run("install", "--no-compile", "--target", path, ...args);
    if (code === 0) throw new Error(`pip install ${args.join(" ")} has worked:\n${stdout}${stderr}`);
    return stdout + stderr;
  }

  /** Downloads into a folder of its own, gives the names of the files, and throws where that fails. */
  async download(...args: string[]): Promise<string[]> {
    const path = this.#dir.join(`downloaded-${++this.#count}`);
    const { code, stdout, stderr } = await this.run("download", "--dest", path, ...args);
    if (code !== 0) throw new Error(`pip download ${args.join(" ")} ended with code ${code}:\n${stdout}${stderr}`);
    return [...Deno.readDirSync(path)].map(({ name }) => name);
  }

  /** Writes a requirements file and gives its path. */
  async writeRequirements(...lines: string[]): Promise<string> {
    const path = this.#dir.join(`requirements-${++this.#count}.txt`);
    await Deno.writeTextFile(path, lines.join("\n") + "\n");
    return path;
  }

  async run(command: string, ...args: string[]): Promise<CommandResult> {
    const { indexUrl, python = "python3", cache = false, enter = (command) => [...command] } = this.#options;
    const caching = cache
      ? ["--cache-dir", this.#dir.join("cache"), "--trusted-host", new URL(indexUrl).host]
      : ["--no-cache-dir"];
    // A failure that is retried costs seconds.
    const general = ["--retries", "0", "--disable-pip-version-check", "--no-input", ...caching];
    const env = { HOME: this.#dir.path, PIP_CONFIG_FILE: "/dev/null" };
    const own = [python, "-m", "pip", command, ...general, "--index-url", indexUrl, ...args];
    return await runCommand(enter(own), { env });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dir[Symbol.asyncDispose]();
  }
}

/** Sets up a pip; the caller disposes of it, and so of what it has installed. */
export async function createPip(options: PipOptions): Promise<Pip> {
  return new Pip(await createTempDir("vault-pip-"), options);
}

/** The Pythons of this machine that have a pip: that on the PATH, and Debian's where it is another one. */
export function findPipPythons(): Promise<string[]> {
  return finding ??= searchPipPythons();
}

let finding: Promise<string[]> | undefined;

async function searchPipPythons(): Promise<string[]> {
  const found: Record<string, string> = {};
  for (const python of ["python3", "/usr/bin/python3"]) {
    const { code, stdout } = await runCommand([python, "-m", "pip", "--version"]).catch(() => ({
      code: 1,
      stdout: "",
    }));
    if (code === 0) found[stdout] ??= python;
  }
  const pythons = Object.values(found);
  if (pythons.length === 0) console.log("tests skipped: pip not installed");
  return pythons;
}
