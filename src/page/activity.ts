import { shownBytes, shownRate } from "../observe/shown_bytes.ts";
import { shownLength } from "../observe/shown_time.ts";
import type { RecentRequest } from "../status/recent_request.ts";
import { type Overview, silentAfterSeconds, type TransferView } from "../status/status.ts";
import { entryLink } from "./entry_link.ts";
import { foreign, foreignLabel } from "./foreign_text.ts";
import { type Html, html } from "./html.ts";
import { type Column, table } from "./table.ts";
import { ago, type Moment, shownNumber } from "./shown.ts";

const mostTransfers = 50;

/** What is known of what is happening. */
export interface Happening {
  readonly overview: Overview;
  readonly transfers: readonly TransferView[];
  /** The latest first. */
  readonly requests: readonly RecentRequest[];
}

/** What is happening? Everybody sees the same, so that nobody's address is shown. */
export function activity({ overview, transfers, requests }: Happening, now: Moment): Html {
  const { requestsPerSecond, requestsUnderWay } = overview;
  return html`
    <p>${requestsPerSecond.toFixed(requestsPerSecond < 10 ? 1 : 0)} requests a second, ${shownNumber(
      requestsUnderWay,
    )} being answered, ${shownNumber(transfers.length)} ${transfers.length === 1
      ? "transfer"
      : "transfers"} under way.</p>
    ${transfersOf(transfers)}
    ${requestsOf(requests, now)}
  `;
}

function transfersOf(transfers: readonly TransferView[]): Html | null {
  if (transfers.length === 0) return null;
  return html`<h3>Transfers from upstreams</h3><ul class="transfers">${
    transfers.slice(0, mostTransfers).map(transferOf)
  }</ul>
    ${transfers.length > mostTransfers && html`<p class="small">and ${transfers.length - mostTransfers} more</p>`}`;
}

function transferOf(
  { name, upstream, followers, receivedBytes, sizeBytes, bytesPerSecond, silentSeconds, secondsLeft }: TransferView,
) {
  const size = sizeBytes === null ? "" : ` of ${shownBytes(sizeBytes)}`;
  const left = secondsLeft === null ? "" : `, ${shownLength(secondsLeft * 1000)} left`;
  const label = `Received of ${foreignLabel(name)}`;
  const bar = sizeBytes === null || sizeBytes === 0
    ? html`<progress aria-label="${label}"></progress>`
    : html`<progress aria-label="${label}" max="${sizeBytes}" value="${receivedBytes}"></progress>`;
  return html`<li>${entryLink(name)} ${bar}
    <span class="small">${shownBytes(receivedBytes)}${size} from ${foreign(upstream)}${
    silentSeconds < silentAfterSeconds
      ? ` at ${shownRate(bytesPerSecond)}${left}`
      : html`, <span class="state warn">nothing for ${shownLength(silentSeconds * 1000)}</span>`
  }; ${followersOf(followers)}</span></li>`;
}

function followersOf(followers: number): string {
  if (followers === 0) return "no client waits for it";
  return followers === 1 ? "for one client" : `for ${shownNumber(followers)} clients at once`;
}

const columns: readonly Column[] = [
  { title: "When", kind: "time", isPlain: true },
  { title: "Request", isPlain: true },
  { title: "Answer", isPlain: true },
  { title: "Why", isPlain: true },
];

function requestsOf(requests: readonly RecentRequest[], now: Moment): Html {
  if (requests.length === 0) return html`<p>No client has asked for anything since the start.</p>`;
  const rows = requests.map((request) => [ago(request.at, now), ...requestCells(request)]);
  return html`<h3>Last requests</h3>${table({ label: "Last requests", columns, rows, isLong: true })}`;
}

/** A note at a good status says that the answer was not sent to its end. */
function moodOf({ status, cache, note }: RecentRequest): string {
  if (status >= 500 || status < 400 && note.startsWith("interrupted")) return "bad";
  if (status >= 400 || cache === "stale" || note !== "") return "warn";
  return cache === "hit" ? "good" : "calm";
}

function requestCells(request: RecentRequest): readonly Html[] {
  const { method, path, entry, status, cache, bytes, ms, reason, note } = request;
  const mood = moodOf(request);
  const why = [reason, note].filter((text) => text !== "").join(": ") || (cache === "hit" ? "cached and fresh" : "–");
  const link = entry !== "" && status < 400 && html`<br><span class="small">${entryLink(entry)}</span>`;
  const size = `${shownBytes(bytes)} in ${shownNumber(Math.round(ms))} ms`;
  return [
    html`${method} ${foreign(path)}${link}`,
    html`<span class="state ${mood}">${status}${
      cache !== "error" && cache !== "none" && ` ${cache}`
    }</span><br><span class="small one-line">${size}</span>`,
    foreign(why, 300),
  ];
}
