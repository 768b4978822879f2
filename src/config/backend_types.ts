import { aptBackend } from "./schema_apt.ts";
import { httpBackend } from "./schema_http.ts";
import { ociBackend } from "./schema_oci.ts";
import { pypiBackend } from "./schema_pypi.ts";
import { shapeOf, typesOf } from "./walk.ts";

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
