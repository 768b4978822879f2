import { basename, dirname, join, resolve } from "node:path";
import { VaultError } from "../errors.ts";
import type { Scope } from "./client_setup.ts";
import { userFolders } from "./user_folders.ts";

export interface MachineOptions {
  readonly env: (name: string) => string | undefined;
  /** The folder that stands for `/`, such as that of an image; `/` when absent. */
  readonly root?: string;
}

/** Where the files of clients are on a machine. */
export class Machine {
  readonly #env: MachineOptions["env"];
  readonly #root: string;

  constructor({ env, root = "/" }: MachineOptions) {
    this.#env = env;
    this.#root = resolve(root);
  }

  /** Returns the absolute path of a file of a client. Throws `config_invalid` where nobody says where the home is. */
  resolve(path: string): string {
    if (path.startsWith("~/")) return this.#inRoot(join(this.#home(), path.slice(2)));
    const [, name = "", rest = ""] = /^~(\w+)\/(.*)$/.exec(path) ?? [];
    const folder = Object.hasOwn(userFolders, name) ? userFolders[name] : undefined;
    if (folder !== undefined) return this.#inRoot(join(this.#below(folder.variable, folder.usual), rest));
    return path.startsWith("./") ? oneLine(resolve(path)) : this.#inRoot(path);
  }

  /**
   * Returns the paths of files that exist; the last part of the path may have a `*`, for any characters. None where
   * there are no such files.
   */
  async find(path: string): Promise<string[]> {
    const place = this.resolve(path);
    const [before, after] = basename(place).split("*", 2) as [string, string?];
    const isOne = (name: string) =>
      after === undefined ? name === before : name.startsWith(before) && name.endsWith(after);
    try {
      const entries = await Array.fromAsync(Deno.readDir(dirname(place)));
      return entries.filter(({ name }) => isOne(name)).map(({ name }) => join(dirname(place), name)).sort();
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  }

  /** The folder in which is kept what was changed. */
  stateFolder(scope: Scope): string {
    if (scope === "system") return this.#inRoot("/var/lib/artifact-vault-setup");
    return this.#inRoot(join(this.#below("XDG_STATE_HOME", ".local/state"), "artifact-vault-setup"));
  }

  /** True where one of the programs is in a folder of `PATH`. */
  async hasProgram(names: readonly string[]): Promise<boolean> {
    const folders = (this.#env("PATH") ?? "").split(":").filter((folder) => folder.startsWith("/"));
    for (const path of folders.flatMap((folder) => names.map((name) => this.#inRoot(join(folder, name))))) {
      const isFile = await Deno.stat(path).then(({ isFile }) => isFile, () => false);
      if (isFile) return true;
    }
    return false;
  }

  #inRoot(path: string): string {
    return oneLine(join(this.#root, path));
  }

  #home(): string {
    const home = this.#env("HOME");
    if (home !== undefined && home.startsWith("/")) return home;
    throw new VaultError("config_invalid", "HOME does not say where your settings are; set it, or use --system");
  }

  #below(variable: string, usual: string): string {
    const folder = this.#env(variable);
    return folder !== undefined && folder.startsWith("/") ? folder : join(this.#home(), usual);
  }
}

/** What is changed is written down a line each. */
function oneLine(path: string): string {
  if (!path.includes("\n")) return path;
  throw new VaultError("config_invalid", `${JSON.stringify(path)} has a line end in it, which setup cannot write down`);
}
