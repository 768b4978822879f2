import type { Command } from "../command.ts";
import { type Candidate, type Place, placesOf, type ValuedOption, valuedOptions } from "./candidates.ts";

/** Returns a script for bash, to be sourced. */
export function bashScript(commands: readonly Command[]): string {
  const valued = valuedOptions(commands);
  return `# Completion of artifact-vault for bash: source <(artifact-vault completion bash)
_artifact_vault() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command= word skip=
  COMPREPLY=()
  case $previous in
${valueCases(valued)}
  esac
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD - 1}"; do
    if [ -n "$skip" ]; then skip=; continue; fi
    case $word in
      ${valued.flatMap(({ names }) => names).join("|")}) skip=1 ;;
      -*) ;;
      *) case "$command\${command:+ }$word" in
${placesOf(commands).filter(({ words }) => words.length > 0).map(commandCase).join("\n")}
      esac ;;
    esac
  done
  case "$command" in
${placesOf(commands).map(placeCase).join("\n")}
  esac
}
complete -o filenames -F _artifact_vault artifact-vault
`;
}

function valueCases(valued: readonly ValuedOption[]): string {
  const actions = { file: "compgen -f", directory: "compgen -d", other: "" };
  const actionOf = ({ value, choices }: ValuedOption) =>
    choices.length > 0 ? `compgen -W "${choices.join(" ")}"` : actions[value];
  return [...Map.groupBy(valued, actionOf)].map(([action, options]) => {
    const body = action === "" ? "return" : `mapfile -t COMPREPLY < <(${action} -- "$current"); return`;
    return `    ${options.flatMap(({ names }) => names).join("|")}) ${body} ;;`;
  }).join("\n");
}

function commandCase({ words }: Place): string {
  return `        "${words.join(" ")}") command="${words.join(" ")}" ;;`;
}

function placeCase({ words, commands, options, takesFiles, choices }: Place): string {
  const plain = [...textsOf(commands), ...choices];
  const list = (texts: readonly string[], also = "") =>
    `mapfile -t COMPREPLY < <(compgen -W "${texts.join(" ")}"${also} -- "$current")`;
  const operands = list(plain, takesFiles ? " -f" : "");
  return `    "${words.join(" ")}") case $current in -*) ${list(textsOf(options))} ;; *) ${operands} ;; esac ;;`;
}

function textsOf(candidates: readonly Candidate[]): string[] {
  return candidates.map(({ text }) => text);
}
