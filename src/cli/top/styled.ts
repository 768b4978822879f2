/** How a text looks on a terminal that has colours. What it means is in its words too. */
export type Style = "good" | "warn" | "bad" | "heading" | "dim";

export interface Span {
  readonly text: string;
  /** Plain when absent. */
  readonly style?: Style;
}

/** A line of the terminal: texts that stand behind each other, in which nothing acts on it. */
export type Line = readonly Span[];

/** What a terminal can show. */
export interface Look {
  readonly columns: number;
  /** `Infinity` where there is no end. */
  readonly rows: number;
  /** False for ASCII alone. */
  readonly isUnicode: boolean;
  readonly hasColors: boolean;
}

/** Select Graphic Rendition (ECMA-48 §8.3.117). */
const codes: Readonly<Record<Style, string>> = { good: "32", warn: "33", bad: "1;31", heading: "1", dim: "2" };

/** Returns a line for a terminal, with its colours where it has any. */
export function paintedLine(line: Line, { hasColors }: Pick<Look, "hasColors">): string {
  return line.map(({ text, style }) => style === undefined || !hasColors ? text : `\x1b[${codes[style]}m${text}\x1b[0m`)
    .join("");
}

/** Returns a line as bare text. */
export function plainLine(line: Line): string {
  return line.map(({ text }) => text).join("").trimEnd();
}
