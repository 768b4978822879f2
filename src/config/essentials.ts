import type { z } from "zod";
import { valueTypeOf } from "./value_types.ts";
import type { BackendConfig, ConfigSchema } from "./schema.ts";
import { childSchema, shapeOf, unwrap } from "./walk.ts";

/** Keys besides the URLs of upstreams without which clients would not find the same things. */
const kept: ReadonlySet<string> = new Set(["prefix", "names", "registries"]);

/**
 * The lines of a configuration that make a backend serve what another one has cached: its type, name and prefix, and
 * its upstreams. Without secrets, and without everything else.
 */
export function essentialsOf(backend: BackendConfig, schema: ConfigSchema): unknown {
  const { type, name, config } = backend;
  const backends = childSchema(schema, { backends: [] }, "backends")!;
  const own = childSchema(childSchema(backends, [backend], 0)!, backend, "config");
  return { type, name, config: essentials(own, config) };
}

/** Undefined where nothing of a value is kept. */
function essentials(schema: z.core.$ZodType | null, value: unknown): unknown {
  if (schema === null) return undefined;
  const valueType = valueTypeOf(unwrap(schema));
  if (valueType !== undefined) return valueType.role === "upstream" ? value : undefined;
  if (typeof value !== "object" || value === null) return undefined;
  if (Array.isArray(value)) {
    const items = value.map((item, index) => essentials(childSchema(schema, value, index), item));
    return items.some((item) => item !== undefined) ? items.filter((item) => item !== undefined) : undefined;
  }
  const mapping = value as Record<string, unknown>;
  const entries = Object.keys(shapeOf(schema, value) ?? {}).flatMap((key) => {
    const own = kept.has(key) ? mapping[key] : essentials(childSchema(schema, value, key), mapping[key]);
    return own === undefined || (Array.isArray(own) && own.length === 0) ? [] : [[key, own]];
  });
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
