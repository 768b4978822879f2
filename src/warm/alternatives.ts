import { VaultError } from "../errors.ts";

const mostTexts = 100_000;

/** Matches the first innermost `{a,b}`, or range such as `[1-9]`, `[08-12]` or `[a-f]`; none behind a backslash. */
const alternatives = /(?<!\\)\{([^{},\s]*(?:,[^{},\s]*)+)\}|(?<!\\)\[(?:(\d+)-(\d+)|([a-z])-([a-z])|([A-Z])-([A-Z]))\]/;

/**
 * Returns all texts that `{a,b}` and `[1-9]` stand for, as in a shell and in curl; the text alone where it has none. A
 * brace or bracket behind a backslash stands for itself. Throws `config_invalid` for more than 100,000, and for a range that
 * goes down, which would stand for none.
 */
export function expandAlternatives(text: string): readonly string[] {
  return expandAll(text).map((one) => one.replace(/\\([{[])/g, "$1"));
}

function expandAll(text: string): readonly string[] {
  let texts = [text];
  for (;;) {
    const next = texts.flatMap((one) => expandFirst(one) ?? [one]);
    if (next.length > mostTexts) {
      throw new VaultError("config_invalid", `"${text}" stands for more than ${mostTexts} names; split it up`);
    }
    if (next.length === texts.length && next.every((one, index) => one === texts[index])) return texts;
    texts = next;
  }
}

function expandFirst(text: string): string[] | null {
  const match = alternatives.exec(text);
  if (match === null) return null;
  const [found, braced, first, last, ...letters] = match;
  const values = braced !== undefined
    ? braced.split(",")
    : first !== undefined
    ? numbersFrom(first, last!)
    : lettersFrom(...letters.filter((letter) => letter !== undefined) as [string, string]);
  if (values.length === 0) throw goesDown(found, text);
  return values.map((value) => text.slice(0, match.index) + value + text.slice(match.index + found.length));
}

function goesDown(range: string, text: string): VaultError {
  const [from, to] = range.slice(1, -1).split("-");
  return new VaultError(
    "config_invalid",
    `"${range}" in "${text}" stands for nothing: write [${to}-${from}], or \\${range} for the brackets themselves`,
  );
}

/** Numbers keep the leading zeros of the first. */
function numbersFrom(first: string, last: string): string[] {
  const [from, to] = [Number(first), Number(last)];
  const width = first.startsWith("0") ? first.length : 0;
  const count = Math.min(Math.max(to - from + 1, 0), mostTexts + 1);
  return Array.from({ length: count }, (_, index) => String(from + index).padStart(width, "0"));
}

function lettersFrom(first: string, last: string): string[] {
  const from = first.charCodeAt(0);
  return Array.from(
    { length: Math.max(last.charCodeAt(0) - from + 1, 0) },
    (_, index) => String.fromCharCode(from + index),
  );
}
