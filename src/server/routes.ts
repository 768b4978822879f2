import type { Backend } from "../artifact.ts";
import { VaultError } from "../errors.ts";

/** A backend, and what is left of the path below its prefix: it begins with a slash. */
export interface Route {
  readonly backend: Backend;
  readonly path: string;
}

/** Finds the backend with the longest prefix that covers a path; prefixes end at segment boundaries. */
export class Routes {
  readonly #backends: readonly Backend[];

  constructor(backends: readonly Backend[]) {
    this.#backends = backends.toSorted((a, b) => b.prefix.length - a.prefix.length);
  }

  /** Throws `unknown_route`, with the prefixes there are. */
  find(path: string): Route {
    for (const backend of this.#backends) {
      const { prefix } = backend;
      if (prefix === "/") return { backend, path };
      if (!path.startsWith(prefix)) continue;
      if (path.length === prefix.length) return { backend, path: "/" };
      if (path[prefix.length] === "/") return { backend, path: path.slice(prefix.length) };
    }
    throw new VaultError("unknown_route", `Nothing is served at "${path}"; the known prefixes are ${this.#prefixes()}`);
  }

  #prefixes(): string {
    const prefixes = this.#backends.map(({ prefix }) => prefix).sort();
    return prefixes.length === 0 ? "none: no backend is configured" : prefixes.join(", ");
  }
}
