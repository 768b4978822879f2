import { configureSync, getLogger, type Logger, type LoggerConfig, type LogRecord, type Sink } from "@logtape/logtape";
import { messageOf, VaultError } from "../errors.ts";
import { type LineTarget, LineWriter } from "./line_writer.ts";
import { formatJson, formatText, type LogFormat, type LogLevel } from "./log_format.ts";
import { redact } from "./redact.ts";

/** Where a component writes what it has to say; handed in, never global. Messages carry no credentials. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warning(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** Extra fields of a JSON log line; the text form shows the message only. */
export type LogFields = Readonly<Record<string, string | number | boolean>>;

/** Writes nothing. */
export const noLog: Log = { debug() {}, info() {}, warning() {}, error() {} };

export interface LoggingOptions {
  /** The least important lines that are still written. */
  readonly level: LogLevel;
  readonly format: "text" | "json";
  /** Appended to; standard output where absent. */
  readonly file?: string;
  /** Takes the bytes instead of the file or standard output. */
  readonly write?: (bytes: Uint8Array) => Promise<number>;
}

/** A log that goes somewhere. */
export interface Logging {
  readonly log: Log;
  /** Writes what is waiting and closes the file. */
  close(): Promise<void>;
}

const formats: Record<LoggingOptions["format"], LogFormat> = { text: formatText, json: formatJson };

const logtapeLevels = { DEBUG: "debug", INFO: "info", WARNING: "warning", ERROR: "error", CRITICAL: "fatal" } as const;

const levelNames: Record<LogRecord["level"], LogLevel> = {
  trace: "DEBUG",
  debug: "DEBUG",
  info: "INFO",
  warning: "WARNING",
  error: "ERROR",
  fatal: "CRITICAL",
};

const noFields: LogFields = {};

/** Starts a log of its own. Lines are written in the background. Throws `config_invalid` where the file cannot be opened. */
export function createLogging(options: LoggingOptions): Logging {
  const format = formats[options.format];
  const writer = new LineWriter(openTarget(options), (count) => {
    return format({
      timestamp: Date.now(),
      level: "WARNING",
      message: `${count} log lines were lost`,
      fields: noFields,
    });
  });
  const category = ["vault", crypto.randomUUID()];
  const unregister = register({
    category,
    level: options.level,
    sink: (record) => writeRecord(record, format, writer),
  });
  return {
    log: logOf(getLogger(category), options.format === "json"),
    async close() {
      unregister();
      await writer.close();
    },
  };
}

/** LogTape copies properties at several times the cost of the message: they are passed as one, and only to be shown. */
function logOf(logger: Logger, showsFields: boolean): Log {
  return {
    debug: (message, fields) => showsFields && fields ? logger.debug(message, { fields }) : logger.debug(message),
    info: (message, fields) => showsFields && fields ? logger.info(message, { fields }) : logger.info(message),
    warning: (message, fields) => showsFields && fields ? logger.warning(message, { fields }) : logger.warning(message),
    error: (message, fields) => showsFields && fields ? logger.error(message, { fields }) : logger.error(message),
  };
}

/** Takes the raw message: braces in it are no placeholders. */
function writeRecord(record: LogRecord, format: LogFormat, writer: LineWriter): void {
  const { timestamp, level, rawMessage, properties } = record;
  const message = redact(typeof rawMessage === "string" ? rawMessage : rawMessage.join(""));
  writer.write(
    format({
      timestamp,
      level: levelNames[level],
      message,
      fields: redactFields((properties.fields ?? noFields) as LogFields),
    }),
  );
  if (level === "error" || level === "fatal") writer.flush();
}

function redactFields(fields: LogFields): LogFields {
  const shown: Record<string, string | number | boolean> = {};
  for (const name in fields) {
    const value = fields[name]!;
    shown[name] = typeof value === "string" ? redact(value) : value;
  }
  return shown;
}

function openTarget({ file, write }: LoggingOptions): LineTarget {
  if (write !== undefined) return { write, close() {} };
  if (file === undefined) return { write: (bytes) => Deno.stdout.write(bytes), close() {} };
  try {
    return Deno.openSync(file, { append: true, create: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    const reason = `Cannot open the log file "${file}": ${messageOf(error)}; choose another one with --log-file`;
    throw new VaultError("config_invalid", reason, { cause: error });
  }
}

interface Registration {
  readonly category: string[];
  readonly level: LogLevel;
  readonly sink: Sink;
}

/** LogTape's configuration belongs to the process, so every log there is takes part in it. */
const registrations = new Set<Registration>();

function register(registration: Registration): () => void {
  registrations.add(registration);
  configure();
  return () => {
    registrations.delete(registration);
    configure();
  };
}

function configure(): void {
  const all = [...registrations];
  const nameOf = ({ category }: Registration) => category.join(".");
  const loggers: LoggerConfig<string, string>[] = all.map((one) => (
    { category: one.category, sinks: [nameOf(one)], lowestLevel: logtapeLevels[one.level], parentSinks: "override" }
  ));
  const quiet: LoggerConfig<string, string> = { category: ["logtape", "meta"], lowestLevel: "error" };
  configureSync({
    reset: true,
    sinks: Object.fromEntries(all.map((one) => [nameOf(one), one.sink])),
    loggers: [...loggers, quiet],
  });
}
