import type { z } from "zod";
import { type Kind, kindOf } from "./kinds.ts";
import { type BackendConfig, type Config, configSchema, isOci } from "./schema.ts";
import { clientCertificate } from "./certificate_keys.ts";
import { childSchema, unwrap } from "./walk.ts";

/** The URLs a backend fetches from, whatever its type calls them, in the order they are declared. */
export function upstreamsOf(backend: BackendConfig): string[] {
  return valuesOf("upstream", backend);
}

/** Whether a backend asks its upstreams at all. */
export function isOnline(backend: BackendConfig, config: Config): boolean {
  return !config.offline && !backend.config.offline;
}

/** The hosts that clients may choose besides: names, patterns with a star for a label, or `any`. */
export function hostsForClients(backend: BackendConfig): string[] {
  return isOci(backend) ? backend.config.registries.filter((name) => name !== "configured") : [];
}

/** The files of certificate authorities that a backend trusts besides the global ones. */
export function authoritiesOf(backend: BackendConfig): string[] {
  return valuesOf("authority", backend);
}

/** The files that hold a backend's secrets. */
export function secretFilesOf(backend: BackendConfig): string[] {
  return valuesOf("secret", backend);
}

/** The certificates, each with its key, that a backend's upstreams are shown: paths of PEM files. */
export function clientCertificatesOf(backend: BackendConfig): z.output<typeof clientCertificate>[] {
  const isOne: Wanted = (schema) => schema === clientCertificate;
  return [...collect(isOne, schemaOfBackends(), backend)] as z.output<typeof clientCertificate>[];
}

function valuesOf(role: Kind<unknown>["role"], backend: BackendConfig): string[] {
  return [...collect((schema) => kindOf(schema)?.role === role, schemaOfBackends(), backend)].map(String);
}

type Wanted = (schema: z.core.$ZodType) => boolean;

function schemaOfBackends(): z.core.$ZodType | null {
  const backends = childSchema(configSchema, undefined, "backends");
  return backends && childSchema(backends, undefined, 0);
}

function* collect(isWanted: Wanted, schema: z.core.$ZodType | null, value: unknown): Iterable<unknown> {
  if (schema === null || value === undefined) return;
  if (isWanted(unwrap(schema))) {
    yield value;
  } else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) yield* collect(isWanted, childSchema(schema, value, key), item);
  }
}
