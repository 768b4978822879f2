import type { ClientSetup, FileChange, VaultAddress } from "../client_setup.ts";
import { type Edit, edited, isOnlyRead } from "../edit/edit.ts";
import type { LineValue } from "../edit/line_values.ts";
import { placesOf } from "../edit/repositories.ts";
import { scriptUrl } from "../path.ts";
import { userFolders } from "../user_folders.ts";
import { quoted } from "./quoted.ts";
import { shellFunctions } from "./shell_functions.ts";

/**
 * Returns the POSIX shell script that points a client at a vault as `setup` does, and undoes that. It does nothing before
 * its last line, so that one that was cut off changes nothing.
 */
export function composeScript(client: ClientSetup, vault: VaultAddress): string {
  const { name, scopes, restart = "", note = "", variables = [] } = client;
  return [
    "#!/bin/sh",
    `# Points ${name} at the vault at ${vault.url}. It shows what it changes, and keeps what was there:`,
    "#   --dry-run changes nothing; --undo restores; --user and --system choose whose settings;",
    "#   --root DIR for those in an image; --no-check does not ask whether the vault answers.",
    `client=${quoted(name)}`,
    `probe=${quoted(scriptUrl(client, vault))}`,
    `scopes=${quoted(scopes.join(" "))}`,
    `restart=${quoted(restart)}`,
    `note=${quoted(note)}`,
    `url=${quoted(vault.url)}`,
    `variables=${quoted(variables.join(" "))}`,
    "",
    shellFunctions,
    "",
    "folders() {",
    ...Object.entries(userFolders).map(([name, { variable, usual }]) =>
      `  case $${variable} in /*) ${name}=$root\${${variable}%/} ;; *) ${name}=$home${
        usual === "" ? "" : `/${usual}`
      } ;; esac`
    ),
    "}",
    "",
    "files() {",
    "  case $scope in",
    ...scopes.flatMap((scope) => [`    ${scope})`, ...client.files(vault, scope).flatMap(changeLines), "      ;;"]),
    "  esac",
    "}",
    "",
    'main "$@" </dev/null',
    "",
  ].join("\n");
}

function changeLines({ path, edit, isFound, shadowedBy }: FileChange): string[] {
  if (isFound) {
    return [
      `      for file in ${pathWord(path)}; do`,
      '        if [ -f "$file" ] && look "$file" \'\'; then',
      ...editLines(edit).map((line) => `          ${line}`),
      "        fi",
      "      done",
    ];
  }
  if (isOnlyRead(edit)) return withoutLines(pathWord(path), edit).map((line) => `      ${line}`);
  return [
    `      if look ${pathWord(path)} ${quoted(textOf(edit).trimEnd())}; then`,
    ...shadowedBy === undefined ? [] : [`        shadowed ${pathWord(shadowedBy)}`],
    ...editLines(edit).map((line) => `        ${line}`),
    "      fi",
  ];
}

/** What is in a file that has nothing else. */
export function textOf(edit: Edit): string {
  return edit.kind === "tables" ? edit.text : edited("", edit);
}

function pathWord(path: string): string {
  const [, folder = "", rest = ""] = /^(~\w*|\.|)\/(.*)$/.exec(path) ?? [];
  const usual: Readonly<Record<string, string>> = { "~": "home", ".": "here", "": "root" };
  return `"$${usual[folder] ?? folder.slice(1)}"/${rest.split("*").map(quoted).join("*")}`;
}

function editLines(edit: Edit): string[] {
  switch (edit.kind) {
    case "own":
      return [`own ${quoted(edit.text)}`];
    case "tables":
      return [`tables ${quoted(edit.text)} ${quoted(edit.key)} ${quoted(edit.isOfProject ? "yes" : "")}`];
    case "values":
      return [
        ...withoutLines('"$path"', edit),
        ...edit.values.map((value) => `value ${valueWords(edit.format, value)}`),
      ];
    case "json":
      return [mergeLine(edit, edit.item)];
    case "yaml":
      return [mergeLine(edit, edit.entries[0]!.item)];
    case "sources":
      return [`repositories ${quoted(placesOf(edit).map((pair) => pair.join(" ")).join("\n"))}`];
    case "xml":
      return [mergeLine(edit, edit.text)];
  }
}

function withoutLines(path: string, edit: Edit): string[] {
  if (edit.kind !== "values" || edit.secrets === undefined) return [];
  const { section = "", keys } = edit.secrets;
  return [`without ${path} ${[edit.format, section, keys.join(" ")].map(quoted).join(" ")}`];
}

/** `mark` shows that the vault is in a file already. */
function mergeLine(edit: Edit, mark: string): string {
  return `merge ${quoted(textOf(edit))} ${quoted(mark)}`;
}

function valueWords(format: string, { section = "", key, line, isLoose, adds, outrankedIn = [] }: LineValue): string {
  const added = adds === undefined || adds === "refuse" ? adds ?? "" : adds.item;
  return [format, section, key, line, isLoose ? "yes" : "", added, outrankedIn.join(" ")].map(quoted).join(" ");
}
