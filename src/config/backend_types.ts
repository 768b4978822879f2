import { httpBackend } from "./schema_http.ts";

/** Every type of backend there is: a new one is a file `schema_<type>.ts` and a line here. */
export const backendTypes = [
  httpBackend,
] as const;

/** What may stand after `type:`. */
export const backendTypeNames: readonly string[] = backendTypes.flatMap((schema) => [...schema.shape.type.values]);
