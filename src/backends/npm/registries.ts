import type { Candidate, Fetch } from "../../artifact.ts";
import { VaultError } from "../../errors.ts";
import { escapedName, scopeOf } from "./names.ts";

/** A configured registry. */
export interface RegistryOptions {
  /** Without a slash at its end. */
  readonly url: string;
  readonly fetch: Fetch;
  readonly idleTimeoutMs: number;
}

/** The registry of a scope. */
export interface ScopeOptions extends RegistryOptions {
  /** With its `@`. */
  readonly scope: string;
  /** True where no other registry is ever asked about a package of this scope. */
  readonly only: boolean;
}

/** A registry, and the URLs of what it has. */
export class Registry {
  /** Without a slash at its end. */
  readonly url: string;
  readonly #options: RegistryOptions;

  constructor(options: RegistryOptions) {
    this.url = options.url;
    this.#options = options;
  }

  packumentUrl(name: string): string {
    return `${this.url}/${escapedName(name)}`;
  }

  /** The usual URL of a tarball, where no document says which one it has. */
  tarballUrl(name: string, file: string): string {
    return `${this.url}/${name}/-/${file}`;
  }

  /** A URL of the registry, or one that its documents name, which may be anywhere. */
  candidate(url: string): Candidate {
    const { fetch, idleTimeoutMs } = this.#options;
    return { url, fetch, idleTimeoutMs };
  }
}

interface ScopeRegistry {
  readonly registry: Registry;
  readonly only: boolean;
}

export interface RegistriesOptions {
  readonly main: RegistryOptions;
  readonly scopes: readonly ScopeOptions[];
}

/** The registries of one backend: which of them may have a package. */
export class Registries {
  readonly main: Registry;
  /** By their scopes, in lower case: whoever writes one otherwise means the same. */
  readonly #scopes: ReadonlyMap<string, ScopeRegistry>;

  constructor({ main, scopes }: RegistriesOptions) {
    this.main = new Registry(main);
    this.#scopes = new Map(
      scopes.map(({ scope, only, ...own }) => [scope.toLowerCase(), { registry: new Registry(own), only }]),
    );
  }

  /** The registries that may have a package, in the order they are asked. */
  of(name: string): readonly [Registry, ...Registry[]] {
    const own = this.#ofScope(name);
    if (own === undefined) return [this.main];
    return own.only ? [own.registry] : [own.registry, this.main];
  }

  /** The registry that a document about a package came from; null for one that may not have it any more. */
  at(url: string, name: string): Registry | null {
    return this.of(name).find((registry) => registry.packumentUrl(name) === url) ?? null;
  }

  /** True for a package whose scope has a registry of its own. */
  hasOwn(name: string): boolean {
    return this.#ofScope(name) !== undefined;
  }

  /** The registry of the first scope in a text which no other registry may hear of; null where it names none. */
  privateIn(text: string): Registry | null {
    for (const [, name] of text.matchAll(/(?:@|%40)([\w.~-]+)/g)) {
      const own = this.#scopes.get(`@${name!.toLowerCase()}`);
      if (own?.only) return own.registry;
    }
    return null;
  }

  /** True where there are such scopes. */
  get hasPrivate(): boolean {
    return this.#scopes.values().some(({ only }) => only);
  }

  #ofScope(name: string): ScopeRegistry | undefined {
    return this.#scopes.get(scopeOf(name)?.toLowerCase() ?? "");
  }
}

/** Returns the error for a cached document of a registry that is not asked about this package as things are now. */
export function ofAnotherRegistry(name: string): VaultError {
  return new VaultError(
    "offline",
    `What is cached of "${name}" is of a registry that may not have it any more; offline, there is no other`,
  );
}
