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

/** A log with its target. */
export interface Logging {
  readonly log: Log;
  /**
   * Opens the file of this name anew, since log rotation may have replaced it. Throws `config_invalid`, and then keeps
   * the old one.
   */
  reopen(): void;
  /** Writes the lines that wait, and closes the file. */
  close(): Promise<void>;
}

const formats: Record<LoggingOptions["format"], LogFormat> = { text: formatText, json: formatJson };

const importance: Record<LogLevel, number> = { DEBUG: 0, INFO: 1, WARNING: 2, ERROR: 3, CRITICAL: 4 };

/** Opens a log, which writes its lines in the background. Throws `config_invalid` where the file cannot be opened. */
export function createLogging(options: LoggingOptions): Logging {
  const format = formats[options.format];
  const writer = new LineWriter(openTarget(options), (count) => {
    return format({
      timestamp: Date.now(),
      level: "WARNING",
      message: `${count} log lines were lost`,
      fields: undefined,
    });
  });
  return {
    log: new LineLog(options.level, format, writer),
    reopen() {
      if (options.file !== undefined) writer.replaceTarget(openTarget(options));
    },
    close: () => writer.close(),
  };
}

class LineLog implements Log {
  readonly debugs: boolean;
  readonly #least: number;
  readonly #format: LogFormat;
  readonly #writer: LineWriter;

  constructor(level: LogLevel, format: LogFormat, writer: LineWriter) {
    this.#least = importance[level];
    this.debugs = this.#least <= importance.DEBUG;
    this.#format = format;
    this.#writer = writer;
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
