import { shownLine } from "../../observe/shown_text.ts";
import type { Look } from "./styled.ts";

/** Longer texts are cut before anything else is done with them. */
const mostChars = 4000;

/** Matches what takes no column of its own: marks on the character before, and signs that cannot be seen. */
const narrow = /[\p{Mn}\p{Me}\p{Cf}]/u;

/** Matches what takes two columns: wide and full-width characters (Unicode, UAX #11), and emoji. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{16fe0}-\u{18cff}\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

/** Returns the number of columns that a text takes on a terminal. */
export function textWidth(text: string): number {
  // deno-lint-ignore no-control-regex -- ASCII is what most texts are
  if (/^[\x00-\x7f]*$/.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

function characterWidth(character: string): number {
  if (character < "\u0300") return 1;
  return narrow.test(character) ? 0 : wide.test(character) ? 2 : 1;
}

/** Returns a text from anywhere as the terminal can show it: on one line, acting on nothing. */
export function showable(text: string, { isUnicode }: Pick<Look, "isUnicode">): string {
  const short = text.length <= mostChars
    ? text
    : `${text.slice(0, mostChars / 2)}${ellipsisOf({ isUnicode })}${text.slice(-mostChars / 2)}`;
  const shown = shownLine(short);
  return isUnicode ? shown : shown.replace(/[^\x20-\x7e]/g, escaped);
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function ellipsisOf({ isUnicode }: Pick<Look, "isUnicode">): string {
  return isUnicode ? "…" : "...";
}

/**
 * Shortens what `showable` has returned to a number of columns: names without their middle, since both ends tell, and
 * sentences without their end.
 */
export function cutTo(text: string, columns: number, { isUnicode, side }: CutOptions): string {
  if (textWidth(text) <= columns) return text;
  const ellipsis = ellipsisOf({ isUnicode });
  const room = columns - ellipsis.length;
  if (room <= 0) return ellipsis.slice(0, Math.max(0, columns));
  if (side === "end") return `${beginning(text, room)}${ellipsis}`;
  const tail = ending(text, Math.floor(room / 2));
  return `${beginning(text, room - textWidth(tail))}${ellipsis}${tail}`;
}

interface CutOptions extends Pick<Look, "isUnicode"> {
  readonly side: "middle" | "end";
}

function beginning(text: string, columns: number): string {
  let [taken, width] = ["", 0];
  for (const character of text) {
    width += characterWidth(character);
    if (width > columns) break;
    taken += character;
  }
  return taken;
}

function ending(text: string, columns: number): string {
  let [taken, width] = ["", 0];
  for (const character of [...text].reverse()) {
    width += characterWidth(character);
    if (width > columns) break;
    taken = character + taken;
  }
  return taken;
}
