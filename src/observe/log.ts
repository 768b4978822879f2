import { messageOf, VaultError } from "../errors.ts";
import { type LineTarget, LineWriter } from "./line_writer.ts";
import { formatJson, formatText, type LogFields, type LogFormat, type LogLevel } from "./log_format.ts";
import { redact } from "./redact.ts";

/** The log of a component; it is handed in, never global. Messages carry no credentials. */
export interface Log {
  /** True where `debug` writes anything: callers ask before they put a costly line together. */
  readonly debugs: boolean;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warning(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** A log that writes nothing. */
export const noLog: Log = { debugs: false, debug() {}, info() {}, warning() {}, error() {} };

export interface LoggingOptions {
  /** The lowest level that is written. */
  readonly level: LogLevel;
  readonly format: "text" | "json";
  /** The path of a file to append to; standard output where absent. */
  readonly file?: string;
  /** Takes the bytes in place of the file or standard output, and returns how many it took. */
  readonly write?: (bytes: Uint8Array) => Promise<number>;
}

/** The options that may change while the log is open. */
export type LogRules = Omit<LoggingOptions, "write">;

/** A log with its target. */
export interface Logging {
  readonly log: Log;
  /**
   * Opens the file of this name anew, since log rotation may have replaced it. Throws `config_invalid`, and then keeps
   * the old one.
   */
  reopen(): void;
  /**
   * Writes by these rules from now on, to a file that is opened anew. Throws `config_invalid` where it cannot be opened,
   * and then changes nothing.
   */
  configure(rules: LogRules): void;
  /** Writes the lines that wait, and closes the file. */
  close(): Promise<void>;
}

const formats: Record<LoggingOptions["format"], LogFormat> = { text: formatText, json: formatJson };

const importance: Record<LogLevel, number> = { DEBUG: 0, INFO: 1, WARNING: 2, ERROR: 3, CRITICAL: 4 };

/** Opens a log, which writes its lines in the background. Throws `config_invalid` where the file cannot be opened. */
export function createLogging({ write, ...rules }: LoggingOptions): Logging {
  let current: LogRules = rules;
  const open = (rules: LogRules) => openTarget({ ...rules, ...write !== undefined && { write } });
  const writer = new LineWriter(open(rules), (count) => {
    return formats[current.format]({
      timestamp: Date.now(),
      level: "WARNING",
      message: `${count} log lines were lost`,
      fields: undefined,
    });
  });
  const log = new LineLog(rules, writer);
  return {
    log,
    reopen() {
      if (current.file !== undefined) writer.replaceTarget(open(current));
    },
    configure(rules) {
      if (rules.file !== undefined || current.file !== undefined) writer.replaceTarget(open(rules));
      log.configure(rules);
      current = rules;
    },
    close: () => writer.close(),
  };
}

class LineLog implements Log {
  #least!: number;
  #format!: LogFormat;
  readonly #writer: LineWriter;

  constructor(rules: LogRules, writer: LineWriter) {
    this.#writer = writer;
    this.configure(rules);
  }

  get debugs(): boolean {
    return this.#least <= importance.DEBUG;
  }

  configure({ level, format }: LogRules): void {
    this.#least = importance[level];
    this.#format = formats[format];
  }

  debug(message: string, fields?: LogFields): void {
    this.#write("DEBUG", message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#write("INFO", message, fields);
  }

  warning(message: string, fields?: LogFields): void {
    this.#write("WARNING", message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#write("ERROR", message, fields);
    this.#writer.flush();
  }

  #write(level: LogLevel, message: string, fields: LogFields | undefined): void {
    if (importance[level] < this.#least) return;
    this.#writer.write(this.#format({ timestamp: Date.now(), level, message: redact(message), fields }));
  }
}

function openTarget({ file, write }: LoggingOptions): LineTarget {
  if (write !== undefined) return { write, close() {} };
  if (file === undefined) return { write: (bytes) => Deno.stdout.write(bytes), close() {} };
  try {
    return Deno.openSync(file, { append: true, create: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    const reason = `Cannot open the log file "${file}": ${whyUnopened(error)}; choose another one with --log-file`;
    throw new VaultError("config_invalid", reason, { cause: error });
  }
}

function whyUnopened(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "its folder does not exist";
  if (error instanceof Deno.errors.PermissionDenied) return "this user may not write to it";
  return messageOf(error);
}
