import { isDeepStrictEqual } from "node:util";
import { parse as parseToml } from "smol-toml";
import { parse as parseYaml } from "yaml";
import { messageOf, VaultError } from "../../errors.ts";
import { type VaultRepositories, withRepositories } from "./repositories.ts";
import { type LineFormat, type LineValue, refuseSecrets, type Secrets, withLineValues } from "./line_values.ts";
import { withJsonItem } from "./json_item.ts";
import { withXmlElement, type XmlPlace } from "./xml_element.ts";
import { withYamlEntries, type YamlEntry } from "./yaml_entries.ts";

/** What has to be in a file. */
export type Edit =
  /** The whole file, which is the vault's own. */
  | { readonly kind: "own"; readonly text: string }
  /** Keys that have one line each; where there are none, a file is only looked at. */
  | {
    readonly kind: "values";
    readonly format: LineFormat;
    readonly values: readonly LineValue[];
    /** A file that has one of these is refused. */
    readonly secrets?: Secrets;
  }
  /** Tables at the end of a TOML file. */
  | {
    readonly kind: "tables";
    readonly text: string;
    /** The key that all of them are below; a script refuses files that have it, since it cannot parse them. */
    readonly key: string;
    /** Says why settings leave no place for them; null where they do. */
    readonly refusalOf?: (settings: Readonly<Record<string, unknown>>) => string | null;
    /** True for the file of a project, which has to be there. */
    readonly isOfProject?: boolean;
  }
  /** The first item of a list in a JSON object. */
  | { readonly kind: "json"; readonly key: string; readonly item: string }
  | { readonly kind: "yaml"; readonly entries: readonly YamlEntry[] }
  /** Repositories in sources of apt, in either format, that become those of a vault. */
  | { readonly kind: "sources" } & VaultRepositories
  /** An element of a list in an XML document. */
  | { readonly kind: "xml" } & XmlPlace;

/** True for an edit that never changes a file, and may refuse one. */
export function isOnlyRead(edit: Edit): boolean {
  return edit.kind === "values" && edit.values.length === 0;
}

const parsers: Readonly<Record<LineFormat, (text: string) => unknown>> = {
  ini: checkIni,
  toml: parseToml,
  yaml: (text) => parseYaml(text),
  plain: () => null,
};

/**
 * Returns the text of a file with what has to be in it. Byte order mark, line ends and a missing one at the end stay.
 * Throws `config_invalid` for what cannot be parsed, or cannot be changed without a loss.
 */
export function edited(original: string, edit: Edit): string {
  const mark = original.startsWith("\uFEFF") ? "\uFEFF" : "";
  const isCrlf = /\n/.test(original) && !/(?:^|[^\r])\n/.test(original);
  const text = original.slice(mark.length);
  if (!isCrlf) return mark + withEdit(text, edit);
  return mark + withEdit(text.replaceAll("\r\n", "\n"), edit).replaceAll("\n", "\r\n");
}

function withEdit(text: string, edit: Edit): string {
  switch (edit.kind) {
    case "own":
      return edit.text;
    case "values":
      if (edit.secrets !== undefined) refuseSecrets(text, edit.format, edit.secrets);
      return withValues(text, edit);
    case "tables":
      return checked(text, "toml", () => withTables(text, edit));
    case "json":
      return withJsonItem(text, edit.key, edit.item);
    case "yaml":
      return checked(text, "yaml", () => withYamlEntries(text, edit.entries));
    case "sources":
      return withRepositories(text, edit);
    case "xml":
      return withXmlElement(text, edit);
  }
}

function withValues(text: string, { format, values }: Extract<Edit, { kind: "values" }>): string {
  const result = checked(text, format, () => withLineValues(text, format, values));
  if (format !== "toml" && format !== "yaml") return result;
  // Nothing else may have changed, whatever the text looked like.
  const wanted = values.reduce<unknown>((settings, { section, line }) => {
    const own = parsers[format](line);
    return merged(settings, section === undefined ? own : { [section]: merged(settingsIn(settings, section), own) });
  }, parsers[format](text));
  // A clone has the usual prototypes.
  if (isDeepStrictEqual(structuredClone(parsers[format](result)), structuredClone(wanted))) return result;
  throw new VaultError("config_invalid", `It has no place for a new line. Add by hand: ${values[0]!.line}`);
}

function settingsIn(settings: unknown, section: string): unknown {
  return (settings as Readonly<Record<string, unknown>> | null)?.[section];
}

function merged(one: unknown, other: unknown): unknown {
  return { ...one ?? {}, ...other ?? {} };
}

function checked(text: string, format: LineFormat, change: () => string): string {
  parse(text, format, "It cannot be parsed");
  const result = change();
  parse(result, format, "It has settings beside which the vault's have no place");
  return result;
}

function parse(text: string, format: LineFormat, failure: string): unknown {
  try {
    return parsers[format](text);
  } catch (error) {
    throw new VaultError("config_invalid", `${failure}: ${messageOf(error).trim()}`, { cause: error });
  }
}

function withTables(text: string, { text: tables, refusalOf, isOfProject }: Extract<Edit, { kind: "tables" }>): string {
  if (text.includes(tables.trimEnd())) return text;
  if (isOfProject && text.trim() === "") {
    throw new VaultError("config_invalid", "There is no such file: run this in the directory of the project");
  }
  const refusal = refusalOf?.(parseToml(text)) ?? null;
  if (refusal !== null) throw new VaultError("config_invalid", refusal);
  return text.trim() === "" ? tables : `${text}${text.endsWith("\n") ? "\n" : "\n\n"}${tables}`;
}

function checkIni(text: string): void {
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const isKnown = /^\s*(?:[#;].*)?$|^\[[^\]]+\]\s*$|^[^\s=:[][^=:]*[=:]|^\s+\S|^[\w.-]+\s*$/.test(line);
    if (!isKnown) throw new Error(`line ${index + 1} is neither a section nor a key with a value`);
  }
}
