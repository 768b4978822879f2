import { messageOf } from "../errors.ts";
import { type Env, processEnv } from "../config/env.ts";
import { shownText } from "../observe/shown_text.ts";

/** The surroundings of a command; tests hand in their own. */
export interface Io {
  /** Writes text as it is, without adding a line end. */
  stdout(text: string): void;
  stderr(text: string): void;
  /** The terminal that stderr is; absent where stderr is none. */
  readonly terminal?: Terminal;
  readonly env: Env;
  /** False where absent. */
  readonly stdoutIsTerminal?: boolean;
  /** Asks a question that is answered with yes or no; absent where nobody is there to answer. */
  readonly confirm?: (question: string) => boolean;
}

/** A terminal, beyond the text that is written to it. */
export interface Terminal {
  /** Returns its width. */
  columns(): number;
  /** Removes the line that the cursor is in, and goes to its beginning. */
  clearLine(): void;
}

/**
 * Returns the same surroundings for text from anywhere: in what they write, nothing acts on a terminal. Only `terminal`
 * itself does.
 */
export function harmless(io: Io): Io {
  const { confirm } = io;
  return {
    ...io,
    stdout: (text) => io.stdout(shownText(text)),
    stderr: (text) => io.stderr(shownText(text)),
    ...confirm !== undefined && { confirm: (question) => confirm(shownText(question)) },
  };
}

/** The terminal and environment of this process. */
export const processIo: Io = {
  stdout: (text) => writeOrEnd(text),
  stderr: tell,
  env: processEnv,
  ...Deno.stderr.isTerminal() && { terminal: { columns, clearLine: () => tell("\r\x1b[K") } },
  stdoutIsTerminal: Deno.stdout.isTerminal(),
  ...Deno.stdin.isTerminal() && Deno.stdout.isTerminal() && { confirm },
};

/** Anything but yes means no. */
function confirm(question: string): boolean {
  return globalThis.confirm(question);
}

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

/**
 * Whoever reads this program's output may stop reading, as `head` does: then it ends, and says nothing of it. Without
 * its output no command can do its work, such as on a disk that is full: it ends here, whatever is under way.
 */
function writeOrEnd(text: string): void {
  try {
    writeAll(Deno.stdout, text);
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) tell(`Cannot write to standard output: ${reasonOf(error)}\n`);
    Deno.exit(1);
  }
}

/** Where nobody can be told anything, the work goes on. */
function tell(text: string): void {
  try {
    writeAll(Deno.stderr, text);
  } catch {
    // A closed terminal, or a disk that is full.
  }
}

/** The text of an error of the system, without its number. */
function reasonOf(error: unknown): string {
  return messageOf(error).replace(/ \(os error \d+\)$/, "");
}
