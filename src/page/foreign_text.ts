import { shownLine } from "../observe/shown_text.ts";
import { type Html, html } from "./html.ts";

/** The most characters of a name that a page shows; more of it, which is the whole of nearly all, is in its `title`. */
const mostShown = 120;
const mostKept = 8000;

/**
 * Shows a name or a message from outside: on one line, cut where it is long, with the middle left out, so that both ends
 * can be read. Signs that turn the direction of text are written out, and its own direction turns nothing around it.
 */
export function foreign(text: string, most = mostShown): Html {
  const whole = wholeOf(text);
  if (whole.length <= most) return html`<bdi class="text">${whole}</bdi>`;
  return html`<bdi class="text" title="${whole}">${cut(whole, most)}</bdi>`;
}

/** The same as text, for who does not see it. */
export function foreignLabel(text: string): string {
  return cut(wholeOf(text), mostShown);
}

function wholeOf(text: string): string {
  return shownLine(text.length > mostKept ? `${start(text, mostKept)}…` : text);
}

function cut(whole: string, most: number): string {
  const half = Math.floor(most / 2);
  return whole.length <= most ? whole : `${start(whole, half)}…${end(whole, half)}`;
}

/** Characters that UTF-16 writes as a pair are never cut in two. */
function start(text: string, most: number): string {
  return text.slice(0, most).replace(/[\ud800-\udbff]$/, "");
}

function end(text: string, most: number): string {
  return text.slice(-most).replace(/^[\udc00-\udfff]/, "");
}
