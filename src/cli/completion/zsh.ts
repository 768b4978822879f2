import type { Command } from "../command.ts";
import type { Candidate } from "./candidates.ts";
import { shellScript } from "./shell_script.ts";

const actions = { file: "_files; ", directory: "_files -/; ", other: "" };

/** Returns a script for zsh: a function for `fpath`, which may also be sourced. */
export function zshScript(commands: readonly Command[]): string {
  return shellScript(commands, {
    head: `#compdef artifact-vault
# Completion of artifact-vault for zsh: artifact-vault completion zsh > "\${fpath[1]}/_artifact-vault"
_artifact-vault() {
  local current=\${words[CURRENT]} previous=\${words[CURRENT-1]} command= word skip=
  local -a options plain`,
    words: '"${(@)words[2,CURRENT-1]}"',
    foot:
      'if [[ $funcstack[1] = _artifact-vault ]]; then _artifact-vault "$@"; else compdef _artifact-vault artifact-vault; fi',
    values: ({ value, choices }) =>
      choices.length > 0 ? `plain=(${choices.map(quoted).join(" ")}); _describe value plain; ` : actions[value],
    offer({ commands, options, takesFiles, choices }) {
      const plain = [...commands, ...choices.map((text) => ({ text, help: "" }))];
      const operands = [
        ...plain.length > 0 || !takesFiles ? ["_describe argument plain"] : [],
        ...takesFiles ? ["_files"] : [],
      ].join("; ");
      return `options=(${described(options)}); plain=(${described(plain)})
      if [[ $current = -* ]]; then _describe option options; else ${operands}; fi`;
    },
  });
}

function described(candidates: readonly Candidate[]): string {
  const texts = candidates.map(({ text, help }) => help === "" ? text : `${text.replaceAll(":", "\\:")}:${help}`);
  return texts.map(quoted).join(" ");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
