import { VaultError } from "../../errors.ts";

/** A key that has a line of its own. */
export interface LineValue {
  /** The section that it is in; absent where it is in none. */
  readonly section?: string;
  /** What the line begins with, up to its `=`, `:` or space. */
  readonly key: string;
  /** The whole line. */
  readonly line: string;
  /** True where the client takes `Index_Url` for `index-url`. False when absent. */
  readonly isLoose?: boolean;
  /** Sections in which the key comes before this one: a file that has it there is refused. */
  readonly outrankedIn?: readonly string[];
  /**
   * For a list: what to add to the line that is there, behind a space. `refuse` where that cannot be done in one line.
   * The line is replaced when absent.
   */
  readonly adds?: { readonly item: string } | "refuse";
}

/** Keys whose values a client sends to whatever registry is set: nobody's secret may go to the vault that way. */
export interface Secrets {
  readonly section?: string;
  readonly keys: readonly string[];
}

/** The formats of files with one key a line. */
export type LineFormat = "ini" | "toml" | "yaml" | "plain";

/** Sets keys, each where it is, or else at the beginning of its section, or else at the end. */
export function withLineValues(text: string, format: LineFormat, values: readonly LineValue[]): string {
  // Lines are named by their numbers as they are now.
  for (const value of values) withLineValue(text, format, value);
  return values.reduce((before, value) => withLineValue(before, format, value), text);
}

function withLineValue(text: string, format: LineFormat, value: LineValue): string {
  const { section, key, line, outrankedIn = [] } = value;
  const endsOpen = text !== "" && !text.endsWith("\n");
  const lines = text === "" ? [] : (endsOpen ? text : text.slice(0, -1)).split("\n");
  const isKey = (name: string | null) => isSame(name, key, value.isLoose);
  const file = { lines, format, continued: continuedLines(lines, format, section) };
  const { from, to } = rangeOf(file, section);
  for (const stronger of outrankedIn) refuseIn(file, stronger, isKey);
  const all = keysIn(file, section, isKey);
  const found = all.at(-1);
  if (found !== undefined) {
    if (value.isLoose && all.length > 1) refuseLine(found, `sets ${key} a second time; remove one`);
    if (lines[found] === line) return text;
    refuseContinued(file, found);
    const next = replaced(lines[found]!, format, value, found);
    if (next === lines[found]) return text;
    lines[found] = next;
  } else if (section === undefined) lines.splice(to, 0, line);
  else if (from < 0) lines.push(...lines.length === 0 ? [] : [""], `[${section}]`, line);
  else lines.splice(from, 0, indentationOf(lines.slice(from, to), format) + line);
  return lines.join("\n") + (endsOpen ? "" : "\n");
}

/** Throws `config_invalid` where a file has a secret that its client would send to the vault. */
export function refuseSecrets(text: string, format: LineFormat, { section, keys }: Secrets): void {
  const lines = text.split("\n");
  const file = { lines, format, continued: continuedLines(lines, format, section) };
  const [found] = keysIn(file, section, (name) => name !== null && keys.includes(name));
  if (found === undefined) return;
  const key = keyOf(lines[found]!.trim());
  refuseLine(
    found,
    `has ${key} for whichever registry is set, and the vault would get it; bind it to its own registry, or remove it`,
  );
}

interface LineFile {
  readonly lines: readonly string[];
  readonly format: LineFormat;
  /** The lines that belong to the value above. */
  readonly continued: ReadonlySet<number>;
}

/** The lines of a section that have the key: where indentation means nothing, they may have some. */
function keysIn(file: LineFile, section: string | undefined, isKey: (name: string | null) => boolean): number[] {
  const { lines, format, continued } = file;
  const { from, to } = rangeOf(file, section);
  const mayIndent = format === "ini" || format === "toml";
  return [...lines.keys()].filter((index) =>
    from >= 0 && index >= from && index < to && !continued.has(index) &&
    isKey(keyOf(mayIndent ? lines[index]!.trimStart() : lines[index]!))
  );
}

