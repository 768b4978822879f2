import type { Config } from "./schema.ts";

/** How long bodies stay that nobody asks for, in milliseconds; `Infinity` for ever. */
export interface Retention {
  /** For a backend that is not configured, the global one. */
  keepMsOf(backend: string): number;
  /** The same for bodies that no backend has. */
  readonly keepUnnamedMs: number;
}

/** The retention of a configuration; null where everything stays for ever. */
export function retentionOf({ retention, backends }: Config): Retention | null {
  const own = new Map(backends.map(({ name, config }) => [name, config.retention?.unused_for]));
  const global = retention.unused_for;
  if (global === Infinity && [...own.values()].every((keepMs = Infinity) => keepMs === Infinity)) return null;
  return { keepMsOf: (backend) => own.get(backend) ?? global, keepUnnamedMs: global };
}
