import { LRUCache } from "lru-cache";
import { VaultError } from "../../errors.ts";
import { type HostFit, hostFits, HostPatterns } from "./host_patterns.ts";
import { Registry, type RegistryOptions } from "./registry.ts";
import { isHubName, plainName } from "./registry_name.ts";

/** Registries that are not configured, and are asked when a client names one of them. */
export interface Unconfigured {
  /** Patterns of their names, or `any`; empty for none. */
  readonly names: readonly string[];
  /** Opens a registry by its name. */
  open(name: string): RegistryOptions;
}

/** The reason why a registry is served: it is configured, or its name fits a pattern. */
export type Claim = "configured" | HostFit;

/** From the strongest to the weakest. */
export const claims: readonly Claim[] = ["configured", ...hostFits];

export interface RegistriesOptions {
  /** The registries in the order they are tried. */
  readonly registries: readonly RegistryOptions[];
  /** True where they stand in for Docker Hub, so that its names mean all of them. */
  readonly mirrorsHub: boolean;
  /** Absent where only configured registries are asked. */
  readonly unconfigured?: Unconfigured;
}

/** The registries that are asked for an image, and the first word of its keys, the same for the same registries. */
export interface Scope {
  readonly word: string;
  /** The registries, never empty. */
  readonly registries: readonly Registry[];
  /**
   * True where the operator has named them. Bytes of other registries are never used on the word of one that only a
   * client has named.
   */
  readonly isTrusted: boolean;
  /**
   * True where they have the same images, so that one may answer for another that fails: a registry and its mirrors.
   */
  readonly areAlike: boolean;
}

/** The first word of keys whose registry the request does not name. No registry has this name. */
export const defaultWord = "@default";
/** Clients choose the names. */
const mostScopes = 1000;
const hubHost = "registry-1.docker.io";

/** The registries of one backend, by the names clients use. */
export class Registries {
  readonly #configured: readonly Registry[];
  readonly #default: Scope;
  readonly #mirrorsHub: boolean;
  readonly #unconfigured: Unconfigured | undefined;
  readonly #patterns: HostPatterns;
  readonly #scopes = new LRUCache<string, Scope>({ max: mostScopes });

  constructor({ registries, mirrorsHub, unconfigured }: RegistriesOptions) {
    this.#configured = registries.map((registry) => new Registry(registry));
    this.#mirrorsHub = mirrorsHub;
    this.#unconfigured = unconfigured;
    this.#patterns = new HostPatterns(unconfigured?.names ?? []);
    const unnamed = this.#configured.map((one) =>
      mirrorsHub && one.mirrorFit("docker.io") ? one.asMirrorOf("docker.io") : one
    );
    const areAlike = unnamed.some(({ isMirror }) => isMirror) && unnamed.every(({ isHub }) => isHub);
    this.#default = { word: defaultWord, registries: unnamed, isTrusted: true, areAlike };
  }

  /** The names of registries for clients, or patterns of them; of Docker Hub's names, the best known. */
  get names(): readonly string[] {
    const names = this.#configured.flatMap((
      { isHub, names, mirrors },
    ) => [...isHub ? ["docker.io"] : names, ...mirrors]);
    const all = [...this.#mirrorsHub ? ["docker.io"] : [], ...names, ...this.#patterns.texts];
    return [...new Set(all.filter((name) => name !== "any"))];
  }

  /** The registry of images whose registry is not named; null where there is none, or several. */
  get unnamed(): string | null {
    if (this.#mirrorsHub) return "docker.io";
    const [first, ...others] = this.#default.registries;
    return first === undefined || others.length > 0 ? null : first.isHub ? "docker.io" : first.ownName;
  }

  /** Returns the reason why a registry is served here, by its canonical name; null where it is not. */
  claimTo(name: string): Claim | null {
    const isConfigured = (this.#mirrorsHub && isHubName(name)) || this.#find(name) !== undefined;
    return isConfigured ? "configured" : this.#fit(name);
  }

  /**
   * The registries that a name means; all configured ones for null. Throws `denied` where there is none.
   */
  scopeOf(name: string | null): Scope {
    if (name === null || (this.#mirrorsHub && isHubName(name))) return this.#defaultScope();
    const plain = plainName(name);
    const known = this.#scopes.get(plain);
    if (known !== undefined) return known;
    const scope = this.#createScope(plain);
    this.#scopes.set(plain, scope);
    return scope;
  }

  #defaultScope(): Scope {
    if (this.#default.registries.length > 0) return this.#default;
    throw new VaultError(
      "denied",
      "No registry is configured here that would serve images whose registry is not named",
    );
  }

  /** The registry itself, where it is configured or opened, and its mirrors, in the order of the configuration. */
  #createScope(name: string): Scope {
    const own = this.#find(name);
    const registries = this.#configured.flatMap((one) => {
      if (one === own) return [one];
      return one.mirrorFit(name) === null ? [] : [one.asMirrorOf(name)];
    });
    const areAlike = registries.some(({ isMirror }) => isMirror);
    if (own === undefined) registries.push(...this.#opened(name));
    if (registries.length === 0) throw unknownRegistry(name, this.names);
    const unnamed = this.#default.registries;
    if (registries.length === 1 && unnamed.length === 1 && registries[0] === unnamed[0]) return this.#default;
    const word = own?.ownName ?? (isHubName(name) ? hubHost : name);
    return { word, registries, isTrusted: own !== undefined || this.#fit(name) === "named", areAlike };
  }

  #find(name: string): Registry | undefined {
    return this.#configured.find(({ names }) => names.has(name));
  }

  /** Returns how closely the name fits the patterns of registries that are not configured, or of mirrors. */
  #fit(name: string): HostFit | null {
    const fits = [this.#patterns.fit(name), ...this.#configured.map((one) => one.mirrorFit(name))];
    return hostFits.find((fit) => fits.includes(fit)) ?? null;
  }

  #opened(name: string): Registry[] {
    if (this.#unconfigured === undefined || this.#patterns.fit(name) === null) return [];
    return [new Registry(this.#unconfigured.open(isHubName(name) ? hubHost : name))];
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
