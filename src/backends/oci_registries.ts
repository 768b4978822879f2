import { LRUCache } from "lru-cache";
import { VaultError } from "../errors.ts";
import { type HostFit, hostFits, HostPatterns } from "./oci_host_patterns.ts";
import { type OciRegistry, Registry } from "./oci_registry.ts";
import { isHubName } from "./oci_registry_name.ts";

/** Registries that are not configured, and asked all the same where a client names one of them. */
export interface Unconfigured {
  /** Patterns of their names, or `any`; none where this is empty. */
  readonly names: readonly string[];
  /** A registry by its name. */
  open(name: string): OciRegistry;
}

/** Why a registry is served: it is configured, or its name fits what may be asked besides. */
export type Claim = "configured" | HostFit;

/** From the strongest to the weakest. */
export const claims: readonly Claim[] = ["configured", ...hostFits];

export interface RegistriesOptions {
  /** In the order they are tried. */
  readonly registries: readonly OciRegistry[];
  /** Whether they stand in for Docker Hub, so that its names mean all of them. */
  readonly mirrorsHub: boolean;
  /** Absent where only those are asked that are configured. */
  readonly unconfigured?: Unconfigured;
}

/** The registries that are asked for an image, and what is first in its keys: the same for the same registries. */
export interface Scope {
  readonly word: string;
  /** Never empty. */
  readonly registries: readonly Registry[];
  /**
   * Whether the operator has named them. What a registry says of digests that only a client has named opens no bytes of
   * others.
   */
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
  readonly #unconfigured: Unconfigured | undefined;
  readonly #patterns: HostPatterns;
  readonly #opened = new LRUCache<string, Registry>({ max: maxOpened });

  constructor({ registries, mirrorsHub, unconfigured }: RegistriesOptions) {
    const configured = registries.map((registry) => new Registry(registry));
    this.#default = { word: defaultWord, registries: configured, isTrusted: true };
    this.#mirrorsHub = mirrorsHub;
    this.#unconfigured = unconfigured;
    this.#patterns = new HostPatterns(unconfigured?.names ?? []);
  }

  /** The names that clients may ask for registries by, or patterns of them; of Docker Hub's, the one that all know. */
  get names(): readonly string[] {
    const names = this.#default.registries.flatMap(({ isHub, names }) => isHub ? ["docker.io"] : [...names]);
    return [...new Set([...this.#mirrorsHub ? ["docker.io"] : [], ...names, ...this.#patterns.texts])];
  }

  /** Why a registry is served here, by its canonical name; null where it is not. */
  claimTo(name: string): Claim | null {
    const isConfigured = (this.#mirrorsHub && isHubName(name)) || this.#find(name) !== undefined;
    return isConfigured ? "configured" : this.#patterns.fit(name);
  }

  /**
   * Those that a name means, or the absence of one: then all that are configured. Throws `denied` where there is none.
   */
  scopeOf(name: string | null): Scope {
    if (name === null || (this.#mirrorsHub && isHubName(name))) return this.#defaultScope();
    const configured = this.#find(name);
    const registry = configured ?? this.#openedAs(name);
    if (registry === null) throw unknownRegistry(name, this.names);
    const isDefault = this.#default.registries.length === 1 && this.#default.registries[0] === registry;
    if (isDefault) return this.#default;
    const isTrusted = configured !== undefined || this.#patterns.fit(name) === "named";
    return { word: registry.ownName, registries: [registry], isTrusted };
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

  #openedAs(clientsName: string): Registry | null {
    if (this.#unconfigured === undefined || this.#patterns.fit(clientsName) === null) return null;
    const name = isHubName(clientsName) ? hubHost : clientsName;
    const known = this.#opened.get(name);
    if (known !== undefined) return known;
    const registry = new Registry(this.#unconfigured.open(name));
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
      "To serve it, add it to `repositories` of a backend, or its name to `registries`, which `any` opens to all",
  );
}
