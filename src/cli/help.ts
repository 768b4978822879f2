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

/** Returns the help of one command. */
export function commandHelp({ name, summary, options, examples }: Command): string {
  return sections(
    summary,
    `Usage: artifact-vault ${name} [OPTIONS]`,
    table("Options", Object.entries(options).map(([option, spec]) => [optionUsage(option, spec), spec.help])),
    list("Examples", examples),
  );
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
