import type { z } from "zod";
import { type ValueType, valueTypeOf } from "./value_types.ts";
import { schemaOfBackend } from "./backend_schemas.ts";
import type { BackendConfig, Config, ConfigSchema } from "./schema.ts";
import { clientCertificate } from "./certificate_keys.ts";
import { childSchema, unwrap } from "./walk.ts";

/** Returns the URLs that a backend fetches from, in the order of their keys, whatever its type calls these. */
export function upstreamsOf(backend: BackendConfig, schema: ConfigSchema): string[] {
  return valuesOf("upstream", backend, schema);
}

/** Says whether a backend asks its upstreams at all. */
export function isOnline(backend: BackendConfig, config: Config): boolean {
  return !config.offline && !backend.config.offline;
}

/** Returns the files of certificate authorities that a backend trusts besides the global ones. */
export function authoritiesOf(backend: BackendConfig, schema: ConfigSchema): string[] {
  return valuesOf("authority", backend, schema);
}

/** Returns the files that hold a backend's secrets. */
export function secretFilesOf(backend: BackendConfig, schema: ConfigSchema): string[] {
  return valuesOf("secret", backend, schema);
}

/** Returns the certificates, each with its key, for a backend's upstreams: paths of PEM files. */
export function clientCertificatesOf(backend: BackendConfig, schema: ConfigSchema): ClientCertificate[] {
  const isOne: Wanted = (schema) => schema === clientCertificate;
  return [...collect(isOne, schemaOfBackend(schema), backend)] as ClientCertificate[];
}

type ClientCertificate = z.output<typeof clientCertificate>;

function valuesOf(role: ValueType<unknown>["role"], backend: BackendConfig, schema: ConfigSchema): string[] {
  return [...collect((schema) => valueTypeOf(schema)?.role === role, schemaOfBackend(schema), backend)].map(String);
}

type Wanted = (schema: z.core.$ZodType) => boolean;

function* collect(isWanted: Wanted, schema: z.core.$ZodType | null, value: unknown): Iterable<unknown> {
  if (schema === null || value === undefined) return;
  if (isWanted(unwrap(schema))) {
    yield value;
  } else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) yield* collect(isWanted, childSchema(schema, value, key), item);
  }
}
