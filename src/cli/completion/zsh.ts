import type { Command } from "../command.ts";
import { type Candidate, type Place, placesOf, type ValuedOption, valuedOptions } from "./candidates.ts";

/** Returns a script for zsh: a function for `fpath`, which may also be sourced. */
export function zshScript(commands: readonly Command[]): string {
  const valued = valuedOptions(commands);
  return `#compdef artifact-vault
# Completion of artifact-vault for zsh: artifact-vault completion zsh > "\${fpath[1]}/_artifact-vault"
_artifact-vault() {
  local current=\${words[CURRENT]} previous=\${words[CURRENT-1]} command= word skip=
  local -a options plain
  case $previous in
${valueCases(valued)}
  esac
  for word in "\${(@)words[2,CURRENT-1]}"; do
    if [[ -n $skip ]]; then skip=; continue; fi
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
if [[ $funcstack[1] = _artifact-vault ]]; then _artifact-vault "$@"; else compdef _artifact-vault artifact-vault; fi
`;
}

function valueCases(valued: readonly ValuedOption[]): string {
  const actions = { file: "_files; ", directory: "_files -/; ", other: "" };
  const actionOf = ({ value, choices }: ValuedOption) =>
    choices.length > 0 ? `plain=(${choices.map(quoted).join(" ")}); _describe value plain; ` : actions[value];
  return [...Map.groupBy(valued, actionOf)].map(([action, options]) =>
    `    ${options.flatMap(({ names }) => names).join("|")}) ${action}return ;;`
  ).join("\n");
}

function commandCase({ words }: Place): string {
  return `        "${words.join(" ")}") command="${words.join(" ")}" ;;`;
}

function placeCase({ words, commands, options, takesFiles, choices }: Place): string {
  const plain = [...commands, ...choices.map((text) => ({ text, help: "" }))];
  return `    "${words.join(" ")}")
      options=(${described(options)})
      plain=(${described(plain)})
      if [[ $current = -* ]]; then _describe option options
      else ${
    [plain.length > 0 || !takesFiles ? "_describe argument plain" : "", takesFiles ? "_files" : ""].filter((one) =>
      one !== ""
    ).join("; ")
  }; fi ;;`;
}

function described(candidates: readonly Candidate[]): string {
  return candidates.map(({ text, help }) => quoted(help === "" ? text : `${text.replaceAll(":", "\\:")}:${help}`)).join(
    " ",
  );
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
