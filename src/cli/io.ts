import { type Env, processEnv } from "../config/env.ts";

/** The surroundings of a command; tests hand in their own. */
export interface Io {
  /** Writes text as it is, without adding a line end. */
  stdout(text: string): void;
  stderr(text: string): void;
  /** Returns the width of the terminal that stderr is; absent where stderr is none. */
  readonly columns?: () => number;
  readonly env: Env;
}

/** The terminal and environment of this process. */
export const processIo: Io = {
  stdout: (text) => writeAll(Deno.stdout, text),
  stderr: (text) => writeAll(Deno.stderr, text),
  env: processEnv,
  ...Deno.stderr.isTerminal() && { columns },
};

function columns(): number {
  try {
    return Deno.consoleSize().columns;
  } catch {
    // A terminal without a size, such as a serial line.
    return 80;
  }
}

function writeAll(file: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(file.writeSync(bytes));
}
