import { z } from "zod";
import { backendSchemasOf, backendTypeNames, schemaOfBackend, typeNamesOf } from "./backend_schemas.ts";
import { valueTypeOf } from "./value_types.ts";
import type { ConfigSchema } from "./schema.ts";
import { backendKeys } from "./backend_keys.ts";
import { shapeOf, unwrap } from "./walk.ts";

/** One key of the configuration, as documentation shows it. */
export interface KeyDescription {
  /** The key's path: `http_port`, `tls.cert`, `backends[].config.timeout`. */
  readonly key: string;
  /** The types of backend that have the key: `dockerhub or oci`; absent where all have it. */
  readonly backend?: string;
  readonly type: string;
  /** The default, as it would be written; null where the key has none. */
  readonly default: string | null;
  readonly required: boolean;
  readonly description: string;
}

/** Describes every key: the global ones, those of all backends, then those of each type. */
export function describeConfig(schema: ConfigSchema): KeyDescription[] {
  return [
    ...describeShape("", shapeOf(schema, undefined) ?? {}),
    ...describeBackend(schema),
    ...describeShape("backends[].config.", backendKeys),
    ...backendSchemasOf(schema).flatMap(describeOwnKeys),
  ];
}

/** Describes the keys of an entry of `backends`, which are the same for all types. */
function describeBackend(schema: ConfigSchema): KeyDescription[] {
  const backend = schemaOfBackend(schema)!;
  const types = backendTypeNames(schema);
  const { type, name } = shapeOf(backend, { type: types[0] })!;
  const configless = types.filter((type) => z.safeParse(backend, { type }).success);
  const exceptions = configless.length === 0 ? "" : ` Not needed for ${listed(configless)}.`;
  return [
    { ...describeKey("backends[].type", type!), type: types.join(", ") },
    describeKey("backends[].name", name!),
    { ...describeKey("backends[].config", z.strictObject({})), description: `The keys below.${exceptions}` },
  ];
}

/** Joins words as a sentence does: `a`, `a and b`, `a, b and c`. */
function listed(words: readonly string[]): string {
  return [words.slice(0, -1).join(", "), ...words.slice(-1)].filter((part) => part !== "").join(" and ");
}

function describeOwnKeys(schema: z.core.$ZodType): KeyDescription[] {
  const shape = shapeOf(schema, undefined);
  const keys = shape?.config === undefined ? null : shapeOf(shape.config, undefined);
  const common: Readonly<Record<string, z.core.$ZodType>> = backendKeys;
  // A key that all types have is described once more where a type has it with another default.
  const own = Object.entries(keys ?? {}).filter(([key, schema]) => common[key] !== schema);
  const backend = typeNamesOf(schema).join(" or ");
  return describeShape("backends[].config.", Object.fromEntries(own)).map((row) => ({ ...row, backend }));
}

function describeShape(prefix: string, shape: z.core.$ZodShape): KeyDescription[] {
  return Object.entries(shape).flatMap(([key, schema]) => {
    const row = describeKey(`${prefix}${key}`, schema);
    if (key === "config" || key === "backends") return [row];
    const inner = unwrap(schema);
    const [item, suffix] = inner instanceof z.ZodArray
      ? [inner.element, "[]"]
      : inner instanceof z.ZodRecord
      ? [inner.valueType, ".*"]
      : [schema, ""];
    const nested = shapeOf(item, undefined);
    return nested === null ? [row] : [row, ...describeShape(`${row.key}${suffix}.`, nested)];
  });
}

function describeKey(key: string, schema: z.core.$ZodType): KeyDescription {
  const given = schema instanceof z.ZodPrefault ? schema.def.defaultValue : undefined;
  return {
    key,
    type: typeOf(schema),
    default: given === undefined ? null : typeof given === "string" ? given : JSON.stringify(given),
    required: !(schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional),
    description: (schema as z.ZodType).description ?? "",
  };
}

function typeOf(schema: z.core.$ZodType): string {
  const inner = unwrap(schema);
  const valueType = valueTypeOf(inner);
  if (valueType !== undefined) return valueType.type;
  if (inner instanceof z.ZodLiteral) return [...inner.values].join(", ");
  if (inner instanceof z.ZodRecord) return `mapping to ${typeOf(inner.valueType)}`;
  if (!(inner instanceof z.ZodArray)) return "mapping";
  const item = typeOf(inner.element);
  return isOneOrMore(schema) ? `${item}, or list of ${item}` : `list of ${item}`;
}

/** True for a schema that `oneOrMore` has made. */
function isOneOrMore(schema: z.core.$ZodType): boolean {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault) return isOneOrMore(schema.unwrap());
  return schema instanceof z.ZodPipe && schema.out instanceof z.ZodArray;
}
