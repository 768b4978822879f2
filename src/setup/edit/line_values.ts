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

/** Sets keys, each where it is, or else at the beginning of its section, or else at the end. */
export function withLineValues(text: string, values: readonly LineValue[]): string {
  return values.reduce(withLineValue, text);
}

function withLineValue(text: string, value: LineValue): string {
  const { section, key, line, outrankedIn = [] } = value;
  const isKey = (other: string) => isSame(keyOf(other), key, value.isLoose);
  const endsOpen = text !== "" && !text.endsWith("\n");
  const lines = text === "" ? [] : (endsOpen ? text : text.slice(0, -1)).split("\n");
  const { from, to } = rangeOf(lines, section);
  for (const stronger of outrankedIn) refuseIn(lines, stronger, isKey);
  const found = lines.findLastIndex((other, index) => index >= from && index < to && isKey(other));
  if (found >= 0) {
    if (lines[found] === line) return text;
    refuseContinued(lines, found);
    const next = replaced(lines[found]!, value, found);
    if (next === lines[found]) return text;
    lines[found] = next;
  } else if (section === undefined) lines.splice(to, 0, line);
  else if (from < 0) lines.push(...lines.length === 0 ? [] : [""], `[${section}]`, line);
  else lines.splice(from, 0, line);
  return lines.join("\n") + (endsOpen ? "" : "\n");
}

/** From where to where a section's lines are; -1 where there is no such section. */
function rangeOf(lines: readonly string[], section: string | undefined): { from: number; to: number } {
  const heading = section === undefined ? -1 : lines.findIndex((line) => headingOf(line) === section);
  if (section !== undefined && heading < 0) return { from: -1, to: -1 };
  const next = lines.findIndex((line, index) => index > heading && headingOf(line) !== null);
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

/** The line in place of another one. */
function replaced(before: string, { key, line, adds }: LineValue, index: number): string {
  if (adds === undefined) return line;
  if (adds === "refuse") {
    throw new VaultError(
      "config_invalid",
      `Line ${index + 1} has a list, ${key}, with other items; add the vault by hand`,
    );
  }
  return before.split(/[\s=]+/).includes(adds.item) ? before : `${before.trimEnd()} ${adds.item}`;
}

function refuseIn(lines: readonly string[], section: string, isKey: (line: string) => boolean): void {
  const { from, to } = rangeOf(lines, section);
  const found = lines.findIndex((line, index) => from >= 0 && index >= from && index < to && isKey(line));
  if (found < 0) return;
  throw new VaultError(
    "config_invalid",
    `Line ${found + 1} sets it for [${section}] alone, which comes first; remove it`,
  );
}

/** A value of several lines cannot be replaced by one. */
function refuseContinued(lines: readonly string[], index: number): void {
  const isOpen = /[[{(\\]\s*$/.test(lines[index]!);
  if (!isOpen && !/^(?:\s+[^\s#;]|\s*- )/.test(lines[index + 1] ?? "")) return;
  throw new VaultError("config_invalid", `Line ${index + 1} begins a value of several lines; set it by hand`);
}
