import { LRUCache } from "lru-cache";
import { VaultError } from "../errors.ts";
import { isHubName, type OciRegistry, Registry } from "./oci_registry.ts";

export interface RegistriesOptions {
  /** In the order they are tried. */
  readonly registries: readonly OciRegistry[];
  /** Whether they stand in for Docker Hub, so that its names mean all of them. */
  readonly mirrorsHub: boolean;
  /** A registry that is not configured, by its name. */
  readonly openRegistry?: (name: string) => OciRegistry;
}

/** The registries that are asked for an image, and what is first in its keys: the same for the same registries. */
export interface Scope {
  readonly word: string;
  /** Never empty. */
  readonly registries: readonly Registry[];
  /** Whether they are configured. What a registry that a client has named says of digests opens no bytes of others. */
  readonly isTrusted: boolean;
}

/** No registry is called so. */
const defaultWord = "@default";
const maxOpened = 1000;
const hubHost = "registry-1.docker.io";

/** The registries of one backend, by the names clients use. */
export class Registries {
  readonly #default: Scope;
  readonly #mirrorsHub: boolean;
  readonly #open: RegistriesOptions["openRegistry"];
  readonly #opened = new LRUCache<string, Registry>({ max: maxOpened });

  constructor({ registries, mirrorsHub, openRegistry }: RegistriesOptions) {
    const configured = registries.map((registry) => new Registry(registry));
    this.#default = { word: defaultWord, registries: configured, isTrusted: true };
    this.#mirrorsHub = mirrorsHub;
    this.#open = openRegistry;
  }

  /** The names clients may ask for those by that are configured; of Docker Hub's, the one that all know. */
  get names(): readonly string[] {
    const names = this.#default.registries.flatMap(({ isHub, names }) => isHub ? ["docker.io"] : [...names]);
    return [...new Set(this.#mirrorsHub ? ["docker.io", ...names] : names)];
  }

  /** Whether registries that are not configured are asked as well. */
  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  has(name: string): boolean {
    return (this.#mirrorsHub && isHubName(name)) || this.#find(name) !== undefined;
  }

  /**
   * Those that a name means, or the absence of one: then all that are configured. Throws `denied` where there is none.
   */
  scopeOf(name: string | null): Scope {
    if (name === null || (this.#mirrorsHub && isHubName(name))) return this.#defaultScope();
    const configured = this.#find(name);
    const registry = configured ?? this.#openedAs(isHubName(name) ? hubHost : name);
    if (registry === null) throw unknownRegistry(name, this.names);
    const isDefault = this.#default.registries.length === 1 && this.#default.registries[0] === registry;
    if (isDefault) return this.#default;
    return { word: registry.ownName, registries: [registry], isTrusted: configured !== undefined };
  }

  #defaultScope(): Scope {
    if (this.#default.registries.length > 0) return this.#default;
    throw new VaultError(
      "denied",
      "No registry is configured here that would serve images whose registry is not named",
    );
  }

  #find(name: string): Registry | undefined {
    return this.#default.registries.find(({ names }) => names.has(name));
  }

  #openedAs(name: string): Registry | null {
    if (this.#open === undefined) return null;
    const known = this.#opened.get(name);
    if (known !== undefined) return known;
    const registry = new Registry(this.#open(name));
    this.#opened.set(name, registry);
    return registry;
  }
}

/** The error for a registry that is not configured. */
export function unknownRegistry(name: string, configured: readonly string[]): VaultError {
  const known = configured.length === 0 ? "none" : [...new Set(configured)].join(", ");
  return new VaultError(
    "denied",
    `The registry "${name}" is not configured here; configured: ${known}. ` +
      "To serve it, add it to `repositories` of a backend, or open a backend to all with `registries: any`",
  );
}
