import type { CommandName, Items, Line, Results } from "./contract.ts";

/** Takes what a command tells before its result. */
export interface Listener<Name extends CommandName> {
  /** Called with the number of files that were looked at meanwhile. */
  readonly visited: (files: number) => void;
  readonly item: (item: Items[Name]) => void;
}

/** Reads what comes of a command to its end, and returns the result. Throws as the command does. */
export async function resultOf<Name extends CommandName>(
  lines: AsyncIterable<Line<Name>>,
  { visited, item }: Listener<Name>,
): Promise<Results[Name]> {
  let result: Results[Name] | undefined;
  for await (const line of lines) {
    if ("visited" in line) visited(line.visited);
    else if ("result" in line) result = line.result;
    else item(line.item);
  }
  return result!;
}
