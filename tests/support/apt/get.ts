import { type CommandResult, runCommand, runToSuccess } from "../run_command.ts";
import type { TempDir } from "../temp_dir.ts";
import type { Enter } from "../vault_process.ts";

export interface AptGetOptions {
  /** Lines of sources.list. */
  readonly sources: string;
  /** More settings: `Acquire::http::Proxy=http://…`. */
  readonly settings?: readonly string[];
  /** Makes the command line that runs it elsewhere; here where absent. */
  readonly enter?: Enter;
}

/** A real apt-get with a root of its own: nothing of the machine's settings, lists and packages. */
export class AptGet {
  readonly root: string;
  readonly #enter: Enter;

  private constructor(root: string, enter: Enter) {
    this.root = root;
    this.#enter = enter;
  }

  static async create(dir: TempDir, name: string, options: AptGetOptions): Promise<AptGet> {
    const { sources, settings = [], enter = (command) => [...command] } = options;
    const root = dir.join(name);
    const folders = ["etc/apt/apt.conf.d", "etc/apt/preferences.d", "etc/apt/sources.list.d", "etc/apt/trusted.gpg.d"];
    const state = ["var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "var/log/apt"];
    const dpkg = ["var/lib/dpkg/info", "var/lib/dpkg/updates"];
    for (const folder of [...folders, ...state, ...dpkg]) await Deno.mkdir(`${root}/${folder}`, { recursive: true });
    await Deno.writeTextFile(`${root}/var/lib/dpkg/status`, "");
    await Deno.writeTextFile(`${root}/etc/apt/sources.list`, `${sources}\n`);
    const architecture = await runToSuccess(["dpkg", "--print-architecture"]);
    const own = [
      `Dir=${root}`,
      `Dir::State::status=${root}/var/lib/dpkg/status`,
      `DPkg::Options::=--root=${root}`,
      "APT::Sandbox::User=root",
      `APT::Architecture=${architecture}`,
      `APT::Architectures::=${architecture}`,
      "Acquire::Languages=none",
      "Acquire::Retries=0",
    ];
    const lines = [...own, ...settings].map((setting) => setting.replace(/^(.+?)=(.*)$/, '$1 "$2";\n'));
    await Deno.writeTextFile(`${root}/apt.conf`, lines.join(""));
    return new AptGet(root, enter);
  }

  /** The settings are in a file of their own: options count only when the machine's have been read. */
  run(...args: readonly string[]): Promise<CommandResult> {
    const env = { APT_CONFIG: `${this.root}/apt.conf`, DEBIAN_FRONTEND: "noninteractive" };
    return runCommand(this.#enter(["env", "-C", this.root, "apt-get", ...args]), { env });
  }

  /** Throws with all that apt wrote where it fails, or says that something did. */
  async succeed(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...args);
    const output = stdout + stderr;
    if (code !== 0 || /^(Err|W: Failed|W: Some|E:)/m.test(output)) {
      throw new Error(`apt-get ${args.join(" ")} ended with code ${code}:\n${output}`);
    }
    return output;
  }

  update(): Promise<string> {
    return this.succeed("update");
  }

  /** Downloads packages, with what they need. */
  download(...packages: readonly string[]): Promise<string> {
    return this.succeed("--yes", "--no-install-recommends", "--download-only", "install", ...packages);
  }

  /** Installs packages below its root. */
  install(...packages: readonly string[]): Promise<string> {
    return this.succeed("--yes", "--no-install-recommends", "install", ...packages);
  }

  upgrade(): Promise<string> {
    return this.succeed("--yes", "upgrade");
  }

  /** The versions of installed packages, by their names. */
  async installed(): Promise<Record<string, string>> {
    const format = ["--show", "--showformat", "${Package} ${Version}\n"];
    const shown = await runToSuccess(["dpkg-query", `--admindir=${this.root}/var/lib/dpkg`, ...format]);
    return Object.fromEntries(shown.split("\n").map((line) => line.split(" ")));
  }

  /** The files of packages that have been downloaded whole. */
  async archives(): Promise<string[]> {
    const names = await Array.fromAsync(Deno.readDir(`${this.root}/var/cache/apt/archives`), ({ name }) => name);
    return names.filter((name) => name.endsWith(".deb")).sort();
  }

  /** The indexes that the last update has left, in an order that is always the same, without their names. */
  async lists(): Promise<string[]> {
    const folder = `${this.root}/var/lib/apt/lists`;
    const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
    const indexes = names.filter((name) => /_(Packages|Sources|Translation-en|Contents-\w+)$/.test(name)).sort();
    return await Promise.all(indexes.map((name) => Deno.readTextFile(`${folder}/${name}`)));
  }
}
