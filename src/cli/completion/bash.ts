import type { Command } from "../command.ts";
import type { Candidate } from "./candidates.ts";
import { shellScript } from "./shell_script.ts";

/** Returns a script for bash, to be sourced. */
export function bashScript(commands: readonly Command[]): string {
  const actions = { file: offered("-f"), directory: offered("-d"), other: "" };
  return shellScript(commands, {
    head: `# Completion of artifact-vault for bash: source <(artifact-vault completion bash)
_artifact_vault() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command= word skip=
  COMPREPLY=()`,
    words: '"${COMP_WORDS[@]:1:COMP_CWORD - 1}"',
    foot: "complete -o filenames -F _artifact_vault artifact-vault",
    values: ({ value, choices }) => choices.length > 0 ? offered(among(choices)) : actions[value],
    offer({ commands, options, takesFiles, choices }) {
      const operands = offered(`${among([...textsOf(commands), ...choices])}${takesFiles ? " -f" : ""}`);
      return `case $current in -*) ${offered(among(textsOf(options)))};; *) ${operands};; esac`;
    },
  });
}

function offered(from: string): string {
  return `mapfile -t COMPREPLY < <(compgen ${from} -- "$current"); `;
}

function among(texts: readonly string[]): string {
  return `-W "${texts.join(" ")}"`;
}

function textsOf(candidates: readonly Candidate[]): string[] {
  return candidates.map(({ text }) => text);
}
