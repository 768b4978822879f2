import type { Io } from "./io.ts";

/** One option of a command. */
export interface OptionSpec {
  /** The placeholder for the value in the help; a flag has none. */
  readonly value?: string;
  readonly short?: string;
  /** True where it may be given several times: its values are in `Given.lists`. Given twice otherwise, the last counts. */
  readonly repeats?: true;
  /** The words of which its value is one, for completion; anything when absent. */
  readonly choices?: readonly string[];
  readonly help: string;
}

/** The words of a command line that are no options, such as file names. */
export interface OperandSpec {
  /** Their place in the usage, such as `LIST...`. */
  readonly usage: string;
  readonly help: string;
  readonly least: number;
  /** `Infinity` for any number. */
  readonly most: number;
  /** The words that they may be; anything when absent. */
  readonly choices?: readonly string[];
  /** The words of which the first one is one, for completion; absent where it is as the others. */
  readonly verbs?: readonly string[];
}

/** Options by name, without dashes: text for those with a value, true for flags; absent where not given. */
export type OptionValues = Readonly<Partial<Record<string, string | true>>>;

/** A command line, as a command gets it. */
export interface Given {
  readonly values: OptionValues;
  /** The values of options that may be repeated, by name, in their order; absent where not given. */
  readonly lists: Readonly<Partial<Record<string, readonly string[]>>>;
  readonly operands: readonly string[];
}

interface Named {
  readonly name: string;
  /** The line in the list of commands. */
  readonly summary: string;
  /** Command lines, each of which the program understands. */
  readonly examples: readonly string[];
}

/** A command that does something. */
export interface Action extends Named {
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** None where absent. */
  readonly operands?: OperandSpec;
  /** Resolves with the exit code. Throws VaultError. */
  run(given: Given, io: Io): Promise<number>;
}

/** A word that stands before other commands, such as `cache` before `ls`. */
export interface Group extends Named {
  readonly commands: readonly [Action, ...Action[]];
}

export type Command = Action | Group;

/** Commands of which the first one is meant where a command line names none. */
export type Commands = readonly [Command, ...Command[]];

export function isGroup(command: Command): command is Group {
  return "commands" in command;
}

/** Returns every action of a list of commands, with the words that name it. */
export function actionsOf(
  commands: readonly Command[],
): { readonly words: readonly string[]; readonly action: Action }[] {
  return commands.flatMap((command) =>
    "commands" in command
      ? command.commands.map((action) => ({ words: [command.name, action.name], action }))
      : [{ words: [command.name], action: command }]
  );
}
