import type { ClientHost } from "./backends/backend_type.ts";
import { backendTypes, typeOf } from "./backends/types.ts";
import type { Carrying } from "./carrying.ts";
import { typeNamesOf } from "./config/backend_schemas.ts";
import { type BackendConfig, type Config, createConfigSchema } from "./config/schema.ts";
import { unencryptedWarnings } from "./config/warnings.ts";
import type { WarmSource } from "./warming.ts";

/** The schema of the configuration, with the keys of all types of backend. */
export const configSchema = createConfigSchema(backendTypes);

/** Returns one sentence for each thing in a configuration that is allowed and hardly meant. */
export function warningsOf({ backends }: Config): string[] {
  return [
    ...backends.flatMap((backend) => unencryptedWarnings(backend.name, typeOf(backend).destinations?.(backend) ?? [])),
    ...backendTypes.flatMap((type) => type.warnings?.(backends.filter((one) => typeOf(one) === type), backends) ?? []),
  ];
}

/** Returns the upstream hosts that clients of a backend choose, besides those of the configuration. */
export function clientHostsOf(backend: BackendConfig): readonly ClientHost[] {
  return typeOf(backend).clientHosts?.(backend) ?? [];
}

/** Returns a line for each thing that backends of one type serve together, besides their own prefixes. */
export function sharedRoutesOf({ backends }: Config): string[] {
  return backendTypes.flatMap((type) =>
    type.sharedRoutes?.(backends.filter((one) => typeOf(one) === type), backends) ?? []
  );
}

/**
 * Returns what the configured backends know about filling their cache ahead, in the order of their types; of other types
 * what they know about URLs.
 */
export function warmSourcesOf({ backends }: Config): WarmSource[] {
  return backendTypes.flatMap((type): WarmSource[] => {
    const { adviceFor } = type;
    const own = backends.filter((one) => typeOf(one) === type);
    const source = own.length === 0 ? undefined : type.warming?.(own, backends);
    if (source === undefined && adviceFor === undefined) return [];
    return [{ pathOf: () => null, prefixes: [], ...source, ...adviceFor && { adviceFor } }];
  });
}

/** Returns what is special about the entries of a backend when they are carried in a bundle. */
export function carryingOf(backend: BackendConfig): Carrying {
  return typeOf(backend).carrying ?? {};
}

/** The same for the entries of a type of backend, the word after `type:`, which need not be a known one. */
export function carryingOfType(type: string): Carrying {
  return backendTypes.find(({ schema }) => typeNamesOf(schema).includes(type))?.carrying ?? {};
}

/** True for a type of backend, the word after `type:`, whose entries this backend can serve. */
export function canServe(backend: BackendConfig, type: string): boolean {
  return typeNamesOf(typeOf(backend).schema).includes(type);
}
