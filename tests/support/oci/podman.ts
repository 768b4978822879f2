import { type ContainersOptions, type ContainersTool, createContainersTool } from "./containers_tool.ts";
import type { CommandResult } from "../run_command.ts";

/** A real podman with images of its own. */
export class Podman implements AsyncDisposable {
  readonly #tool: ContainersTool;

  constructor(tool: ContainersTool) {
    this.#tool = tool;
  }

  /** Runs podman with these arguments. */
  podman(...args: string[]): Promise<CommandResult> {
    return this.#tool.run(...args);
  }

  pull(image: string, ...args: string[]): Promise<CommandResult> {
    return this.podman("pull", "--signature-policy", this.#tool.policy, ...args, image);
  }

  /** Makes an image of one layer with the files of a folder, and pushes it as zstd:chunked. */
  async publishFolder(folder: string, image: string): Promise<void> {
    const recipe = `${this.#tool.path}/Containerfile`;
    await Deno.writeTextFile(recipe, "FROM scratch\nCOPY . /\n");
    const policy = ["--signature-policy", this.#tool.policy];
    await this.#tool.must("build", ...policy, "--file", recipe, "--tag", image, folder);
    await this.#tool.must("push", ...policy, "--tls-verify=false", "--compression-format=zstd:chunked", image);
  }

  /** What the image's tag pointed to; null when there is no such image. */
  async digestOf(image: string): Promise<string | null> {
    const { code, stdout } = await this.podman("image", "inspect", "--format", "{{.Digest}}", image);
    return code === 0 ? stdout.trim() : null;
  }

  /** Removes everything: all images, and so all layers. */
  async removeImages(): Promise<void> {
    await this.#tool.must("rmi", "--all", "--force");
  }

  /** Runs the image, and gives what it wrote. */
  run(image: string, ...command: string[]): Promise<string> {
    const limits = ["--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024"];
    const own = ["--pull=never", `--signature-policy=${this.#tool.policy}`];
    return this.#tool.must("run", "--rm", "--network=host", ...own, ...limits, image, ...command);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tool[Symbol.asyncDispose]();
  }
}

/** Sets up podman; the caller disposes of it. Needs `podman` and root, `runc` to run images. */
export async function createPodman(options: ContainersOptions): Promise<Podman> {
  return new Podman(await createContainersTool("podman", options));
}
