import { shownBytes } from "../observe/shown_bytes.ts";
import { shownLength } from "../observe/shown_time.ts";
import type { DiskStatus, Overview, UpstreamLogin, UpstreamState, UpstreamStatus } from "../status/status.ts";
import { cacheLimitOf } from "../status/disk.ts";
import { foreign } from "./foreign_text.ts";
import { type Content, type Html, html } from "./html.ts";
import { type Column, table } from "./table.ts";
import { ago, type Moment, shownNumber } from "./shown.ts";

const states: Readonly<Record<UpstreamState, { readonly word: string; readonly mood: string }>> = {
  unknown: { word: "not asked yet", mood: "calm" },
  answers: { word: "answers", mood: "good" },
  slow: { word: "slow", mood: "warn" },
  failing: { word: "failing", mood: "warn" },
  down: { word: "down", mood: "bad" },
};
const logins: Readonly<Record<UpstreamLogin, Html | null>> = {
  none: null,
  set: html`<br><span class="small">credentials set, not sent yet</span>`,
  accepted: html`<br><span class="small">credentials accepted</span>`,
  refused: html`<br><span class="state bad">credentials refused</span>`,
};
const moods = { well: "good", troubled: "warn", failing: "bad" } as const;
/** So many upstream hosts are shown; a vault that clients choose hosts for may know thousands. */
const mostUpstreams = 30;

/** What is known of how the vault is. */
export interface Health {
  readonly overview: Overview;
  readonly upstreams: readonly UpstreamStatus[];
  readonly disk: DiskStatus;
}

/** Is it well? */
export function wellbeing({ overview, upstreams, disk }: Health, now: Moment): Html {
  return html`
    <p class="verdict ${moods[overview.wellbeing]}" role="status">${foreign(overview.sentence, 600)}</p>
    ${overview.isOffline && html`<p><strong>Offline:</strong> no upstream is asked; what is cached is served.</p>`}
    ${warningsOf(overview)}
    ${upstreamTable(upstreams, now)}
    ${diskOf(disk)}
    <p class="small">Artifact Vault ${overview.version} on Deno ${overview.runtime}, started ${ago(
      overview.startedAt,
      now,
    )}.</p>
  `;
}

function warningsOf({ warnings, notReady }: Overview): Html | null {
  const all = [...notReady === null ? [] : [`Not ready: ${notReady}`], ...warnings];
  if (all.length === 0) return null;
  return html`
    <h3>To be looked at</h3>
    <ul class="warnings">${all.map((text) => html`<li>${foreign(text, 600)}</li>`)}</ul>
  `;
}

const columns: readonly Column[] = [
  { title: "Upstream", kind: "name" },
  { title: "State", isPlain: true },
  { title: "Requests", kind: "number" },
  { title: "First byte after", kind: "number" },
  { title: "Last failure" },
];

function upstreamTable(upstreams: readonly UpstreamStatus[], now: Moment): Html {
  if (upstreams.length === 0) return html`<p>No upstream is configured.</p>`;
  const more = upstreams.length - mostUpstreams;
  const rows = shownOf(upstreams).map((one) => upstreamCells(one, now));
  return html`${table({ label: "Upstreams", columns, rows })}${
    more > 0 &&
    html`<p class="small">and ${shownNumber(more)} more, at <a href="/-/api/v1/upstreams">/-/api/v1/upstreams</a></p>`
  }`;
}

/** Where there are too many, those in trouble are shown in any case. */
function shownOf(upstreams: readonly UpstreamStatus[]): readonly UpstreamStatus[] {
  if (upstreams.length <= mostUpstreams) return upstreams;
  const isCalm = ({ state, login }: UpstreamStatus) =>
    (state === "answers" || state === "unknown") && login !== "refused";
  return upstreams.toSorted((a, b) => Number(isCalm(a)) - Number(isCalm(b))).slice(0, mostUpstreams);
}

function upstreamCells(upstream: UpstreamStatus, now: Moment): readonly Content[] {
  const { origin, backends, state, failingSince, lastError, lastErrorAt, requests, firstByteMs, quota, login } =
    upstream;
  const { word, mood } = states[state];
  const since = failingSince !== null && html`, first failed ${ago(failingSince, now)}`;
  const left = quota !== null && html`<br><span class="small">${quotaOf(quota)}</span>`;
  const names = backends.map((name, at) => html`${at > 0 && ", "}${foreign(name)}`);
  return [
    html`${foreign(origin)}<span class="small">${names}</span>`,
    html`<span class="state ${mood}">${word}</span>${since}${logins[login]}${left}`,
    shownNumber(requests),
    firstByteMs === null ? "–" : `${shownNumber(Math.round(firstByteMs))} ms`,
    lastError === null
      ? "none"
      : html`${foreign(lastError, 200)}${lastErrorAt !== null && html`, ${ago(lastErrorAt, now)}`}`,
  ];
}

function quotaOf({ remaining, limit }: NonNullable<UpstreamStatus["quota"]>): string {
  return `${shownNumber(remaining)}${limit === null ? "" : ` of ${shownNumber(limit)}`} requests left`;
}

function diskOf(disk: DiskStatus): Html {
  const { directory, cacheBytes, maxBytes, minFreeBytes, freeBytes, diskBytes, growthBytesPerDay, fullAt } = disk;
  const space = freeBytes === null ? null : { freeBytes, totalBytes: diskBytes ?? 0 };
  const limit = cacheLimitOf({ cacheBytes, maxBytes, minFreeBytes, space });
  const isFull = limit !== null && cacheBytes >= limit;
  const growth = growthBytesPerDay === null || growthBytesPerDay <= 0
    ? null
    : `grows by ${shownBytes(Math.round(growthBytesPerDay))} a day`;
  const full = isFull
    ? "no room is left: what was not used for longest is removed for what comes"
    : fullAt === null
    ? null
    : `meets its limit in ${shownLength(Math.max(0, fullAt - Date.now()))}`;
  const facts = [
    `${shownBytes(cacheBytes)} in the cache${maxBytes === null ? "" : ` of at most ${shownBytes(maxBytes)}`}`,
    ...freeBytes === null
      ? []
      : [`${shownBytes(freeBytes)} free on the disk (the cache leaves ${shownBytes(minFreeBytes)} free)`],
    ...[growth, full].filter((fact) => fact !== null),
  ];
  return html`<h3>Disk</h3>
    ${
    limit !== null && html`
      <meter min="0" max="1" value="${isFull ? 1 : (cacheBytes / limit).toFixed(3)}" high="0.9"
        aria-label="The share of its room that the cache takes">${shownBytes(cacheBytes)}</meter>
    `
  }
    <p>${facts.join(", ")}. <span class="small">The cache is in ${foreign(directory)}.</span></p>`;
}
