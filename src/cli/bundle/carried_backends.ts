import type { CarriedBackend } from "../../bundle/collect_facts.ts";
import type { ServedBackend } from "../../bundle/served_backend.ts";
import { essentialsOf } from "../../config/essentials.ts";
import type { BackendConfig, Config } from "../../config/schema.ts";
import { canServe, carryingOf, configSchema } from "../../configuration.ts";
import { VaultError } from "../../errors.ts";

/** The backends of a configuration, or those that are named, as an export needs them. Throws `config_invalid`. */
export function carriedBackends(config: Config, names: readonly string[] | undefined): CarriedBackend[] {
  return chosen(config, names).map((backend) => {
    const { name, type } = backend;
    const carrying = carryingOf(backend);
    return {
      ...{ name, type },
      configuration: essentialsOf(backend, configSchema),
      imageParts: carrying.imageParts,
      digestOf: (entry) => carrying.digestOf?.(entry) ?? null,
      imageFolder: (entry) => carrying.imageFolder?.(entry) ?? "/",
      imageNames: (entry) => carrying.imageNames?.(entry, type) ?? [],
    };
  });
}

function chosen({ backends }: Config, names: readonly string[] | undefined): readonly BackendConfig[] {
  if (names === undefined) return backends.toSorted((a, b) => a.name < b.name ? -1 : 1);
  const known = backends.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) {
    return chosen({ backends } as Config, undefined).filter(({ name }) => names.includes(name));
  }
  throw new VaultError(
    "config_invalid",
    `--backend: "${unknown}" is not a backend of the configuration; there are ${known.join(", ")}`,
  );
}

/** Reads `--map A=B`. Throws `config_invalid`. */
export function parseMaps(maps: readonly string[], { backends }: Config): ReadonlyMap<string, string> {
  const known = backends.map(({ name }) => name);
  return new Map(maps.map((text) => {
    const [, from, to] = /^([^=]+)=([^=]+)$/.exec(text) ?? [];
    if (from === undefined || to === undefined) {
      throw new VaultError("config_invalid", `--map: "${text}" is not NAME=NAME, as in --map pypi=python`);
    }
    if (known.includes(to)) return [from, to];
    throw new VaultError(
      "config_invalid",
      `--map: "${to}" is not a backend of the configuration; there are ${known.join(", ")}`,
    );
  }));
}

/** Finds the backend that serves what a bundle has of a backend of some name. */
export function backendFinder(
  { backends }: Config,
  maps: ReadonlyMap<string, string>,
): (name: string) => ServedBackend | null {
  return (name) => {
    const backend = backends.find((one) => one.name === (maps.get(name) ?? name));
    if (backend === undefined) return null;
    const carrying = carryingOf(backend);
    return {
      name: backend.name,
      isRoot: (entry) => carrying.isRoot?.(entry) ?? false,
      serves: (type) => canServe(backend, type),
    };
  };
}
