/**
 * Matches what acts on a terminal or hides what it is: control characters, signs that turn the direction of text
 * (`Bidi_Control`), line ends of Unicode and halves of surrogate pairs. As ranges, it costs a line of the log least.
 */
const acting =
  // deno-lint-ignore no-control-regex -- control characters are what it looks for
  /[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]/u;
const eachActing = new RegExp(acting, "gu");

/**
 * Returns text of which nothing acts on a terminal, whoever it comes from: such characters are shown as `\u001b`, which
 * JSON reads as the same ones. Line ends and tabs stay.
 */
export function shownText(text: string): string {
  return acting.test(text) ? text.replace(eachActing, (found) => /[\n\t]/.test(found) ? found : escaped(found)) : text;
}

/** The same on one line: a line end is shown as `\n`, a tab as `\t`. */
export function shownLine(text: string): string {
  return acting.test(text) ? text.replace(eachActing, escaped) : text;
}

/** Returns text whose lines after the first are indented, so that none looks like another text. */
export function indented(text: string): string {
  return text.replace(/\n(?! {2})/g, "\n  ");
}

function escaped(character: string): string {
  if (character === "\n") return "\\n";
  if (character === "\t") return "\\t";
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
