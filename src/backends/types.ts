import { aptBackend } from "./apt/schema.ts";
import { httpBackend } from "./http/schema.ts";
import { ociBackend } from "./oci/schema.ts";
import { pypiBackend } from "./pypi/schema.ts";
import { shapeOf, typesOf } from "../config/walk.ts";

/** Every kind of backend there is: a new one is a file `schema_<type>.ts` and a line here. */
export const backendTypes = [
  httpBackend,
  ociBackend,
  pypiBackend,
  aptBackend,
] as const;

/** What may stand after `type:`. */
export const backendTypeNames: readonly string[] = backendTypes.flatMap((schema) =>
  typesOf(shapeOf(schema, undefined)).map(String)
);
