import { z } from "zod";
import type { ConfigSchema } from "./schema.ts";
import { childSchema, shapeOf, typesOf } from "./walk.ts";

/** The schemas of the types of backend, in the order in which they are declared. */
export function backendSchemasOf(schema: ConfigSchema): readonly z.core.$ZodType[] {
  const union = schemaOfBackend(schema);
  return union instanceof z.ZodDiscriminatedUnion ? union.options : [];
}

/** The words that may stand after `type:`. */
export function backendTypeNames(schema: ConfigSchema): readonly string[] {
  return backendSchemasOf(schema).flatMap(typeNamesOf);
}

/** The words after `type:` that a schema of a backend is for: one type may have several. */
export function typeNamesOf(schema: z.core.$ZodType): readonly string[] {
  return typesOf(shapeOf(schema, undefined)).map(String);
}

/** The schema of one entry of `backends`, whatever its type. */
export function schemaOfBackend(schema: ConfigSchema): z.core.$ZodType | null {
  const backends = childSchema(schema, undefined, "backends");
  return backends && childSchema(backends, undefined, 0);
}
