import { type CommandResult, runCommand } from "./run_command.ts";
import type { TempDir } from "./temp_dir.ts";

export interface AptGetOptions {
  /** Lines of sources.list. */
  readonly sources: string;
  /** More settings: `Acquire::http::Proxy=http://…`. */
  readonly settings?: readonly string[];
}

/** A real apt-get with a root of its own: nothing of the machine's settings, lists and packages. */
export class AptGet {
  readonly root: string;
  readonly #settings: readonly string[];

  private constructor(root: string, settings: readonly string[]) {
    this.root = root;
    this.#settings = settings;
  }

  static async create(dir: TempDir, name: string, { sources, settings = [] }: AptGetOptions): Promise<AptGet> {
    const root = dir.join(name);
    const folders = ["etc/apt/apt.conf.d", "etc/apt/preferences.d", "etc/apt/sources.list.d", "etc/apt/trusted.gpg.d"];
    const state = ["var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "var/lib/dpkg", "var/log/apt"];
    for (const folder of [...folders, ...state]) await Deno.mkdir(`${root}/${folder}`, { recursive: true });
    await Deno.writeTextFile(`${root}/var/lib/dpkg/status`, "");
    await Deno.writeTextFile(`${root}/etc/apt/sources.list`, `${sources}\n`);
    await Deno.writeTextFile(`${root}/apt.conf`, "");
    return new AptGet(root, settings);
  }

  run(...args: readonly string[]): Promise<CommandResult> {
    const own = [
      `Dir=${this.root}`,
      `Dir::State=${this.root}/var/lib/apt`,
      `Dir::State::status=${this.root}/var/lib/dpkg/status`,
      `Dir::Cache=${this.root}/var/cache/apt`,
      `Dir::Etc=${this.root}/etc/apt`,
      "Dir::Etc::trustedparts=/etc/apt/trusted.gpg.d",
      "APT::Sandbox::User=root",
      "APT::Architecture=amd64",
      "APT::Architectures=amd64",
      "Acquire::Languages=none",
      "Acquire::Retries=0",
    ];
    const options = [...own, ...this.#settings].flatMap((setting) => ["-o", setting]);
    const env = { APT_CONFIG: `${this.root}/apt.conf`, DEBIAN_FRONTEND: "noninteractive" };
    return runCommand(["apt-get", ...options, ...args], { env });
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

  /** The files of packages that have been downloaded whole. */
  async archives(): Promise<string[]> {
    const names = await Array.fromAsync(Deno.readDir(`${this.root}/var/cache/apt/archives`), ({ name }) => name);
    return names.filter((name) => name.endsWith(".deb")).sort();
  }
}
