import { generalOptions } from "../arguments.ts";
import { type Action, type Command, isGroup, type OptionSpec } from "../command.ts";
import { placesOf } from "./candidates.ts";

/** Returns a script for fish, to be sourced. */
export function fishScript(commands: readonly Command[]): string {
  const names = commands.map(({ name }) => name);
  const none = `not __fish_seen_subcommand_from ${names.join(" ")}`;
  const [first] = commands;
  return [
    "# Completion of artifact-vault for fish: artifact-vault completion fish | source",
    "complete -c artifact-vault -f",
    ...commands.map((command) => line(none, `-a ${command.name}`, command.summary)),
    ...first === undefined || isGroup(first) ? [] : optionLines(none, first.options),
    ...commands.flatMap((command) => linesOf(command, names)),
    "",
  ].join("\n");
}

/** A word is a command's only where no other command stands before it: `ls` is one of `cache` and of `bundle`. */
function linesOf(command: Command, names: readonly string[]): string[] {
  const seen = `__fish_seen_subcommand_from ${command.name}`;
  if (!isGroup(command)) return actionLines(command, seen);
  const others = command.commands.map(({ name }) => name).filter((name) => !names.includes(name));
  const open = `${seen}; and not __fish_seen_subcommand_from ${others.join(" ")}`;
  return [
    ...command.commands.map(({ name, summary }) => line(open, `-a ${name}`, summary)),
    ...command.commands.flatMap((action) =>
      actionLines(action, `${seen}; and __fish_seen_subcommand_from ${action.name}`)
    ),
  ];
}

function actionLines(action: Action, seen: string): string[] {
  const verbs = action.operands?.verbs ?? [];
  const bare = verbs.length === 0 ? seen : `${seen}; and not __fish_seen_subcommand_from ${verbs.join(" ")}`;
  const [, ...places] = placesOf([action]);
  const operands = places.flatMap(({ words: [, verb], takesFiles, choices }) => {
    const condition = verb === undefined ? bare : `${seen}; and __fish_seen_subcommand_from ${verb}`;
    const files = takesFiles ? [`complete -c artifact-vault -n '${condition}' -F`] : [];
    return choices.length > 0 ? [...files, line(condition, `-a '${choices.join(" ")}'`, "")] : files;
  });
  return [...operands, ...optionLines(seen, action.options)];
}

function optionLines(condition: string, options: Readonly<Record<string, OptionSpec>>): string[] {
  return Object.entries({ ...options, ...generalOptions }).map(([name, { short, value, help, choices = [] }]) => {
    const words = choices.length > 0 ? ` -a '${choices.join(" ")}'` : "";
    const takes = value === undefined ? "" : /FILE|DIR|KEY|PUB|BUNDLE/.test(value) ? " -r -F" : ` -x${words}`;
    return line(condition, `-l ${name}${short === undefined ? "" : ` -s ${short}`}${takes}`, help);
  });
}

function line(condition: string, what: string, help: string): string {
  const described = help === "" ? "" : ` -d '${help.replace(/[\\']/g, "\\$&")}'`;
  return `complete -c artifact-vault -n '${condition}' ${what}${described}`;
}
