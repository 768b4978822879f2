import { z } from "zod";
import * as schemas from "./schemas.ts";
import type { Route } from "./route.ts";

type Json = Record<string, unknown>;

/** Describes routes in OpenAPI 3.1, whose schemas are JSON Schema 2020-12 as zod makes it. */
export function openApiOf(routes: readonly Route[], version: string): Json {
  const paths: Record<string, Json> = {};
  const named: Named = {};
  for (const route of routes) (paths[route.path] ??= {})[route.method.toLowerCase()] = operationOf(route, named);
  jsonSchema(schemas.problem, "output", named);
  return {
    openapi: "3.1.0",
    info: {
      title: "Artifact Vault",
      version,
      license: { name: "MIT", identifier: "MIT" },
      description: "What a running vault knows of itself, and what can be done about its cache. Whatever changes " +
        "something is for clients on the vault's own machine. Times are milliseconds since the epoch. HEAD is " +
        "answered wherever GET is.",
    },
    servers: [{ url: "/-/api/v1" }],
    security: [],
    paths,
    components: { schemas: named },
  };
}

/** The schemas that have a name, which others refer to. */
type Named = Record<string, unknown>;

function operationOf(route: Route, named: Named): Json {
  const { path, summary, query, body, answers, isPrivate = false, method } = route;
  const hasTag = method === "GET" && "answer" in route;
  const inPath = path.endsWith("{name}")
    ? [{ name: "name", in: "path", required: true, schema: { type: "string" }, description: "May contain slashes" }]
    : [];
  const isOpen = method === "GET" && !isPrivate;
  return {
    summary,
    operationId: `${method.toLowerCase()}${
      path.replace(/\W+(\w)/g, (_, letter) => letter.toUpperCase()).replace(/\W/g, "")
    }`,
    parameters: [...inPath, ...parametersOf(query, named)],
    ...body !== undefined && {
      requestBody: { content: { "application/json": { schema: jsonSchema(body, "input", named) } } },
    },
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, schema]) => [
          status,
          { description: "Done", ...headersOf(Number(status), hasTag), content: contentOf(schema, named) },
        ]),
      ),
      ...hasTag ? { 304: { description: "What If-None-Match names has not changed", headers: { ETag: etag } } } : {},
      ...isOpen ? {} : { 403: problemOf("Not the administrator, or a web page of another site") },
      default: {
        ...problemOf("What is wrong with the request, or went wrong"),
        headers: {
          Allow: header("The methods that are possible; with 405"),
          "Retry-After": header("Seconds to wait; with 503"),
        },
      },
    },
  };
}

const etag = header("Changes with the body");

function header(description: string): Json {
  return { description, schema: { type: "string" } };
}

function headersOf(status: number, hasTag: boolean): Json {
  if (status === 202) return { headers: { Location: header("Where the job is, which ends some time") } };
  return hasTag ? { headers: { ETag: etag } } : {};
}

function contentOf(schema: z.ZodType, named: Named): Json {
  const { mediaType = "application/json" } = (schema.meta() ?? {}) as { mediaType?: string };
  return { [mediaType]: { schema: jsonSchema(schema, "output", named) } };
}

function problemOf(description: string): Json {
  return { description, content: { "application/problem+json": { schema: { $ref: `${namedAt}Problem` } } } };
}

function parametersOf(query: z.ZodType, named: Named): readonly Json[] {
  const { properties = {}, required = [] } = jsonSchema(query, "input", named) as {
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

const namedAt = "#/components/schemas/";

/** What has a name goes into `named`, and references lead there: those of zod lead into the schema itself. */
function jsonSchema(schema: z.ZodType, io: "input" | "output", named: Named): Json {
  const { $schema: _, mediaType: _type, $defs = {}, ...rest } = JSON.parse(
    JSON.stringify(z.toJSONSchema(schema, { io, reused: "inline", unrepresentable: "any" })),
    (key, value) => key === "$ref" ? value.replace("#/$defs/", namedAt) : value,
  );
  Object.assign(named, $defs);
  return rest;
}
