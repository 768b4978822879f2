import { type ContainersOptions, type ContainersTool, createContainersTool } from "./containers_tool.ts";
import type { CommandResult } from "../run_command.ts";

/** A real skopeo. Images are named without a transport: `docker.io/library/app:1`. */
export class Skopeo implements AsyncDisposable {
  readonly #tool: ContainersTool;
  #copies = 0;

  constructor(tool: ContainersTool) {
    this.#tool = tool;
  }

  /** The file of signature policies, which accepts everything. */
  get policy(): string {
    return this.#tool.policy;
  }

  /** Runs skopeo with these arguments. */
  skopeo(...args: string[]): Promise<CommandResult> {
    const settings = ["--policy", this.#tool.policy, "--registries-conf", this.#tool.registries];
    return this.#tool.run(...settings, ...args);
  }

  /**
   * Copies an image into a new directory, byte for byte; `--all` among the arguments copies all platforms. There are
   * `manifest.json`, `<hex>.manifest.json` of each platform, and blobs by the hex of their digests.
   */
  async copy(image: string, ...args: string[]): Promise<CommandResult & { readonly directory: string }> {
    const directory = `${this.#tool.path}/copy-${++this.#copies}`;
    const result = await this.skopeo("copy", "--preserve-digests", ...args, `docker://${image}`, `dir:${directory}`);
    return { ...result, directory };
  }

  /** Without `--no-tags` or `--raw` it lists tags too, for which mirrors are not asked. */
  inspect(image: string, ...args: string[]): Promise<CommandResult> {
    return this.skopeo("inspect", ...args, `docker://${image}`);
  }

  /** Mirrors are not asked, whatever the configuration: name the mirror itself. */
  listTags(repository: string, ...args: string[]): Promise<CommandResult> {
    return this.skopeo("list-tags", ...args, `docker://${repository}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tool[Symbol.asyncDispose]();
  }
}

/** Sets up skopeo; the caller disposes of it. Needs `skopeo` and root. */
export async function createSkopeo(options: ContainersOptions): Promise<Skopeo> {
  return new Skopeo(await createContainersTool("skopeo", options));
}
