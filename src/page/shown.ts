import { shownDate, shownLength } from "../observe/shown_time.ts";
import { type Html, html } from "./html.ts";

/** When a page is made; null for what is sent to open pages, whose script says how long ago a time was. */
export type Moment = number | null;

/**
 * A time of the past, as long ago, with the time itself as its `title`. The script counts on from `datetime`; for it,
 * the text stays the same while time passes, so that nothing is sent anew for the sake of an age.
 */
export function ago(at: number, now: Moment): Html {
  const date = new Date(at);
  // A file of the cache may say anything.
  if (Number.isNaN(date.getTime())) return html`at an unknown time`;
  const text = now === null ? shownDate(at) : `${shownLength(now - at)} ago`;
  return html`<time datetime="${date.toISOString()}" title="${shownDate(at)}">${text}</time>`;
}

/** A share from 0 to 1; a dash where it is not known. */
export function shownShare(share: number | null): string {
  if (share === null) return "–";
  const percent = share * 100;
  return `${percent >= 99.95 || percent < 0.05 ? Math.round(percent) : percent.toFixed(1)} %`;
}

/** How often something happened: `once`, `1,200 times`. */
export function timesOf(count: number): string {
  return count === 1 ? "once" : `${shownNumber(count)} times`;
}

/** A whole number with its thousands apart. */
export function shownNumber(count: number): string {
  return count.toLocaleString("en-GB");
}
