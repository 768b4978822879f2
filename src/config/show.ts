import type { z } from "zod";
import { valueTypeOf } from "./value_types.ts";
import type { Config, ConfigSchema } from "./schema.ts";
import { childSchema, shapeOf, unwrap } from "./walk.ts";

/** Returns a configuration as it would be written, with every default spelt out and every secret as `***`. */
export function showConfig(config: Config, schema: ConfigSchema): unknown {
  return show(schema, config);
}

function show(schema: z.core.$ZodType | null, value: unknown): unknown {
  const valueType = schema === null ? undefined : valueTypeOf(unwrap(schema));
  if (valueType !== undefined) return valueType.secret ? "***" : valueType.print?.(value) ?? value;
  if (schema === null || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item, index) => show(childSchema(schema, value, index), item));
  const mapping = value as Record<string, unknown>;
  const keys = Object.keys(shapeOf(schema, value) ?? value).filter((key) => mapping[key] !== undefined);
  return Object.fromEntries(keys.map((key) => [key, show(childSchema(schema, value, key), mapping[key])]));
}
