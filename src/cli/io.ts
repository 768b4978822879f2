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
  /** The terminal that stdin and stdout are, as a whole; absent where one of them is none. */
  readonly screen?: Screen;
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

/** A terminal as a whole, for what draws on all of it and takes keys. */
export interface Screen {
  size(): { readonly columns: number; readonly rows: number };
  /** Writes text that acts on the terminal: whoever calls it makes sure of all that is in it. */
  write(text: string): void;
  /** Raw, keys come at once and are not shown, and ^C is a key. */
  setRaw(isRaw: boolean): void;
  /** Resolves with the next keys; null where there are no more. */
  read(): Promise<string | null>;
  /** Calls back whenever the size has changed, until the returned function is called. */
  onResize(changed: () => void): () => void;
}

/**
 * Returns the same surroundings for text from anywhere: in what they write, nothing acts on a terminal. Only `terminal`
 * and `screen` themselves do.
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
  ...Deno.stdin.isTerminal() && Deno.stdout.isTerminal() && { confirm, screen: createScreen() },
};

function createScreen(): Screen {
  return {
    size,
    write: writeOrEnd,
    setRaw: (isRaw) => Deno.stdin.setRaw(isRaw),
    async read() {
      const buffer = new Uint8Array(64);
      const count = await Deno.stdin.read(buffer);
      return count === null ? null : new TextDecoder().decode(buffer.subarray(0, count));
    },
    onResize(changed) {
      if (Deno.build.os === "windows") return () => {};
      Deno.addSignalListener("SIGWINCH", changed);
      return () => Deno.removeSignalListener("SIGWINCH", changed);
    },
  };
}

/** Anything but yes means no. */
function confirm(question: string): boolean {
  return globalThis.confirm(question);
}

function columns(): number {
  return size().columns;
}

function size(): { readonly columns: number; readonly rows: number } {
  try {
    const { columns, rows } = Deno.consoleSize();
    if (columns > 0 && rows > 0) return { columns, rows };
  } catch {
    // A terminal without a size, such as a serial line.
  }
  return { columns: 80, rows: 24 };
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
