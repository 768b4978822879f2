import { generalOptions } from "../arguments.ts";
import { type Action, type Command, isGroup, type OptionSpec } from "../command.ts";

/** One thing that may be typed, and what it means. */
export interface Candidate {
  readonly text: string;
  readonly help: string;
}

/** What may follow behind some words of a command line. */
export interface Place {
  /** The words of the command, such as `cache ls`; empty where none is named yet. */
  readonly words: readonly string[];
  /** The names of commands that may come next. */
  readonly commands: readonly Candidate[];
  readonly options: readonly Candidate[];
  /** True where operands are files. */
  readonly takesFiles: boolean;
  /** Words that operands may be; empty where they are no words that are known. */
  readonly choices: readonly string[];
}

/** An option with a value, and what that is. */
export interface ValuedOption {
  /** As it is typed, with its dashes; also its short form. */
  readonly names: readonly string[];
  readonly value: "file" | "directory" | "other";
  /** The words of which its value is one; empty where it may be anything. */
  readonly choices: readonly string[];
}

const fileWords = /FILE|LIST|KEY|PUB|BUNDLE|\bIN\b|\bOUT\b/;

/** All places of a command line, the one without a command first. */
export function placesOf(commands: readonly Command[]): readonly Place[] {
  const [first] = commands;
  const rest = commands.flatMap((command) => isGroup(command) ? placesOfGroup(command) : placesOfAction(command));
  const bare = first === undefined || isGroup(first) ? {} : first.options;
  const start = { words: [], commands: commands.map(named), options: optionsOf(bare), takesFiles: false, choices: [] };
  return [start, ...rest];
}

/** All options with a value of all commands; in which commands they have one does not differ. */
export function valuedOptions(commands: readonly Command[]): readonly ValuedOption[] {
  const actions = commands.flatMap((command) => isGroup(command) ? command.commands : [command]);
  const all = new Map(actions.flatMap(({ options }) => Object.entries(options)));
  return [...all].filter(([, { value }]) => value !== undefined).map(([name, spec]) => ({
    names: namesOf(name, spec),
    value: /DIR/.test(spec.value!) ? "directory" : fileWords.test(spec.value!) ? "file" : "other",
    choices: spec.choices ?? [],
  }));
}

/** An option as it is typed: `--config`, and `-c` where it has a short form. */
export function namesOf(name: string, { short }: OptionSpec): readonly string[] {
  return short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`];
}

function placesOfGroup(group: Extract<Command, { commands: unknown }>): Place[] {
  const start = {
    ...{ words: [group.name], commands: group.commands.map(named), options: optionsOf({}) },
    ...{ takesFiles: false, choices: [] },
  };
  return [start, ...group.commands.flatMap((action) => placesOfAction(action, group.name))];
}

/** The place behind a command; where a verb comes first, the places behind each verb, too. */
function placesOfAction({ name, options, operands }: Action, ...before: readonly string[]): Place[] {
  const words = [...before, name];
  const { usage = "", choices, verbs } = operands ?? {};
  const common = { commands: [], options: optionsOf(options) };
  const isFile = (usage: string) => choices === undefined && fileWords.test(usage);
  if (verbs === undefined) return [{ ...common, words, takesFiles: isFile(usage), choices: choices ?? [] }];
  const usageOf = (verb: string) => usage.split(" | ").find((one) => one.startsWith(`${verb} `)) ?? "";
  return [
    { ...common, words, takesFiles: false, choices: verbs },
    ...verbs.map((verb) => ({ ...common, words: [...words, verb], takesFiles: isFile(usageOf(verb)), choices: [] })),
  ];
}

function named({ name, summary }: Command): Candidate {
  return { text: name, help: summary };
}

function optionsOf(options: Readonly<Record<string, OptionSpec>>): Candidate[] {
  return Object.entries({ ...options, ...generalOptions }).map(([name, { help }]) => ({ text: `--${name}`, help }));
}
