import { VaultError } from "../../errors.ts";

/** A key that has a line of its own. */
export interface LineValue {
  /** The section that it is in; absent where it is in none. */
  readonly section?: string;
  /** What the line begins with, up to its `=`, `:` or space. */
  readonly key: string;
  /** The whole line. */
  readonly line: string;
}

/** Sets keys, each where it is, or else at the beginning of its section, or else at the end. */
export function withLineValues(text: string, values: readonly LineValue[]): string {
  return values.reduce(withLineValue, text);
}

function withLineValue(text: string, { section, key, line }: LineValue): string {
  const endsOpen = text !== "" && !text.endsWith("\n");
  const lines = text === "" ? [] : (endsOpen ? text : text.slice(0, -1)).split("\n");
  const { from, to } = rangeOf(lines, section);
  const found = lines.findLastIndex((other, index) => index >= from && index < to && keyOf(other) === key);
  if (found >= 0) {
    if (lines[found] === line) return text;
    refuseContinued(lines, found);
    lines[found] = line;
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

/** A value of several lines cannot be replaced by one. */
function refuseContinued(lines: readonly string[], index: number): void {
  const isOpen = /[[{(\\]\s*$/.test(lines[index]!);
  if (!isOpen && !/^(?:\s+[^\s#;]|\s*- )/.test(lines[index + 1] ?? "")) return;
  throw new VaultError("config_invalid", `Line ${index + 1} begins a value of several lines; set it by hand`);
}
