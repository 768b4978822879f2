import { type CommandResult, runCommand, runToSuccess } from "../run_command.ts";
import { createTempDir, type TempDir } from "../temp_dir.ts";

/** A Python with packages of the Hub's clients, from the index that pip is set up with on this machine. */
export class HubPython {
  readonly #python: string;

  constructor(python: string) {
    this.#python = python;
  }

  /** Runs a script with a cache of its own, and throws with all that it said where it fails. */
  async run(script: string, options: HubRunOptions): Promise<HubRun> {
    const { code, stdout, stderr, home } = await this.try(script, options);
    if (code !== 0) throw new Error(`The script ended with code ${code}:\n${stdout}${stderr}`);
    return { stdout, home };
  }

  /** Runs a script as in the session of a user, whose `.profile` says where the Hub is; returns what it wrote. */
  runAfterLogin(script: string, home: string): Promise<string> {
    const env = { HOME: home, HF_HUB_DISABLE_TELEMETRY: "1", HF_HUB_DISABLE_PROGRESS_BARS: "1", NO_PROXY: "*" };
    const program = '. "$HOME/.profile" && exec "$@"';
    return runToSuccess(["sh", "-c", program, "sh", this.#python, "-c", script], { env });
  }

  /** The same, of what may fail. */
  async try(script: string, { dir, endpoint, env = {} }: HubRunOptions): Promise<CommandResult & { home: string }> {
    const home = dir.join(`home-${crypto.randomUUID().slice(0, 8)}`);
    await Deno.mkdir(home);
    const own = {
      ...{ HOME: home, HF_HOME: home, HF_ENDPOINT: endpoint, PATH: Deno.env.get("PATH") ?? "" },
      ...{ HF_HUB_DISABLE_TELEMETRY: "1", HF_HUB_DISABLE_PROGRESS_BARS: "1", NO_PROXY: "*" },
    };
    const result = await runCommand([this.#python, "-c", script], { env: { ...own, ...env } });
    return { ...result, home };
  }
}

export interface HubRunOptions {
  /** Gets the client's cache. */
  readonly dir: TempDir;
  readonly endpoint: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface HubRun {
  readonly stdout: string;
  readonly home: string;
}

const made = new Map<string, Promise<HubPython | null>>();

/**
 * The Python with these requirements, which is made once for all tests of a run; null, said on the terminal, where
 * they cannot be installed.
 */
export function findHubPython(...requirements: readonly string[]): Promise<HubPython | null> {
  const name = requirements.join(" ");
  const known = made.get(name) ?? make(requirements);
  made.set(name, known);
  return known;
}

async function make(requirements: readonly string[]): Promise<HubPython | null> {
  const dir = await createTempDir("vault-hub-python-");
  globalThis.addEventListener("unload", () => Deno.removeSync(dir.path, { recursive: true }));
  const venv = dir.join("venv");
  const making = await runCommand(["python3", "-m", "venv", "--without-pip", venv]).catch(() => ({ code: 1 }));
  const isMade = making.code === 0;
  // The pip of this machine: one in each of them would take longer to install than the packages.
  const pip = ["python3", "-m", "pip", `--python=${venv}/bin/python`];
  const install = [...pip, "install", "--quiet", "--retries", "0", "--disable-pip-version-check", "--no-compile"];
  const index = isMade ? await indexOptions() : [];
  if (isMade && (await runCommand([...install, ...index, ...requirements], { timeoutMs: 900_000 })).code === 0) {
    return new HubPython(`${venv}/bin/python`);
  }
  console.log(`tests skipped: pip cannot install ${requirements.join(", ")} here`);
  return null;
}

/** The indexes that pip is set up with: where there are only further ones, the first of them alone is the index. */
async function indexOptions(): Promise<string[]> {
  const read = async (key: string) => {
    const { code, stdout } = await runCommand(["python3", "-m", "pip", "config", "get", `global.${key}`]);
    return code === 0 ? stdout.trim().split(/\s+/) : [];
  };
  const [index, further] = [await read("index-url"), await read("extra-index-url")];
  if (index.length > 0 || further.length === 0) return [];
  return ["--index-url", further[0]!, ...further.slice(1).flatMap((url) => ["--extra-index-url", url])];
}
