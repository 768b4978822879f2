import { parseArgs } from "node:util";
import { didYouMean } from "../config/nearest.ts";
import type { Command, OptionSpec, OptionValues } from "./command.ts";

/** A parsed command line, or the mistake in it. */
export type Parsed =
  | { readonly kind: "run"; readonly command: Command; readonly values: OptionValues }
  | { readonly kind: "help"; readonly command: Command | undefined }
  | { readonly kind: "version" }
  | { readonly kind: "mistake"; readonly message: string };

const generalOptions: Readonly<Record<string, OptionSpec>> = {
  help: { short: "h", help: "Show help, for a command where one is named" },
  version: { short: "V", help: "Show the version" },
};

/** Parses a command line. Without the name of a command, the first one is meant. */
export function parseArguments(args: readonly string[], commands: readonly [Command, ...Command[]]): Parsed {
  const known = Object.assign({}, generalOptions, ...commands.map(({ options }) => options));
  const { tokens } = parseArgs({ args: [...args], options: declared(known), strict: false, tokens: true });
  const [name, ...rest] = tokens.flatMap((token) => token.kind === "positional" ? token.value : []);
  const named = commands.find((command) => command.name === name);
  const command = named ?? commands[0];
  const values: Record<string, string | true> = {};
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const wrong = mistakeIn(token, command, known);
    if (wrong !== null) return mistake(wrong);
    values[token.name] = token.value ?? true;
  }
  if (name !== undefined && named === undefined) {
    const names = commands.map((command) => command.name);
    const meant = meantBy(name) ?? didYouMean(name, names);
    return mistake(`"${name}" is not a command${meant}; known are ${names.join(", ")}`);
  }
  if (values.help !== undefined) return { kind: "help", command: named };
  if (values.version !== undefined) return { kind: "version" };
  const [surplus] = rest;
  if (surplus !== undefined) {
    return mistake(`"${surplus}" is one word too many${meantBy(surplus) ?? ""}; paths and values belong to an option`);
  }
  return { kind: "run", command, values };
}

/** Returns the command that an unknown word is probably meant for; null for most. */
function meantBy(word: string): string | null {
  const isPath = /[/\\]|\.(?:ya?ml|json|conf|cfg)$/i.test(word);
  const meant = word in generalOptions ? `--${word}` : isPath ? `--config ${word}` : null;
  return meant && ` (did you mean "${meant}"?)`;
}

function mistake(message: string): Parsed {
  return { kind: "mistake", message };
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

function mistakeIn(token: OptionToken, command: Command, known: Readonly<Record<string, OptionSpec>>): string | null {
  const { name, rawName, value, inlineValue } = token;
  const allowed = { ...generalOptions, ...command.options };
  const spec = allowed[name];
  if (spec === undefined) {
    if (name in known) return `${command.name} takes no ${rawName}`;
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
