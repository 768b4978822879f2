import { fileURLToPath } from "node:url";
import { startForwarder } from "./forwarder.ts";
import { missingPrograms } from "./programs.ts";
import { runCommand, runToSuccess } from "./run_command.ts";
import { ServerProcess } from "./server_process.ts";
import { createTempDir, type TempDir } from "./temp_dir.ts";
import { waitUntil } from "./wait_until.ts";

const forwarderProgram = fileURLToPath(new URL("./forwarder.ts", import.meta.url));
const namesDirectory = "/run/netns";
/** Where container programs run by root write, whatever they are told. */
const hiddenPlaces = ["/run", "/etc/docker", "/etc/cni", "/var/cache/containers"];

/**
 * A network namespace that has only its loopback: container clients in it cannot leave the machine when they fall back
 * from a mirror to the real registry.
 *
 * Servers of the test stay outside. `expose` makes one reachable inside at the very same `127.0.0.1:port`, over a Unix
 * socket, which no network namespace holds back. There is no cable to the outside (a veth pair would be one), dockerd
 * takes plain http from such an address, and URLs mean the same on both sides.
 */
export class Netns implements AsyncDisposable {
  readonly name: string;
  readonly #directory: TempDir;
  readonly #exposed = new Set<number>();
  readonly #held = new AsyncDisposableStack();

  constructor(name: string, directory: TempDir) {
    this.name = name;
    this.#directory = this.#held.use(directory);
    this.#held.defer(() => removeNetns(name));
  }

  /** The command line that runs `command` inside. */
  enter(command: readonly string[]): string[] {
    return ["nsenter", `--net=${namesDirectory}/${this.name}`, ...command];
  }

  /**
   * The command line that runs `command` inside, with mounts and process ids of its own: what it mounts and starts is
   * gone when it ends, and so is what it leaves in the machine's own places.
   */
  contain(command: readonly string[]): string[] {
    const unshare = ["unshare", "--mount", "--propagation=private", "--pid", "--fork", "--kill-child", "--mount-proc"];
    const hide = `for place in ${hiddenPlaces.join(" ")}; do [ ! -d $place ] || mount -t tmpfs tmpfs $place; done`;
    return this.enter([...unshare, "sh", "-c", `${hide}; exec "$@"`, "sh", ...command]);
  }

  /**
   * Makes the server at this URL of 127.0.0.1 reachable inside under the same URL, also after it was stopped and
   * started again. While it is down, connections are accepted and closed at once.
   */
  async expose(url: string): Promise<void> {
    const port = Number(new URL(url).port);
    if (this.#exposed.has(port)) return;
    this.#exposed.add(port);
    const socket = this.#directory.join(`${port}.sock`);
    this.#held.use(startForwarder(socket, port));
    const deno = [Deno.execPath(), "run", "--quiet", "--no-config", "--no-prompt", "--allow-all"];
    const inside = this.#held.use(new ServerProcess(this.enter([...deno, forwarderProgram, `${port}`, socket])));
    await inside.waitForLine(/^ready$/);
  }

  /** Removes the namespace, and ends what still runs in it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#held.disposeAsync();
  }
}

/** Makes a namespace; the caller disposes of it. Needs root. Namespaces that a killed test left behind are removed. */
export async function createNetns(): Promise<Netns> {
  for (const name of leftBehind()) await removeNetns(name);
  // Tests in parallel are threads of one process.
  const name = `vault-${Deno.pid}-${crypto.randomUUID().slice(0, 8)}`;
  await runToSuccess(["ip", "netns", "add", name]);
  try {
    await runToSuccess(["ip", "-n", name, "link", "set", "lo", "up"]);
    return new Netns(name, await createTempDir("vault-netns-"));
  } catch (error) {
    await removeNetns(name);
    throw error;
  }
}

/** The namespaces of test processes that are no more. */
export function leftBehind(): string[] {
  return listNetns().filter((name) => {
    const pid = /^vault-(\d+)-\w+$/.exec(name)?.[1];
    return pid !== undefined && !isRunning(Number(pid));
  });
}

/**
 * Whether these programs are here and can be run in a namespace; says so once where not, so that a skipped test is
 * never silent.
 */
export async function canIsolate(...programs: string[]): Promise<boolean> {
  if (missingPrograms("ip", "nsenter", "unshare", ...programs).length > 0) return false;
  return await (isolating ??= tryIsolation());
}

let isolating: Promise<boolean> | undefined;

async function tryIsolation(): Promise<boolean> {
  try {
    await using netns = await createNetns();
    return (await runCommand(netns.contain(["true"]))).code === 0;
  } catch {
    console.log("tests skipped: no network namespace can be made here (root is needed)");
    return false;
  }
}

/** Does nothing to one that is gone: another test process may remove what a killed one left behind too. */
async function removeNetns(name: string): Promise<void> {
  await waitUntil(`nothing runs in ${name}`, async () => {
    const { stdout } = await runCommand(["ip", "netns", "pids", name]);
    const pids = stdout.split("\n").filter((pid) => pid !== "");
    for (const pid of pids) kill(Number(pid));
    return pids.length === 0;
  });
  const { code, stderr } = await runCommand(["ip", "netns", "del", name]);
  if (code !== 0 && listNetns().includes(name)) throw new Error(`Cannot remove the namespace ${name}: ${stderr}`);
}

function listNetns(): string[] {
  try {
    return [...Deno.readDirSync(namesDirectory)].map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

function kill(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function isRunning(pid: number): boolean {
  try {
    return Deno.statSync(`/proc/${pid}`).isDirectory;
  } catch {
    return false;
  }
}
