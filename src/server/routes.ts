import type { Backend } from "../backend.ts";
import { VaultError } from "../errors.ts";

/** A backend, and the part of a path that lies below its prefix. */
export interface Route {
  readonly backend: Backend;
  /** The prefix as it stands in the path; empty for the root. */
  readonly base: string;
  /** The rest of the path; begins with a slash. */
  readonly path: string;
}

/** Finds the backend with the longest prefix of a path. Prefixes end at the end of a segment. */
export class Routes {
  readonly #backends: readonly Backend[];

  constructor(backends: readonly Backend[]) {
    this.#backends = backends.toSorted((a, b) => b.prefix.length - a.prefix.length);
  }

  /** Null where no backend has a prefix of the path. */
  find(path: string): Route | null {
    for (const backend of this.#backends) {
      const { prefix } = backend;
      if (prefix === "/") {
        if (backend.serves?.(path) === false) continue;
        return { backend, base: "", path };
      }
      if (!path.startsWith(prefix)) continue;
      if (path.length === prefix.length) return { backend, base: prefix, path: "/" };
      if (path[prefix.length] === "/") return { backend, base: prefix, path: path.slice(prefix.length) };
    }
    return null;
  }

  /** The error for a path without a backend: it names the prefixes there are. */
  unknown(path: string): VaultError {
    return new VaultError(
      "unknown_route",
      `Nothing is served at "${path}"; the known prefixes are ${this.#prefixes()}`,
    );
  }

  #prefixes(): string {
    const whole = this.#backends.filter(({ serves }) => serves === undefined);
    const prefixes = whole.map(({ prefix }) => prefix).sort();
    return prefixes.length === 0 ? "none: no backend is configured" : prefixes.join(", ");
  }
}
