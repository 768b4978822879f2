/** How a program ended and what it wrote. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** All it gets: nothing of the test's own environment but the PATH. */
  readonly env?: Readonly<Record<string, string>>;
  /** It is killed after this long, so that a hung program fails its test instead of hanging it. */
  readonly timeoutMs?: number;
}

/** Runs a program to its end in an environment of its own: no proxies, no credentials, no settings of the machine. */
export async function runCommand(command: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
  const [program = "", ...args] = command;
  const { env, timeoutMs = 120_000 } = options;
  const child = new Deno.Command(program, {
    args,
    env: privateEnvironment(env),
    clearEnv: true,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
  const { code, stdout, stderr } = await child.output().finally(() => clearTimeout(timer));
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/**
 * Like `runCommand`, and throws with what the program wrote when it fails; gives its stdout without the last line end.
 */
export async function runToSuccess(command: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await runCommand(command, options);
  if (code !== 0) throw new Error(`${command.join(" ")} ended with code ${code}:\n${stdout}${stderr}`);
  return stdout.trimEnd();
}

/** An environment with a PATH that has Debian's servers in it, and `more`. */
export function privateEnvironment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH: `${Deno.env.get("PATH") ?? "/usr/bin:/bin"}:/usr/sbin:/sbin`, LANG: "C.UTF-8", ...more };
}
