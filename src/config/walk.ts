import { z } from "zod";
import { valueTypeOf } from "./value_types.ts";

/** Returns the schema inside wrappers that make it optional, give it a default or transform its result. */
export function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  if (valueTypeOf(schema) !== undefined) return schema;
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault) return unwrap(schema.unwrap());
  if (schema instanceof z.ZodPipe) return unwrap(schema.out instanceof z.ZodTransform ? schema.in : schema.out);
  return schema;
}

/** Returns the schemas of a mapping's keys; `type` in `input` decides which for a backend. Null for other schemas. */
export function shapeOf(schema: z.core.$ZodType, input: unknown): z.core.$ZodShape | null {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodObject) return inner.shape;
  if (!(inner instanceof z.ZodDiscriminatedUnion)) return null;
  const type = (input as { readonly type?: unknown } | null | undefined)?.type;
  const shapes = inner.options.map((option) => shapeOf(option, input));
  return shapes.find((shape) => typesOf(shape).includes(type)) ?? null;
}

/** Returns the values that `type:` may have in a backend of this shape. */
export function typesOf(shape: z.core.$ZodShape | null): unknown[] {
  return shape?.type instanceof z.ZodLiteral ? [...shape.type.values] : [];
}

/** Returns the schema of one key, or of one item of a list; null for an unknown key. */
export function childSchema(schema: z.core.$ZodType, input: unknown, key: PropertyKey): z.core.$ZodType | null {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodArray) return inner.element;
  if (inner instanceof z.ZodRecord) return inner.valueType;
  return shapeOf(inner, input)?.[String(key)] ?? null;
}
