import { canonicalName, plainName } from "./registry_name.ts";

/**
 * The way in which the name of a registry fits: a pattern without a star names it, a star covers it, or all registries
 * fit.
 */
export type HostFit = "named" | "pattern" | "any";

/** From the closest fit to the widest. */
export const hostFits: readonly HostFit[] = ["named", "pattern", "any"];

/**
 * Patterns of registries' names: `quay.io`, or `*.gcr.io`, where a star stands for one whole label of the name. A port
 * is part of the name, unless it is 443. The word `any` fits every name.
 */
export class HostPatterns {
  /** The patterns as they are written. */
  readonly texts: readonly string[];
  readonly #fitsAny: boolean;
  readonly #names: ReadonlySet<string>;
  readonly #patterns: readonly RegExp[];

  constructor(texts: readonly string[]) {
    this.texts = texts;
    this.#fitsAny = texts.includes("any");
    const names = texts.filter((text) => text !== "any").map(canonicalName).map(plainName);
    this.#names = new Set(names.filter((name) => !name.includes("*")));
    this.#patterns = names.filter((name) => name.includes("*")).map(readPattern);
  }

  /**
   * Returns how a registry's canonical name fits; null where it does not. All names of Docker Hub fit like `docker.io`.
   */
  fit(canonical: string): HostFit | null {
    const name = plainName(canonical);
    if (this.#names.has(name)) return "named";
    if (this.#patterns.some((pattern) => pattern.test(name))) return "pattern";
    return this.#fitsAny ? "any" : null;
  }
}

function readPattern(name: string): RegExp {
  const source = name.replaceAll(".", String.raw`\.`).replaceAll("*", "[^.:]+");
  return new RegExp(`^${source}$`);
}
