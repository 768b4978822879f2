import { VaultError } from "../../errors.ts";
import type { Facts } from "./packument_reader.ts";
import type { RecentVersion } from "./packument_work.ts";

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

  /**
   * The versions that are too young now, or may be, since the registry says of others only when they were published. None
   * where it says that of no version, which is logged.
   */
  hidden(name: string, { recent, hasTimes }: Facts, registry: string): readonly RecentVersion[] {
    if (!this.appliesTo(name)) return [];
    if (!hasTimes) this.#warnOfTimes(registry);
    const until = Date.now() - this.#minAge!.ms;
    return recent.filter(({ publishedAt }) => publishedAt > until);
  }

  /** Throws `denied` for the tarball of a version that is hidden. */
  check(name: string, file: string, hidden: readonly RecentVersion[]): void {
    const found = hidden.find(({ files }) => files.includes(file));
    if (found !== undefined) throw tooYoung(name, found);
  }

  #warnOfTimes(registry: string): void {
    if (this.#withoutTimes.has(registry)) return;
    this.#withoutTimes.add(registry);
    this.#warn(`min_age hides nothing of ${registry}: it does not say when versions were published`);
  }
}

/** Returns the error for a version that clients do not get yet. */
function tooYoung(name: string, { version, publishedAt }: RecentVersion): VaultError {
  const why = Number.isFinite(publishedAt)
    ? 'was published too recently: "min_age" of this vault says so'
    : 'is of an age that its registry does not say, and this vault has a "min_age"';
  return new VaultError("denied", `${name}@${version} ${why}`);
}

/** Returns the error for a version that no document lists, where nothing is served whose age is not known. */
export function ofUnknownAge(name: string, file: string): VaultError {
  return new VaultError(
    "denied",
    `"${file}" is not in the document about "${name}", so that its age is not known, and this vault has a "min_age"`,
  );
}
