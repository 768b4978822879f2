import { ContainedProcess } from "../contained_process.ts";
import type { Netns } from "../netns.ts";
import { type CommandResult, privateEnvironment, runCommand, runToSuccess } from "../run_command.ts";
import { started } from "../started.ts";
import { createTempDir, type TempDir } from "../temp_dir.ts";

export interface DockerdOptions {
  readonly netns: Netns;
  /** `--registry-mirror`, in this order; version 20.10 takes no path in them. */
  readonly mirrors?: readonly string[];
  /** Its `daemon.json`; an empty one of its own where absent. */
  readonly configFile?: string;
  /** More arguments for the daemon. */
  readonly args?: readonly string[];
}

/** A real Docker daemon with images of its own, and the `docker` that talks to it. */
export class Dockerd implements AsyncDisposable {
  readonly #directory: TempDir;
  readonly #options: DockerdOptions;
  #process: ContainedProcess | null = null;

  constructor(directory: TempDir, options: DockerdOptions) {
    this.#directory = directory;
    this.#options = options;
    Deno.writeTextFileSync(directory.join("daemon.json"), "{}");
  }

  /** What the daemon has logged. */
  get output(): string {
    return this.#process?.output ?? "";
  }

  async start(): Promise<void> {
    const dir = this.#directory;
    const { netns, mirrors = [], args = [], configFile = dir.join("daemon.json") } = this.#options;
    // No attempt is repeated: the daemon would wait 5 s, 10 s, … after a layer that failed.
    const patience = ["--max-download-attempts=1"];
    const places = [
      `--config-file=${configFile}`,
      `--data-root=${dir.join("data")}`,
      `--exec-root=${dir.join("exec")}`,
      `--pidfile=${dir.join("pid")}`,
      `--host=${this.#host}`,
    ];
    const network = ["--iptables=false", "--ip6tables=false", "--bridge=none"];
    const own = mirrors.map((mirror) => `--registry-mirror=${mirror}`);
    const flags = [...places, ...network, ...patience, "--storage-driver=overlay2", ...own, ...args];
    this.#process = new ContainedProcess(netns, ["dockerd", ...flags], { HOME: dir.path });
    await this.#process.waitForLine(/API listen on/);
  }

  /** Images stay, for another `start`. */
  async stop(): Promise<void> {
    await this.#process?.[Symbol.asyncDispose]();
    this.#process = null;
  }

  /** Runs `docker` with these arguments. */
  docker(...args: string[]): Promise<CommandResult> {
    return runCommand(["docker", `--host=${this.#host}`, ...args], { env: this.#environment });
  }

  pull(image: string): Promise<CommandResult> {
    return this.docker("pull", image);
  }

  /** Pulls and gives the digest of what the tag pointed to, as the daemon reports it; throws when the pull fails. */
  async pullDigest(image: string): Promise<string> {
    const output = await this.#must("pull", image);
    return /^Digest: (\w+:\w+)$/m.exec(output)?.[1] ?? "";
  }

  /** Removes everything: all images, and so all layers. */
  async removeImages(): Promise<void> {
    await this.#must("system", "prune", "--all", "--force");
    const left = await this.#must("images", "--all", "--quiet");
    if (left !== "") throw new Error(`Images that cannot be removed: ${left}`);
  }

  /** Runs the image, and gives what it wrote. */
  run(image: string, ...command: string[]): Promise<string> {
    return this.#must("run", "--rm", "--network=host", image, ...command);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#directory[Symbol.asyncDispose]();
  }

  get #host(): string {
    return `unix://${this.#directory.join("sock")}`;
  }

  /** Without a configuration of the user's, with its logins and credential helpers. */
  get #environment(): Record<string, string> {
    return privateEnvironment({ HOME: this.#directory.path, DOCKER_CONFIG: this.#directory.join("client") });
  }

  #must(...args: string[]): Promise<string> {
    return runToSuccess(["docker", `--host=${this.#host}`, ...args], { env: this.#environment });
  }
}

/** Starts a daemon; the caller disposes of it. Needs `dockerd`, `docker`, `containerd` and root. */
export async function startDockerd(options: DockerdOptions): Promise<Dockerd> {
  return await started(new Dockerd(await createTempDir("vault-dockerd-"), options));
}
