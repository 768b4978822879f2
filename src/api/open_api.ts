import { z } from "zod";
import * as schemas from "./schemas.ts";
import type { Route } from "./route.ts";

type Json = Record<string, unknown>;

/** Describes routes in OpenAPI 3.1, whose schemas are JSON Schema 2020-12 as zod makes it. */
export function openApiOf(routes: readonly Route[], version: string): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) (paths[route.path] ??= {})[route.method.toLowerCase()] = operationOf(route);
  return {
    openapi: "3.1.0",
    info: {
      title: "Artifact Vault",
      version,
      description: "What a running vault knows of itself, and what can be done about its cache. Whatever changes " +
        "something is for clients on the vault's own machine. Times are milliseconds since the epoch.",
    },
    servers: [{ url: "/-/api/v1" }],
    paths,
    components: { schemas: { Problem: jsonSchema(schemas.problem, "output") } },
  };
}

function operationOf(route: Route): Json {
  const { path, summary, query, body, answers, isPrivate = false, method } = route;
  const inPath = path.endsWith("{name}")
    ? [{ name: "name", in: "path", required: true, schema: { type: "string" }, description: "May contain slashes" }]
    : [];
  const isOpen = method === "GET" && !isPrivate;
  return {
    summary,
    operationId: `${method.toLowerCase()}${
      path.replace(/\W+(\w)/g, (_, letter) => letter.toUpperCase()).replace(/\W/g, "")
    }`,
    parameters: [...inPath, ...parametersOf(query)],
    ...body !== undefined && {
      requestBody: { content: { "application/json": { schema: jsonSchema(body, "input") } } },
    },
    responses: {
      ...Object.fromEntries(Object.entries(answers).map(([status, schema]) => [status, responseOf(schema)])),
      ...isOpen ? {} : { 403: problemOf("Not the administrator, or a web page of another site") },
      default: problemOf("What is wrong with the request, or went wrong"),
    },
  };
}

function responseOf(schema: z.ZodType): Json {
  const { mediaType = "application/json" } = (schema.meta() ?? {}) as { mediaType?: string };
  return { description: "Done", content: { [mediaType]: { schema: jsonSchema(schema, "output") } } };
}

function problemOf(description: string): Json {
  return { description, content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } } };
}

function parametersOf(query: z.ZodType): readonly Json[] {
  const { properties = {}, required = [] } = jsonSchema(query, "input") as {
    properties?: Record<string, Json>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: "query",
    required: required.includes(name),
    schema,
  }));
}

/** Each schema stands for itself, without references, so that whoever reads the document needs no resolver. */
function jsonSchema(schema: z.ZodType, io: "input" | "output"): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, reused: "inline", unrepresentable: "any" }) as Json;
  return rest;
}