/** Python's configparser takes lines that are further in than a key for its value; npm's files have no such lines. */
function continuedLines(lines: readonly string[], format: LineFormat, section: string | undefined): Set<number> {
  const continued = new Set<number>();
  if (format !== "ini" || section === undefined) return continued;
  let column: number | null = null;
  for (const [index, line] of lines.entries()) {
    if (/^\s*(?:[#;]|$)/.test(line)) continue;
    const own = line.search(/\S/);
    if (column !== null && own > column) continued.add(index);
    else column = headingOf(line) === null ? own : null;
  }
  return continued;
}

/** How the first key of a section is indented: further in, a key would continue the value above. */
function indentationOf(section: readonly string[], format: LineFormat): string {
  const first = section.find((line) => !/^\s*(?:[#;]|$)/.test(line)) ?? "";
  return format === "ini" ? /^\s*/.exec(first)![0] : "";
}

/** From where to where a section's lines are; -1 where there is no such section. */
function rangeOf({ lines, continued }: LineFile, section: string | undefined): { from: number; to: number } {
  const headings = lines.map((line, index) => continued.has(index) ? null : headingOf(line));
  const heading = section === undefined ? -1 : headings.indexOf(section);
  if (section !== undefined && heading < 0) return { from: -1, to: -1 };
  const next = headings.findIndex((name, index) => index > heading && name !== null);
  const again = section === undefined ? -1 : headings.indexOf(section, heading + 1);
  if (again >= 0) refuseLine(again, `begins [${section}] a second time; put both together`);
  return { from: heading + 1, to: next < 0 ? lines.length : next };
}

function headingOf(line: string): string | null {
  return /^\s*\[\s*([^\]]*?)\s*\]/.exec(line)?.[1] ?? null;
}

function keyOf(line: string): string | null {
  return /^(?:export\s+)?("[^"]*"|[^\s#;=:"]+)\s*(?:[=:]|\s|$)/.exec(line)?.[1] ?? null;
}

function isSame(one: string | null, other: string, isLoose = false): boolean {
  return one === other || isLoose && one?.toLowerCase().replaceAll("_", "-") === other;
}

/** The line in place of another one, as far in. */
function replaced(before: string, format: LineFormat, { key, line, adds }: LineValue, index: number): string {
  if (adds === "refuse") {
    refuseLine(index, `has a list, ${key}, with other items; add the vault by hand`);
  }
  if (adds !== undefined) {
    return before.split(/[\s=]+/).includes(adds.item) ? before : `${before.trimEnd()} ${adds.item}`;
  }
  if (format === "plain" && !oneWord.test(before)) {
    refuseLine(index, `does more than to set ${key}; set it by hand`);
  }
  return /^\s*/.exec(before)![0] + line;
}

/** A key, and a value of one word at most: what comes behind it in a shell would be lost. */
const oneWord = /^(?:export\s+)?[^\s=:]+[\s=:]*(?:"[^"]*"|'[^']*'|[^\s"'`;&]*)\s*(?:#[^]*)?$/;

function refuseIn(file: LineFile, section: string, isKey: (name: string | null) => boolean): void {
  const [found] = keysIn(file, section, isKey);
  if (found !== undefined) refuseLine(found, `sets it for [${section}] alone, which comes first; remove it`);
}

/** A value of several lines cannot be replaced by one. */
function refuseContinued({ lines, continued }: LineFile, index: number): void {
  const isOpen = /[[{(\\]\s*$/.test(lines[index]!);
  const next = lines.findIndex((line, other) => other > index && !/^\s*(?:[#;]|$)/.test(line));
  const text = lines[next] ?? "";
  const isFurtherIn = text.search(/\S/) > lines[index]!.search(/\S/) && headingOf(text) === null;
  if (!isOpen && !isFurtherIn && !continued.has(next) && !/^\s*- /.test(text)) return;
  refuseLine(index, "begins a value of several lines; set it by hand");
}

function refuseLine(index: number, why: string): never {
  throw new VaultError("config_invalid", `Line ${index + 1} ${why}`);
}
