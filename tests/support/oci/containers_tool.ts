import type { Netns } from "../netns.ts";
import { type CommandResult, runCommand, runToSuccess } from "../run_command.ts";
import { createTempDir, type TempDir } from "../temp_dir.ts";

export interface ContainersOptions {
  readonly netns: Netns;
  /**
   * Mirrors by registry, or by a part of its names (`docker.io/library`), in this order. A location has no scheme and
   * may have a path, which is asked *after* `/v2`: `127.0.0.1:5000/prefix` gives `/v2/prefix/<name>/…`.
   */
  readonly mirrors?: Readonly<Record<string, readonly string[]>>;
  /** Registries that are asked by their own name, over http: `127.0.0.1:5000`. */
  readonly insecure?: readonly string[];
  /** The home whose settings name the mirrors, with those of the machine; a file with `mirrors` does where absent. */
  readonly home?: string;
  /** Whether of a zstd:chunked layer only the files are fetched that other layers do not have. */
  readonly partialPulls?: boolean;
}

/** One of the programs that read registries.conf (podman, skopeo, buildah), with images and settings of its own. */
export class ContainersTool implements AsyncDisposable {
  readonly #program: string;
  readonly #directory: TempDir;
  readonly #netns: Netns;
  readonly #home: string | null;

  constructor(program: string, directory: TempDir, options: ContainersOptions) {
    this.#program = program;
    this.#directory = directory;
    this.#netns = options.netns;
    this.#home = options.home ?? null;
    for (const name of ["home", "tmp", "state"]) Deno.mkdirSync(directory.join(name));
    Deno.mkdirSync(stateDirectory, { recursive: true });
    Deno.writeTextFileSync(this.registries, formatRegistries(options));
    Deno.writeTextFileSync(directory.join("storage.conf"), formatStorage(directory, options));
    Deno.writeTextFileSync(directory.join("containers.conf"), formatEngine(directory));
    Deno.writeTextFileSync(this.policy, `{"default": [{"type": "insecureAcceptAnything"}]}`);
  }

  /** A directory for what the program is to write. */
  get path(): string {
    return this.#directory.path;
  }

  /** The file of signature policies, which accepts everything. */
  get policy(): string {
    return this.#directory.join("policy.json");
  }

  /** The file of mirrors, for skopeo: it does not know the environment variable. */
  get registries(): string {
    return this.#directory.join("registries.conf");
  }

  /** Runs the program with these arguments. */
  run(...args: string[]): Promise<CommandResult> {
    return runCommand(this.#command(args), { env: this.#environment });
  }

  /** Like `run`, and throws when the program fails; gives what it wrote to stdout. */
  must(...args: string[]): Promise<string> {
    return runToSuccess(this.#command(args), { env: this.#environment });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#directory[Symbol.asyncDispose]();
  }

  #command(args: readonly string[]): string[] {
    const script = 'mount --bind "$1" "$2" && shift 2 && exec "$@"';
    const state = this.#directory.join("state");
    return this.#netns.contain(["sh", "-c", script, "sh", state, stateDirectory, this.#program, ...args]);
  }

  get #environment(): Record<string, string> {
    return {
      HOME: this.#home ?? this.#directory.join("home"),
      // Layers lie there while they come, and /var/tmp is not ours.
      TMPDIR: this.#directory.join("tmp"),
      XDG_RUNTIME_DIR: this.#directory.join("tmp"),
      CONTAINERS_CONF: this.#directory.join("containers.conf"),
      ...this.#home === null && { CONTAINERS_REGISTRIES_CONF: this.registries },
      CONTAINERS_STORAGE_CONF: this.#directory.join("storage.conf"),
    };
  }
}

/** Sets up one of the programs; the caller disposes of it. Needs root. */
export async function createContainersTool(program: string, options: ContainersOptions): Promise<ContainersTool> {
  return new ContainersTool(program, await createTempDir(`vault-${program}-`), options);
}

/**
 * Root's programs remember there where they have seen blobs, whatever their configuration; ours is put in its place.
 */
const stateDirectory = "/var/lib/containers";

function formatRegistries({ mirrors = {}, insecure = [] }: ContainersOptions): string {
  const mirrored = Object.entries(mirrors).map(([prefix, locations]) => {
    const entries = locations.map((location) => `[[registry.mirror]]\nlocation = "${location}"\ninsecure = true\n`);
    return `[[registry]]\nprefix = "${prefix}"\nlocation = "${prefix}"\n${entries.join("")}`;
  });
  const plain = insecure.map((location) => `[[registry]]\nlocation = "${location}"\ninsecure = true\n`);
  const names = `unqualified-search-registries = ["docker.io"]\nshort-name-mode = "disabled"\n`;
  return [names, ...mirrored, ...plain].join("");
}

function formatStorage(directory: TempDir, { partialPulls = false }: ContainersOptions): string {
  return `[storage]
driver = "overlay"
graphroot = "${directory.join("graph")}"
runroot = "${directory.join("run")}"
[storage.options]
pull_options = {enable_partial_images = "${partialPulls}", use_hard_links = "false", ostree_repos = ""}
`;
}

function formatEngine(directory: TempDir): string {
  return `[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
lock_type = "file"
runtime = "runc"
tmp_dir = "${directory.join("tmp", "libpod")}"
`;
}
