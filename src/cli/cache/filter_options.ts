import type { Inputs } from "../../cache_commands/contract.ts";
import { VaultError } from "../../errors.ts";
import { parsePattern } from "../../inventory/pattern.ts";
import type { Given, OptionSpec } from "../command.ts";
import type { Io } from "../io.ts";
import { durationOf } from "../option_values.ts";
import { carryOut } from "./carry_out.ts";
import type { OpenedCache } from "./opened_cache.ts";

/** The option of commands that work on the entries of some backends. */
export const backendOption: Readonly<Record<string, OptionSpec>> = {
  backend: { value: "NAME", repeats: true, help: "Only what this backend has in the cache" },
};

/** The options that choose entries. */
export const filterOptions: Readonly<Record<string, OptionSpec>> = {
  ...backendOption,
  match: {
    value: "GLOB",
    repeats: true,
    help: "Only names like this: * within a segment, ** across; without a slash, their last segment",
  },
  "older-than": { value: "AGE", help: "Only what was stored at least so long ago: 12h, 30d" },
  "unused-for": { value: "AGE", help: "Only what nobody has asked for in so long" },
};

/** Reads the options that choose entries. Throws `config_invalid`. */
export async function filterOf({ values, lists }: Given, cache: OpenedCache, io: Io): Promise<Inputs["ls"]> {
  const backends = await backendsOf(lists.backend, cache, io);
  return {
    ...backends && { backends },
    patterns: (lists.match ?? []).map((pattern) => parsePattern(pattern).text),
    olderThanMs: durationOf(values, "older-than"),
    unusedForMs: durationOf(values, "unused-for"),
  };
}

/** The backends that were named. Throws `config_invalid` for one that has nothing in the cache. */
export async function backendsOf(
  names: readonly string[] | undefined,
  cache: OpenedCache,
  io: Io,
): Promise<string[] | undefined> {
  if (names === undefined) return undefined;
  const known = await carryOut(cache, ["backends", {}], { io });
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return [...new Set(names)].sort();
  const those = known.length === 0 ? "there is nothing in it" : `there are ${known.join(", ")}`;
  throw new VaultError("config_invalid", `--backend: "${unknown}" has nothing in the cache "${cache.dir}"; ${those}`);
}
