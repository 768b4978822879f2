import { shownBytes } from "../observe/shown_bytes.ts";
import { shownDate, shownLength } from "../observe/shown_time.ts";
import { type Html, html } from "./html.ts";

/** A time of the past, as long ago, with the time itself as its `title`. */
export function ago(at: number, now: number): Html {
  return html`<time datetime="${new Date(at).toISOString()}" title="${shownDate(at)}">${
    shownLength(now - at)
  } ago</time>`;
}

export function shownRate(bytesPerSecond: number): string {
  return `${shownBytes(Math.round(bytesPerSecond))}/s`;
}

/** A share from 0 to 1; a dash where it is not known. */
export function shownShare(share: number | null): string {
  if (share === null) return "–";
  const percent = share * 100;
  return `${percent >= 99.95 || percent < 0.05 ? Math.round(percent) : percent.toFixed(1)} %`;
}

/** A whole number with its thousands apart. */
export function shownNumber(count: number): string {
  return count.toLocaleString("en-GB");
}
