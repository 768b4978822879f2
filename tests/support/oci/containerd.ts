import { ContainedProcess } from "../contained_process.ts";
import type { Netns } from "../netns.ts";
import { type CommandResult, runCommand, runToSuccess } from "../run_command.ts";
import { started } from "../started.ts";
import { createTempDir, type TempDir } from "../temp_dir.ts";

/** A `hosts.toml`: where the images of one registry come from. */
export interface RegistryHosts {
  /** URLs that are asked in this order. */
  readonly mirrors: readonly string[];
  /** The mirrors' URLs are complete (`http://127.0.0.1:5000/v2/prefix`): no `/v2` is put after them. */
  readonly overridePath?: boolean;
  /** The registry itself, that is asked last; one that refuses connections where it is left out. */
  readonly server?: string;
}

export interface ContainerdOptions {
  readonly netns: Netns;
  /** By registry (`docker.io`), or `_default` for all others, which are then told apart by `?ns=`. */
  readonly hosts?: Readonly<Record<string, RegistryHosts>>;
  /** The folder of these files; one of its own with `hosts` where absent. */
  readonly hostsFolder?: string;
}

/** A real containerd with images of its own, and the `ctr` that talks to it. It is `ctr` that fetches. */
export class Containerd implements AsyncDisposable {
  readonly #directory: TempDir;
  readonly #netns: Netns;
  readonly #hosts: string;
  #process: ContainedProcess | null = null;

  constructor(directory: TempDir, options: ContainerdOptions) {
    this.#directory = directory;
    this.#netns = options.netns;
    this.#hosts = options.hostsFolder ?? directory.join("hosts");
    Deno.writeTextFileSync(directory.join("config.toml"), configuration(directory));
    for (const [registry, hosts] of Object.entries(options.hosts ?? {})) {
      Deno.mkdirSync(directory.join("hosts", registry), { recursive: true });
      Deno.writeTextFileSync(directory.join("hosts", registry, "hosts.toml"), formatHosts(hosts));
    }
  }

  async start(): Promise<void> {
    const command = ["containerd", "--config", this.#directory.join("config.toml")];
    this.#process = new ContainedProcess(this.#netns, command, { HOME: this.#directory.path });
    await this.#process.waitForLine(/containerd successfully booted/);
  }

  /** Images stay, for another `start`. */
  async stop(): Promise<void> {
    await this.#process?.[Symbol.asyncDispose]();
    this.#process = null;
  }

  /** Runs `ctr` with these arguments. */
  ctr(...args: string[]): Promise<CommandResult> {
    return runCommand(this.#ctr(args), { env: { HOME: this.#directory.path } });
  }

  /** Pulls by a full name (`docker.io/library/app:1`), and unpacks. */
  pull(image: string, ...args: string[]): Promise<CommandResult> {
    return this.ctr("images", "pull", "--hosts-dir", this.#hosts, "--snapshotter", "native", ...args, image);
  }

  /** What the image's name points to; null when there is no such image. */
  async digestOf(image: string): Promise<string | null> {
    const { stdout } = await this.ctr("images", "list", `name==${image}`);
    return /\s(sha\d+:[0-9a-f]+)\s/.exec(stdout)?.[1] ?? null;
  }

  /** The digests of all content: manifests, configs, layers. */
  async contents(): Promise<string[]> {
    const { stdout } = await this.ctr("content", "list", "--quiet");
    return stdout.split("\n").filter((line) => line !== "");
  }

  /** Removes everything: all images, and so all content. */
  async removeImages(): Promise<void> {
    const { stdout } = await this.ctr("images", "list", "--quiet");
    const names = stdout.split("\n").filter((name) => name !== "");
    if (names.length > 0) await runToSuccess(this.#ctr(["images", "rm", "--sync", ...names]));
    const left = await this.contents();
    if (left.length > 0) await runToSuccess(this.#ctr(["content", "rm", ...left]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#directory[Symbol.asyncDispose]();
  }

  #ctr(args: readonly string[]): string[] {
    return this.#netns.enter(["ctr", "--address", this.#directory.join("sock"), "--namespace", "tests", ...args]);
  }
}

/** Starts containerd; the caller disposes of it. Needs `containerd`, `ctr` and root. */
export async function startContainerd(options: ContainerdOptions): Promise<Containerd> {
  return await started(new Containerd(await createTempDir("vault-containerd-"), options));
}

function configuration(directory: TempDir): string {
  return `version = 2
root = "${directory.join("root")}"
state = "${directory.join("state")}"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "${directory.join("sock")}"
[plugins."io.containerd.internal.v1.opt"]
  path = "${directory.join("opt")}"
`;
}

function formatHosts({ mirrors, overridePath = false, server = "http://127.0.0.1:9" }: RegistryHosts): string {
  const hosts = mirrors.map((mirror) =>
    `[host."${mirror}"]\n  capabilities = ["pull", "resolve"]\n  override_path = ${overridePath}\n`
  );
  return `server = "${server}"\n${hosts.join("")}`;
}
