import { redact } from "./redact.ts";
import { shownLine, shownText } from "./shown_text.ts";

/** Extra fields of a JSON log line; the text form shows the message only. */
export type LogFields = Readonly<Record<string, string | number | boolean>>;

/** One line of the log, before it is formatted. */
export interface LogLine {
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly level: LogLevel;
  /** The message, without credentials. */
  readonly message: string;
  readonly fields: LogFields | undefined;
}

export type LogLevel = "DEBUG" | "INFO" | "WARNING" | "ERROR" | "CRITICAL";

export type LogFormat = (line: LogLine) => string;

const logger = "vault";

/**
 * Formats a line as the original tool does: `2026-11-23 14:58:00,123 - vault - INFO - message`, in local time, without
 * fields.
 */
export function formatText({ timestamp, level, message }: LogLine): string {
  return `${localTime(timestamp)} - ${logger} - ${level} - ${shownLine(message)}\n`;
}

/**
 * Formats a line as one JSON object: `timestamp`, `level`, `logger`, `message`, then the fields, all without
 * credentials.
 */
export function formatJson({ timestamp, level, message, fields }: LogLine): string {
  const line: Record<string, string | number | boolean> = {
    timestamp: new Date(timestamp).toISOString(),
    level,
    logger,
    message,
  };
  for (const name in fields) {
    const value = fields[name]!;
    line[name] ??= typeof value === "string" ? redact(value) : value;
  }
  return shownText(JSON.stringify(line)) + "\n";
}

let second = NaN;
let secondText = "";

/** The text of the last second is cached: there are many lines a second, and a Date is costly. */
function localTime(timestamp: number): string {
  const milliseconds = timestamp % 1000;
  if (timestamp - milliseconds !== second) {
    second = timestamp - milliseconds;
    const date = new Date(timestamp);
    const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
    secondText = `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  }
  return `${secondText},${String(milliseconds).padStart(3, "0")}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
