import { run } from "../../src/cli/run.ts";

export interface CapturedRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  readonly env?: Record<string, string>;
  /** True where stdout is a terminal. */
  readonly isTerminal?: boolean;
  /** What a person answers to each question; nobody is asked when absent. */
  readonly answer?: boolean;
}

/** Runs a command line inside this process. */
export async function runCaptured(
  args: readonly string[],
  { env = {}, isTerminal = false, answer }: RunOptions = {},
): Promise<CapturedRun> {
  let stdout = "";
  let stderr = "";
  const code = await run(args, {
    stdout: (text) => void (stdout += text),
    stderr: (text) => void (stderr += text),
    env: (name) => env[name],
    stdoutIsTerminal: isTerminal,
    ...answer !== undefined && { confirm: () => answer },
  });
  return { code, stdout, stderr };
}
