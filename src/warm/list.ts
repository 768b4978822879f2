import { messageOf, VaultError } from "../errors.ts";
import type { ListFile, ListForm, ListReading, WarmSettings, WarmSource } from "../warming.ts";
import { isListLine, withoutComment, type Writing } from "./line.ts";
import { type ListText, readBeginning, wholeText } from "./list_text.ts";
import { sbomForms } from "./sbom.ts";

/** A line of a list, and where it stands, for messages. */
export interface ListedLine {
  readonly text: string;
  /** A file with the number of the line, or the file alone where its form has no such lines; null for a line itself. */
  readonly at: string | null;
  /** `expanded` when absent. */
  readonly writing?: Writing;
}

/** Names something for people, with its place where it stands in a file. */
export function placed(what: string, at: string | null): string {
  return at === null ? what : `${at}: ${what}`;
}

export interface ListOptions {
  readonly sources: readonly WarmSource[];
  readonly settings: WarmSettings;
  /** Opens a file. Throws as Deno does, and so does the stream. */
  readonly open: (path: string) => Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
  readonly note: (message: string) => void;
}

/**
 * Reads what a command line names: a list, or a file of a form that one of the sources knows, recognised by its
 * content; a line of a list stands for itself, and so does a path of the vault where there is no such file. A list may
 * have any number of lines. Throws `config_invalid` for a file that cannot be read or is of no known form. Whoever does
 * not want the lines cancels them.
 */
export async function readList(named: string, options: ListOptions): Promise<ReadableStream<ListedLine>> {
  const itself = () => ReadableStream.from([{ text: named, at: null }]);
  if (isLineItself(named)) return itself();
  const text = isServed(named, options.sources) ? await openUnlessPath(named, options) : await openList(named, options);
  if (text === null) return itself();
  const lines = (beginning = "") => new LineStream(named, { beginning, note: options.note });
  if (text.rest !== null && isPlain(text, named, options.sources)) return text.rest.pipeThrough(lines(text.beginning));
  const file = { path: named, text: await whole(named, text) };
  const form = formOf(file, options.sources);
  if (form !== undefined) return ReadableStream.from(await linesOfForm(form, file, options));
  const [first] = file.text.split("\n").values().map(withoutComment).filter((line) => line !== "").take(1);
  if (first !== undefined && !isListLine(first)) throw unknownForm(file, options.sources);
  return ReadableStream.from([file.text]).pipeThrough(lines());
}

function formOf(file: ListFile, sources: readonly WarmSource[]): ListForm | undefined {
  return [...sbomForms(sources), ...sources.flatMap(({ forms = [] }) => forms)].find((form) => form.isForm(file));
}

/** True for a list that is one by its beginning. */
function isPlain({ beginning }: ListText, path: string, sources: readonly WarmSource[]): boolean {
  const lines = beginning.slice(0, beginning.lastIndexOf("\n") + 1);
  const first = lines.split("\n").map(withoutComment).find((line) => line !== "");
  return first !== undefined && isListLine(first) && formOf({ path, text: lines }, sources) === undefined;
}

interface LineStreamOptions extends Pick<ListOptions, "note"> {
  /** What was read of the text before. */
  readonly beginning: string;
}

/** Makes the lines of a list out of its text, and notes where it has none. */
class LineStream extends TransformStream<string, ListedLine> {
  constructor(path: string, { beginning, note }: LineStreamOptions) {
    let rest = "";
    let number = 0;
    let isEmpty = true;
    const enqueue = (lines: readonly string[], controller: TransformStreamDefaultController<ListedLine>) => {
      for (const line of lines) {
        number += 1;
        const text = withoutComment(line);
        if (text === "") continue;
        isEmpty = false;
        controller.enqueue({ text, at: `${path}:${number}` });
      }
    };
    const add = (text: string, controller: TransformStreamDefaultController<ListedLine>) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      enqueue(lines, controller);
    };
    super({
      start: (controller) => add(beginning, controller),
      transform: add,
      flush(controller) {
        enqueue([rest], controller);
        if (isEmpty) note(namesNothing(path));
      },
    });
  }
}

function namesNothing(path: string): string {
  return `"${path}" names nothing to warm`;
}

/** Says whether what names a list is a line of one instead. What begins with a slash may be a file. */
export function isLineItself(named: string): boolean {
  return isListLine(named) && !named.startsWith("/");
}

function isServed(path: string, sources: readonly WarmSource[]): boolean {
  const prefixes = sources.flatMap(({ prefixes }) => prefixes);
  return path.startsWith("/") && prefixes.some((prefix) => prefix === "/" || path.startsWith(`${prefix}/`));
}

/** Null where a path that the vault serves is not one of a file that can be read, so that the vault's is meant. */
async function openUnlessPath(path: string, { open, note }: ListOptions): Promise<ListText | null> {
  let text: ListText;
  try {
    text = await readBeginning(await open(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) {
      note(`"${path}" is taken as a path of the vault: this program may not read such a file`);
    }
    return null;
  }
  note(`"${path}" is read as a file; for the path of the vault, write it into a list`);
  return text;
}

async function linesOfForm(form: ListForm, file: ListFile, options: ListOptions): Promise<readonly ListedLine[]> {
  const { settings, note } = options;
  const reading: ListReading = {
    settings,
    note: (message) => note(`${file.path}: ${message}`),
    open: (path, from) => openFile(relativeTo(from.path, path), options),
  };
  const places = new Map<string, string>();
  for (const line of await form.linesOf(file, reading)) {
    const { text, at } = typeof line === "string" ? { text: line, at: file.path } : line;
    if (!places.has(text)) places.set(text, at);
  }
  if (places.size === 0) note(namesNothing(file.path));
  return joinLines([...places.keys()], options.sources)
    .map((text) => ({ text, at: places.get(text) ?? file.path, writing: "literal" }));
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

async function openFile(path: string, options: ListOptions): Promise<ListFile> {
  return { path, text: await whole(path, await openList(path, options)) };
}

function openList(path: string, { open, sources }: ListOptions): Promise<ListText> {
  return readable(path, async () => await readBeginning(await open(path)), sources);
}

function whole(path: string, text: ListText): Promise<string> {
  return readable(path, () => wholeText(text));
}

/** Reads a file, and throws `config_invalid` or `permission_missing` where that cannot be done. */
async function readable<T>(path: string, read: () => Promise<T>, sources: readonly WarmSource[] = []): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) {
      const message = `This program may not read "${path}"; add --allow-read=${path}`;
      throw new VaultError("permission_missing", message, { cause: error });
    }
    const prefixes = path.startsWith("/") ? [...new Set(sources.flatMap(({ prefixes }) => prefixes))] : [];
    const orPath = prefixes.length === 0 ? "" : `; paths of the vault begin with ${prefixes.join(", ")}`;
    const message = `Cannot read the list "${path}": ${reasonOf(error)}${orPath}`;
    throw new VaultError("config_invalid", message, { cause: error });
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.IsADirectory) return "it is a folder; name the files in it";
  if (error instanceof Deno.errors.PermissionDenied) return "this user may not read it";
  return messageOf(error);
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
