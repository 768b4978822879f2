import { parseArgs } from "node:util";
import { didYouMean } from "../config/nearest.ts";
import { type Action, actionsOf, type Command, type Commands, type Given, type OptionSpec } from "./command.ts";

/** A command that a command line names, with the words that name it. */
export interface NamedCommand {
  readonly words: readonly string[];
  readonly command: Command;
}

/** A parsed command line, or the mistake in it. */
export type Parsed =
  | { readonly kind: "run"; readonly action: Action; readonly given: Given }
  | { readonly kind: "help"; readonly named: NamedCommand | undefined }
  | { readonly kind: "version" }
  | {
    readonly kind: "mistake";
    readonly message: string;
    /** The words of the command whose help says more; empty where none is named. */
    readonly words: readonly string[];
  };

/** The options that every command has. */
export const generalOptions: Readonly<Record<string, OptionSpec>> = {
  help: { short: "h", help: "Show help, for a command where one is named" },
  version: { short: "V", help: "Show the version" },
};

/** Parses a command line. Without the name of a command, the first one is meant. */
export function parseArguments(args: readonly string[], commands: Commands): Parsed {
  const known = Object.assign({}, generalOptions, ...actionsOf(commands).map(({ action }) => action.options));
  const { tokens } = parseArgs({ args: [...args], options: declared(known), strict: false, tokens: true });
  const words = tokens.flatMap((token) => token.kind === "positional" ? token.value : []);
  const found = findCommand(words, commands);
  const { named, operands } = found;
  const mistake = (message: string): Parsed => ({ kind: "mistake", message, words: named?.words ?? [] });
  const target = { name: named?.words.join(" ") ?? commands[0].name, command: named?.command ?? commands[0] };
  const values: Record<string, string | true> = {};
  const lists: Record<string, string[]> = {};
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const wrong = mistakeIn(token, target, known);
    if (wrong !== null) return mistake(wrong);
    values[token.name] = token.value ?? true;
    if (known[token.name]?.repeats && token.value !== undefined) (lists[token.name] ??= []).push(token.value);
  }
  if (found.mistake !== null) return mistake(found.mistake);
  if (values.help !== undefined) return { kind: "help", named };
  if (values.version !== undefined) return { kind: "version" };
  const { name, command } = target;
  if ("commands" in command) return mistake(`${name} needs a command: ${namesOf(command.commands)}`);
  const wrong = mistakeInOperands(operands, name, command);
  return wrong === null ? { kind: "run", action: command, given: { values, lists, operands } } : mistake(wrong);
}

interface Found {
  /** Undefined where the command line names no command. */
  readonly named: NamedCommand | undefined;
  /** The words behind the command's own. */
  readonly operands: readonly string[];
  /** The mistake in the first words; null where they name a command, or there are none. */
  readonly mistake: string | null;
}

function findCommand([name, ...rest]: readonly string[], commands: readonly Command[]): Found {
  const command = commands.find((one) => one.name === name);
  if (name === undefined || command === undefined) {
    return { named: undefined, operands: [], mistake: name === undefined ? null : unknownCommand(name, "", commands) };
  }
  const [second, ...operands] = rest;
  if (!("commands" in command)) return { named: { words: [name], command }, operands: rest, mistake: null };
  const action = command.commands.find((one) => one.name === second);
  if (action !== undefined) return { named: { words: [name, action.name], command: action }, operands, mistake: null };
  const wrong = second === undefined ? null : unknownCommand(second, ` of ${name}`, command.commands);
  return { named: { words: [name], command }, operands: [], mistake: wrong };
}

function unknownCommand(word: string, ofGroup: string, commands: readonly Command[]): string {
  const meant = meantBy(word) ?? didYouMean(word, commands.map(({ name }) => name));
  return `"${word}" is not a command${ofGroup}${meant}; known are ${namesOf(commands)}`;
}

function namesOf(commands: readonly Command[]): string {
  return commands.map(({ name }) => name).join(", ");
}

/** Returns the command that an unknown word is probably meant for; null for most. */
function meantBy(word: string): string | null {
  const isPath = /[/\\]|\.(?:ya?ml|json|conf|cfg)$/i.test(word);
  const meant = word in generalOptions ? `--${word}` : isPath ? `--config ${word}` : null;
  return meant && ` (did you mean "${meant}"?)`;
}

function mistakeInOperands(operands: readonly string[], name: string, { operands: spec }: Action): string | null {
  const surplus = operands[spec?.most ?? 0];
  if (spec === undefined && surplus !== undefined) {
    return `"${surplus}" is one word too many${meantBy(surplus) ?? ""}; paths and values belong to an option`;
  }
  if (spec === undefined) return null;
  if (surplus !== undefined) return `"${surplus}" is one word too many: ${name} takes ${spec.usage}`;
  const unknown = operands.find((word) => spec.choices?.includes(word) === false);
  if (unknown !== undefined) {
    const meant = didYouMean(unknown, spec.choices!);
    return `"${unknown}" is not known${meant}; ${spec.usage} is one of ${spec.choices!.join(", ")}`;
  }
  return operands.length < spec.least ? `${name} needs ${spec.usage}: ${spec.help}` : null;
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

interface Target {
  readonly name: string;
  readonly command: Command;
}

function mistakeIn(token: OptionToken, target: Target, known: Readonly<Record<string, OptionSpec>>): string | null {
  const { name, rawName, value, inlineValue } = token;
  const own = "commands" in target.command ? {} : target.command.options;
  const allowed = { ...generalOptions, ...own };
  const spec = allowed[name];
  if (spec === undefined) {
    if (name in known) return `${target.name} takes no ${rawName}`;
    return `${rawName} is not an option${optionMeantBy(rawName, Object.keys(allowed))}`;
  }
  if (spec.value === undefined) return value === undefined ? null : `${rawName} takes no value`;
  const missing = value === undefined || value === "" || (!inlineValue && /^--?[a-z]/i.test(value));
  return missing ? `${rawName} needs a value: ${rawName} ${spec.value}` : null;
}

/** Guesses which option is meant. A single letter may be the first one of an option. */
function optionMeantBy(rawName: string, names: readonly string[]): string {
  if (rawName.startsWith("--")) return didYouMean(rawName, names.map((name) => `--${name}`));
  const meant = names.filter((name) => name.startsWith(rawName.slice(1).toLowerCase())).map((name) => `--${name}`);
  return meant.length === 0 ? "" : ` (did you mean ${meant.map((name) => `"${name}"`).join(" or ")}?)`;
}

function declared(options: Readonly<Record<string, OptionSpec>>) {
  const entries = Object.entries(options).map(([name, { value, short }]) => {
    const type: "string" | "boolean" = value === undefined ? "boolean" : "string";
    return [name, short === undefined ? { type } : { type, short }] as const;
  });
  return Object.fromEntries(entries);
}
