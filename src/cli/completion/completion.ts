import type { Action, Command } from "../command.ts";
import { bashScript } from "./bash.ts";
import { fishScript } from "./fish.ts";
import { zshScript } from "./zsh.ts";

const scripts: Readonly<Record<string, (commands: readonly Command[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

const shells = Object.keys(scripts);

/** Creates the command that prints completion scripts; `load` loads those of the program. */
export function createCompletion(load: () => Promise<readonly Command[]>): Action {
  return {
    name: "completion",
    summary: "Print a completion script for bash, zsh or fish",
    examples: ["artifact-vault completion bash > /etc/bash_completion.d/artifact-vault"],
    operands: { usage: "SHELL", help: shells.join(", "), least: 1, most: 1, choices: shells },
    options: {},
    async run({ operands: [shell = ""] }, io) {
      io.stdout(scripts[shell]!(await load()));
      return 0;
    },
  };
}
