import type { Io } from "./io.ts";

/** One option of a command. */
export interface OptionSpec {
  /** The placeholder for the value in the help; a flag has none. */
  readonly value?: string;
  readonly short?: string;
  readonly help: string;
}

/** Options by name, without dashes: text for those with a value, true for flags; absent where not given. */
export type OptionValues = Readonly<Partial<Record<string, string | true>>>;

export interface Command {
  readonly name: string;
  /** The line in the list of commands. */
  readonly summary: string;
  readonly examples: readonly string[];
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** Resolves with the exit code. Throws VaultError. */
  run(values: OptionValues, io: Io): Promise<number>;
}
