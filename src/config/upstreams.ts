import type { z } from "zod";
import { kindOf } from "./kinds.ts";
import { type BackendConfig, configSchema } from "./schema.ts";
import { childSchema, unwrap } from "./walk.ts";

/** The URLs a backend fetches from, whatever its type calls them, in the order they are declared. */
export function upstreamsOf(backend: BackendConfig): string[] {
  const backends = childSchema(configSchema, undefined, "backends");
  return [...collect(backends && childSchema(backends, undefined, 0), backend)];
}

function* collect(schema: z.core.$ZodType | null, value: unknown): Iterable<string> {
  if (schema === null || value === undefined) return;
  if (kindOf(unwrap(schema))?.isUpstream) yield String(value);
  else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) yield* collect(childSchema(schema, value, key), item);
  }
}
