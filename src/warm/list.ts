import { messageOf, VaultError } from "../errors.ts";
import type { ListFile, ListForm, ListReading, WarmSettings, WarmSource } from "../warming.ts";
import { isListLine, withoutComment } from "./line.ts";
import { sbomForms } from "./sbom.ts";

/** A line of a list, and where it stands, for messages. */
export interface ListedLine {
  readonly text: string;
  /** A file with the number of the line, or the file alone where its form has no such lines. */
  readonly at: string;
}

export interface ListOptions {
  readonly sources: readonly WarmSource[];
  readonly settings: WarmSettings;
  /** Reads a file as text. Throws as Deno does. */
  readonly readFile: (path: string) => Promise<string>;
  readonly note: (message: string) => void;
}

/**
 * Reads what a command line names: a list, or a file of a form that one of the sources knows, recognised by its
 * content; a line of a list stands for itself. Throws `config_invalid` for a file that cannot be read or is of no known
 * form.
 */
export async function readList(named: string, options: ListOptions): Promise<readonly ListedLine[]> {
  if (isLineItself(named)) return [{ text: named, at: "line" }];
  const file = await openFile(named, options.readFile);
  const form = [...sbomForms(options.sources), ...options.sources.flatMap(({ forms = [] }) => forms)]
    .find((form) => form.isForm(file));
  if (form !== undefined) return await linesOfForm(form, file, options);
  const lines = file.text.split("\n").map(withoutComment);
  const [first] = lines.filter((line) => line !== "");
  if (first !== undefined && !isListLine(first)) throw unknownForm(file, options.sources);
  return lines.flatMap((text, index) => text === "" ? [] : [{ text, at: `${named}:${index + 1}` }]);
}

/** Says whether what names a list is a line of one instead. A path is that of a file. */
export function isLineItself(named: string): boolean {
  return isListLine(named) && !named.startsWith("/");
}

async function linesOfForm(form: ListForm, file: ListFile, options: ListOptions): Promise<readonly ListedLine[]> {
  const { settings, note } = options;
  const reading: ListReading = {
    settings,
    note: (message) => note(`${file.path}: ${message}`),
    open: (path, from) => openFile(relativeTo(from.path, path), options.readFile),
  };
  const lines = new Set(await form.linesOf(file, reading));
  return joinLines([...lines], options.sources).map((text) => ({ text, at: file.path }));
}

/** Joins lines of sources for which that costs less, where they differ in their words only. */
function joinLines(lines: readonly string[], sources: readonly WarmSource[]): readonly string[] {
  const joining = sources.filter(({ joinsLines }) => joinsLines);
  const joined = new Map<string, string[]>();
  for (const line of lines) {
    const source = joining.find(({ scheme }) => line.startsWith(`${scheme}:`));
    const [first = "", ...rest] = line.split(" ");
    const isOption = (word: string) => source?.options?.some((name) => word.startsWith(`${name}=`)) ?? true;
    const head = [first, ...rest.filter(isOption)].join(" ");
    joined.set(head, [...joined.get(head) ?? [], ...rest.filter((word) => !isOption(word))]);
  }
  return [...joined].map(([head, words]) => [head, ...words].join(" "));
}

async function openFile(path: string, readFile: ListOptions["readFile"]): Promise<ListFile> {
  try {
    return { path, text: await readFile(path) };
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) {
      const message = `This program may not read "${path}"; add --allow-read=${path}`;
      throw new VaultError("permission_missing", message, { cause: error });
    }
    const isMissing = error instanceof Deno.errors.NotFound;
    const reason = isMissing ? "there is no such file" : messageOf(error);
    throw new VaultError("config_invalid", `Cannot read the list "${path}": ${reason}`, { cause: error });
  }
}

/** A path in a file is relative to the folder of that file. */
function relativeTo(from: string, path: string): string {
  if (/^(?:[/\\]|[a-z]:[/\\])/i.test(path)) return path;
  return from.slice(0, Math.max(from.lastIndexOf("/"), from.lastIndexOf("\\")) + 1) + path;
}

function unknownForm({ path }: ListFile, sources: readonly WarmSource[]): VaultError {
  const forms = [...sbomForms(sources), ...sources.flatMap(({ forms = [] }) => forms)].map(({ name }) => name);
  const examples = sources.flatMap(({ example }) => example ?? []);
  return new VaultError(
    "config_invalid",
    `"${path}" is neither a list (of lines such as ${[...examples, "https://host/path"].join(", ")}) nor one of: ` +
      forms.join(", "),
  );
}
