import type { z } from "zod";
import { type Kind, kindOf } from "./kinds.ts";
import { type BackendConfig, type Config, configSchema, isOci } from "./schema.ts";
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

function valuesOf(role: Kind<unknown>["role"], backend: BackendConfig): string[] {
  const backends = childSchema(configSchema, undefined, "backends");
  return [...collect(role, backends && childSchema(backends, undefined, 0), backend)];
}

function* collect(role: Kind<unknown>["role"], schema: z.core.$ZodType | null, value: unknown): Iterable<string> {
  if (schema === null || value === undefined) return;
  const kind = kindOf(unwrap(schema));
  if (kind !== undefined) {
    if (kind.role === role) yield String(value);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) yield* collect(role, childSchema(schema, value, key), item);
  }
}
