import type { z } from "zod";
import { backendTypeNames } from "./backend_schemas.ts";
import { shown } from "./value_types.ts";
import { didYouMean } from "./nearest.ts";
import type { Path, Problem } from "./problem.ts";
import type { ConfigSchema } from "./schema.ts";
import { childSchema, shapeOf } from "./walk.ts";

const collections = new Map([["object", "a mapping"], ["record", "a mapping"], ["array", "a list"]]);

/** An input, and the schema that found something wrong with it. */
export interface Checked {
  readonly input: unknown;
  readonly schema: ConfigSchema;
}

/** Says in words what a schema found wrong: one problem for each unknown key, and one for all else. */
export function problemsOf(issue: z.core.$ZodIssue, checked: Checked): Problem[] {
  const { input, schema } = checked;
  const { path } = issue;
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(path, checked);
    const below = knownKeys([...path, "config"], checked);
    return issue.keys.map((key) => ({
      path: [...path, key],
      message: below.includes(key)
        ? 'belongs below "config"; indent it further'
        : `is not a known key${didYouMean(key, known) || `; known are ${known.join(", ")}`}`,
    }));
  }
  const value = valueAt(path, input);
  return [{ path: displayPath(path, input), message: wording(issue, value, backendTypeNames(schema)) }];
}

function wording(issue: z.core.$ZodIssue, value: unknown, types: readonly string[]): string {
  if (issue.code === "invalid_type") {
    if (issue.path.length === 0) return notAConfig(value);
    const wanted = collections.get(issue.expected) ?? issue.expected;
    return value === undefined ? `${wanted} is missing` : `${shown(value)} is not ${wanted}${hintFor(wanted, value)}`;
  }
  if (issue.code === "invalid_union") {
    const list = types.join(", ");
    if (value === undefined) return `a backend type is missing; known are ${list}`;
    const nearest = typeof value === "string" ? didYouMean(value, types) : "";
    return `${shown(value)} is not a known backend type${nearest}; known are ${list}`;
  }
  return issue.code === "too_small" ? "the list is empty; write at least one entry" : issue.message;
}

/** Returns a hint at what was probably meant where a mapping or a list is wanted. */
function hintFor(wanted: string, value: unknown): string {
  if (wanted === "a list") return '; begin each of its entries with "- ", indented below it';
  if (wanted !== "a mapping") return "";
  if (Array.isArray(value)) return '; write its keys without "- "';
  if (typeof value !== "string") return "";
  if (value.includes("\n")) return '; it was made a text by "|" or ">", so remove that';
  return /^[\w-]+:(?!\/\/)\S/.test(value) ? "; write a space after the colon" : "";
}

function notAConfig(value: unknown): string {
  const found = value === undefined ? "there is nothing in it" : `${shown(value)} is not a configuration`;
  return `${found}; write a mapping with at least "backends:", a list of what is to be served`;
}

function knownKeys(path: Path, checked: Checked): string[] {
  let schema: z.core.$ZodType | null = checked.schema;
  let value = checked.input;
  for (const step of path) {
    schema = schema && childSchema(schema, value, step);
    value = valueAt([step], value);
  }
  return Object.keys(schema && shapeOf(schema, value) || {});
}

function valueAt(path: Path, input: unknown): unknown {
  return path.reduce((value, step) => (value as Record<PropertyKey, unknown> | null | undefined)?.[step], input);
}

/** Leaves out the index of a list that `oneOrMore` has made of a single value. */
function displayPath(path: Path, input: unknown): Path {
  const last = path.at(-1);
  return typeof last === "number" && !Array.isArray(valueAt(path.slice(0, -1), input)) ? path.slice(0, -1) : path;
}
