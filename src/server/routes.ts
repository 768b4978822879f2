import type { Backend } from "../backend.ts";
import { VaultError } from "../errors.ts";

/** A backend, and where a path stands in it. */
export interface Route {
  readonly backend: Backend;
  /** The prefix as it stands in the path: empty where it is the root. */
  readonly base: string;
  /** What is left of the path; begins with a slash. */
  readonly path: string;
}

/** Finds the backend with the longest prefix that covers a path; prefixes end at segment boundaries. */
export class Routes {
  readonly #backends: readonly Backend[];

  constructor(backends: readonly Backend[]) {
    this.#backends = backends.toSorted((a, b) => b.prefix.length - a.prefix.length);
  }

  /** Null where no prefix covers the path. */
  find(path: string): Route | null {
    for (const backend of this.#backends) {
      const { prefix } = backend;
      if (prefix === "/") return { backend, base: "", path };
      if (!path.startsWith(prefix)) continue;
      if (path.length === prefix.length) return { backend, base: prefix, path: "/" };
      if (path[prefix.length] === "/") return { backend, base: prefix, path: path.slice(prefix.length) };
    }
    return null;
  }

  /** The error for a path that no prefix covers: it names the prefixes there are. */
  unknown(path: string): VaultError {
    return new VaultError(
      "unknown_route",
      `Nothing is served at "${path}"; the known prefixes are ${this.#prefixes()}`,
    );
  }

  #prefixes(): string {
    const prefixes = this.#backends.map(({ prefix }) => prefix).sort();
    return prefixes.length === 0 ? "none: no backend is configured" : prefixes.join(", ");
  }
}
