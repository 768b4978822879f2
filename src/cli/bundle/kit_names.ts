import { namesOfParts } from "../../archive/parts.ts";
import { kitNames, nameOf } from "../../bundle/kit.ts";
import { VaultError } from "../../errors.ts";

/** What is written into a kit besides what every kit has. */
export interface KitFiles {
  /** The name of the bundle, without a slash. */
  readonly bundle: string;
  readonly isSplit: boolean;
  readonly executables: readonly string[];
  /** The name of the summary; null where it goes elsewhere. */
  readonly summary: string | null;
}

interface Named {
  readonly name: string;
  /** What it is, for people. */
  readonly what: string;
}

/**
 * Throws `config_invalid` where two things of a kit would have the same name, or one has a name that is none. Case makes
 * no difference, as on FAT.
 */
export function requireKitNames({ bundle, isSplit, executables, summary }: KitFiles): void {
  const own = Object.entries(kitNames).map(([name, what]) => ({ name, what }));
  const names = isSplit ? namesOfParts(bundle) : [bundle];
  requireDistinct([
    ...own,
    ...names.map((name) => ({ name, what: isSplit ? "a part of the bundle" : "the bundle" })),
    ...executables.map((path) => ({ name: nameOf(path), what: `the executable "${path}"` })),
    ...summary === null ? [] : [{ name: summary, what: "the summary" }],
  ]);
}

function requireDistinct(all: readonly Named[]): void {
  const taken = new Map<string, Named>();
  for (const named of all) {
    if (named.name === "" || named.name === "." || named.name === ".." || /\p{Cc}/u.test(named.name)) {
      throw new VaultError("config_invalid", `--kit: ${named.what} needs a name for the kit, as in friday.tar`);
    }
    const key = named.name.toLowerCase();
    const other = taken.get(key);
    if (other !== undefined) {
      throw new VaultError(
        "config_invalid",
        `--kit: ${other.what}, "${other.name}", and ${named.what}, "${named.name}", would be one file in the kit` +
          `${other.name === named.name ? "" : " on a stick, where case makes no difference"}; give one another name`,
      );
    }
    taken.set(key, named);
  }
}
