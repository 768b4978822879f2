import type { z } from "zod";
import { credentialKeys } from "./credential_keys.ts";
import type { Config, ConfigSchema } from "./schema.ts";
import { valueTypeOf } from "./value_types.ts";
import { childSchema, shapeOf, unwrap } from "./walk.ts";

/** Keys that mean something outside only: what fetches, and who with. */
const outside: ReadonlySet<string> = new Set(["warm", "proxy", "bundles", ...Object.keys(credentialKeys)]);

/**
 * A configuration as it would be written for a site without internet: offline, with all defaults spelt out, and without
 * secrets, credentials, and files and directories of this machine. The cache is in `./cache`.
 */
export function carriedConfig(config: Config, schema: ConfigSchema): Record<string, unknown> {
  const carried = carry(schema, config) as Record<string, unknown>;
  return { cache_dir: "./cache", ...carried, offline: true };
}

/** Undefined where nothing of a value is carried. */
function carry(schema: z.core.$ZodType | null, value: unknown): unknown {
  if (value === undefined) return undefined;
  const valueType = schema === null ? undefined : valueTypeOf(unwrap(schema));
  if (valueType !== undefined) {
    const isOfMachine = valueType.secret || valueType.type === "file" || valueType.type === "directory";
    return isOfMachine ? undefined : valueType.print?.(value) ?? value;
  }
  if (schema === null || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    return value.map((item, index) => carry(childSchema(schema, value, index), item)).filter(isSomething);
  }
  const mapping = value as Record<string, unknown>;
  const keys = Object.keys(shapeOf(schema, value) ?? value).filter((key) => !outside.has(key));
  const entries = keys.map((key) => [key, carry(childSchema(schema, value, key), mapping[key])] as const);
  const carried = entries.filter(([, one]) => isSomething(one));
  return carried.length === 0 && entries.length > 0 ? undefined : Object.fromEntries(carried);
}

function isSomething(value: unknown): boolean {
  return value !== undefined && !(Array.isArray(value) && value.length === 0);
}
