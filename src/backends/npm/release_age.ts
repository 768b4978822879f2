import { VaultError } from "../../errors.ts";
import { versionOf } from "./names.ts";
import type { Facts } from "./packument_reader.ts";

/** The age from which versions are shown. */
export interface MinAge {
  readonly ms: number;
  /** True for a package whose versions are shown at once. */
  excepts(name: string): boolean;
}

/** Decides which versions of packages are too young for clients. */
export class ReleaseAge {
  readonly #minAge: MinAge | null;
  readonly #warn: (message: string) => void;
  readonly #withoutTimes = new Set<string>();

  constructor(minAge: MinAge | null, warn: (message: string) => void) {
    this.#minAge = minAge;
    this.#warn = warn;
  }

  /** True where versions of this package may be too young. */
  appliesTo(name: string): boolean {
    return this.#minAge !== null && !this.#minAge.excepts(name);
  }

  /** The versions that are too young now; none where the registry does not say how old they are, which is logged. */
  hidden(name: string, { recent, hasTimes }: Facts, registry: string): string[] {
    if (!this.appliesTo(name)) return [];
    if (!hasTimes) this.#warnOfTimes(registry);
    const until = Date.now() - this.#minAge!.ms;
    return recent.filter(({ publishedAt }) => publishedAt > until).map(({ version }) => version);
  }

  /** Throws `denied` for a tarball that is too young. */
  check(name: string, file: string, hidden: readonly string[]): void {
    const version = versionOf(name, file);
    if (version !== null && hidden.includes(version)) throw tooYoung(name, version);
  }

  #warnOfTimes(registry: string): void {
    if (this.#withoutTimes.has(registry)) return;
    this.#withoutTimes.add(registry);
    this.#warn(`min_age hides nothing of ${registry}: it does not say when versions were published`);
  }
}

/** Returns the error for a version that clients do not get yet. */
export function tooYoung(name: string, version: string): VaultError {
  return new VaultError("denied", `${name}@${version} was published too recently: "min_age" of this vault says so`);
}

/** Returns the error for a version that no document lists, where nothing is served whose age is not known. */
export function ofUnknownAge(name: string, file: string): VaultError {
  return new VaultError(
    "denied",
    `"${file}" is not in the document about "${name}", so that its age is not known, and this vault has a "min_age"`,
  );
}
