import type { Io } from "./io.ts";

/** One option of a command, without its dashes in the table that holds it. */
export interface OptionSpec {
  /** The placeholder for the value in the help; a flag has none. */
  readonly value?: string;
  readonly short?: string;
  readonly help: string;
}

/** Options as given: text for those with a value, true for flags; absent where not given. */
export type OptionValues = Readonly<Partial<Record<string, string | true>>>;

export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  readonly examples: readonly string[];
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** Returns the exit code; throws VaultError. */
  run(values: OptionValues, io: Io): Promise<number>;
}
