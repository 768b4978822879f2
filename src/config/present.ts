import type { z } from "zod";
import { kindOf } from "./kinds.ts";
import type { Config, ConfigSchema } from "./schema.ts";
import { childSchema, shapeOf, unwrap } from "./walk.ts";

/** Returns a configuration as it would be written, with every default spelt out and every secret as `***`. */
export function presentConfig(config: Config, schema: ConfigSchema): unknown {
  return present(schema, config);
}

function present(schema: z.core.$ZodType | null, value: unknown): unknown {
  const kind = schema === null ? undefined : kindOf(unwrap(schema));
  if (kind !== undefined) return kind.secret ? "***" : kind.print?.(value) ?? value;
  if (schema === null || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item, index) => present(childSchema(schema, value, index), item));
  const mapping = value as Record<string, unknown>;
  const keys = Object.keys(shapeOf(schema, value) ?? value).filter((key) => mapping[key] !== undefined);
  return Object.fromEntries(keys.map((key) => [key, present(childSchema(schema, value, key), mapping[key])]));
}
