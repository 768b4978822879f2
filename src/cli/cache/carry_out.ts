import type { CacheCommands, CommandName, Inputs, Items, Results } from "../../cache_commands/contract.ts";
import { resultOf } from "../../cache_commands/result_of.ts";
import type { Io } from "../io.ts";
import { interruptible } from "./interruptible.ts";
import { withVisits } from "./visits.ts";

export interface CarryOptions<Name extends CommandName> {
  readonly io: Io;
  /** True for what changes something: ^C then stops it between two steps. False when absent. */
  readonly changes?: boolean;
  readonly item?: (item: Items[Name]) => void;
}

/** Has a command done, shows how many files were looked at meanwhile, and returns its result. */
export async function carryOut<Name extends CommandName>(
  cache: CacheCommands,
  [name, input]: readonly [Name, Inputs[Name]],
  { io, changes = false, item }: CarryOptions<Name>,
): Promise<Results[Name]> {
  return await withVisits(io, ({ visited, hide }) => {
    const all = (signal: AbortSignal) =>
      resultOf(cache.run(name, input, signal), {
        visited,
        item(told) {
          hide();
          item?.(told);
        },
      });
    return changes ? interruptible(all) : all(new AbortController().signal);
  });
}
