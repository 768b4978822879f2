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
