import type { Netns } from "./netns.ts";
import { privateEnvironment } from "./run_command.ts";
import { ServerProcess } from "./server_process.ts";

/**
 * A daemon in a network namespace, with mounts and process ids of its own: when it ends, by whatever signal, the kernel
 * ends all it has started and drops all it has mounted.
 */
export class ContainedProcess extends ServerProcess {
  constructor(netns: Netns, command: readonly string[], env: Readonly<Record<string, string>> = {}) {
    super(netns.contain(command), { env: privateEnvironment(env), clearEnv: true });
  }

  /** Signals the daemon itself: the process we have started only waits for it, and ignores SIGTERM. */
  override async stop(signal: Deno.Signal = "SIGTERM"): Promise<Deno.CommandStatus> {
    if (!this.running) return await this.status;
    const daemon = childrenOf(this.pid)[0];
    if (daemon === undefined) return await super.stop("SIGKILL");
    Deno.kill(daemon, signal);
    return await this.status;
  }
}

function childrenOf(pid: number): number[] {
  const text = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).trim();
  return text === "" ? [] : text.split(" ").map(Number);
}
