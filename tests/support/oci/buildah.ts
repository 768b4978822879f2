import { type ContainersOptions, type ContainersTool, createContainersTool } from "./containers_tool.ts";
import type { CommandResult } from "../run_command.ts";

/** A real buildah with images of its own. */
export class Buildah implements AsyncDisposable {
  readonly #tool: ContainersTool;

  constructor(tool: ContainersTool) {
    this.#tool = tool;
  }

  /** Runs buildah with these arguments. */
  buildah(...args: string[]): Promise<CommandResult> {
    return this.#tool.run(...args);
  }

  pull(image: string, ...args: string[]): Promise<CommandResult> {
    return this.buildah("pull", "--signature-policy", this.#tool.policy, ...args, image);
  }

  /** Begins a container from an image, which is pulled when it is not there; its name is on stdout. */
  from(image: string, ...args: string[]): Promise<CommandResult> {
    return this.buildah("from", "--signature-policy", this.#tool.policy, ...args, image);
  }

  /** What the image's tag pointed to; null when there is no such image. */
  async digestOf(image: string): Promise<string | null> {
    const { code, stdout } = await this.buildah("images", "--format", "{{.Digest}}", image);
    return code === 0 ? stdout.trim() : null;
  }

  /** Removes everything: all containers and images, and so all layers. */
  async removeImages(): Promise<void> {
    await this.#tool.must("rm", "--all");
    await this.#tool.must("rmi", "--all", "--force");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tool[Symbol.asyncDispose]();
  }
}

/** Sets up buildah; the caller disposes of it. Needs `buildah` and root. */
export async function createBuildah(options: ContainersOptions): Promise<Buildah> {
  return new Buildah(await createContainersTool("buildah", options));
}
