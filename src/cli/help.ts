import type { NamedCommand } from "./arguments.ts";
import type { Command, OptionSpec } from "./command.ts";

/** Returns the help of the whole program. */
export function programHelp(commands: readonly Command[]): string {
  return sections(
    "Artifact Vault is a cache between programs that download things (docker, pip, apt, curl) and the places they\n" +
      "download from. It keeps what it fetches and serves it again, also when the upstream is slow, broken or gone.",
    "Usage: artifact-vault [COMMAND] [OPTIONS]",
    table("Commands", commands.map(({ name, summary }) => [name, summary])),
    table("Options", [
      ["-h, --help", "Show this help; artifact-vault COMMAND --help shows a command's options"],
      ["-V, --version", "Show the version"],
    ]),
    list("Examples", commands.flatMap(({ examples }) => examples)),
    "Without a command, serve is meant. While it runs, the page at / lists what is served and how clients use it.\nExit codes: 0 done, 1 failed while running, 2 wrong usage or configuration.",
  );
}

/** Returns the help of one command, or of a group of them. */
export function commandHelp({ words, command }: NamedCommand): string {
  const name = words.join(" ");
  const { summary, examples } = command;
  if ("commands" in command) {
    return sections(
      summary,
      `Usage: artifact-vault ${name} COMMAND [OPTIONS]`,
      table("Commands", command.commands.map((action) => [action.name, action.summary])),
      list("Examples", examples),
      `artifact-vault ${name} COMMAND --help shows a command's options.`,
    );
  }
  const { options, operands } = command;
  const all = Object.entries(options).map(([option, spec]) => [optionUsage(option, spec), helpOf(spec)] as const);
  return sections(
    summary,
    `Usage: artifact-vault ${name} ${operands === undefined ? "" : `${operands.usage} `}[OPTIONS]`,
    ...operands === undefined ? [] : [table("Arguments", [[operands.usage, operands.help]])],
    table("Options", [...all, ["-h, --help", "Show this help"]]),
    list("Examples", examples),
  );
}

function helpOf({ help, repeats }: OptionSpec): string {
  return repeats ? `${help}; may be repeated` : help;
}

function optionUsage(name: string, { short, value }: OptionSpec): string {
  return `${short === undefined ? "    " : `-${short}, `}--${name}${value === undefined ? "" : ` ${value}`}`;
}

function sections(...parts: readonly string[]): string {
  return `${parts.join("\n\n")}\n`;
}

function list(title: string, lines: readonly string[]): string {
  return [`${title}:`, ...lines.map((line) => `  ${line}`)].join("\n");
}

function table(title: string, rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return list(title, rows.map(([left, right]) => `${left.padEnd(width)}  ${right}`));
}
