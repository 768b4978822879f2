import assert from "node:assert/strict";
import { z } from "zod";

// deno-lint-ignore no-explicit-any -- an OpenAPI document
type Json = any;

/** The headers of an answer that a document has to describe. */
const described = ["etag", "location", "allow", "retry-after"];

const made = new WeakMap<Json, z.ZodType>();

/** The schema of a document's schema object, whose references lead to the named ones of the same document. */
export function schemaIn(document: Json, schema: Json): z.ZodType {
  const known = made.get(schema) ?? read(document, schema);
  made.set(schema, known);
  return known;
}

function read(document: Json, schema: Json): z.ZodType {
  const all = { ...schema, $defs: document.components.schemas };
  const text = JSON.stringify(all, (key, value) => key === "$ref" ? localOf(document, value) : value);
  return z.fromJSONSchema(JSON.parse(text));
}

/** Where a reference leads to, below `$defs`. Throws where it leads to nothing in the document (RFC 6901). */
function localOf(document: Json, reference: string): string {
  const target = reference.split("/").slice(1).reduce((at, name) => at?.[name], document);
  assert.ok(reference.startsWith("#/components/schemas/") && target !== undefined, `${reference} leads to nothing`);
  return reference.replace("#/components/schemas/", "#/$defs/");
}

/** Compares status, content type and headers of an answer with what an operation says, and returns what it says. */
export function describedAnswer(operation: Json, { status, headers }: Pick<Response, "status" | "headers">): Json {
  const answer = operation.responses[status] ?? operation.responses.default;
  for (const name of described) {
    const isDescribed = Object.keys(answer.headers ?? {}).some((known) => known.toLowerCase() === name);
    if (headers.has(name)) assert.ok(isDescribed, `${status} has ${name}`);
    else if (status < 400) assert.ok(!isDescribed, `${status} has no ${name}`);
  }
  const type = headers.get("content-type");
  if (type === null) return assert.equal(answer.content, undefined);
  assert.ok(answer.content?.[type] !== undefined, `${status} ${type} is not in the document`);
  return answer.content[type];
}
