import { shownBytes } from "../observe/shown_bytes.ts";
import type { InventoryEntry, InventoryPage, InventorySummary } from "../status/inventory.ts";
import { entryLink } from "./entry_link.ts";
import { foreign } from "./foreign_text.ts";
import { type Content, type Html, html } from "./html.ts";
import { type Column, table } from "./table.ts";
import { entriesPath } from "./paths.ts";
import { ago, type Moment, shownNumber, timesOf } from "./shown.ts";

const mostListed = 8;

/** What is in it? */
export function contents(summary: InventorySummary, now: Moment): Html {
  if (summary.at !== null) return summaryOf(summary, now);
  return html`<p>The list of what is cached is being read for the first time${
    summary.entriesRead > 0 && `: ${shownNumber(summary.entriesRead)} entries so far`
  }. It appears here once it is complete.</p>`;
}

/** The form that looks for entries; it works without a script. */
export function searchForm(search: string): Html {
  return html`<form action="${entriesPath}" method="get" role="search">
    <label for="search">Part of a name</label>
    <input type="search" id="search" name="search" value="${
    search.slice(0, 500)
  }" maxlength="500" autocomplete="off" spellcheck="false">
    <button>Search</button></form>`;
}

function summaryOf(
  { at, isReading, entries, backends, largest, newest, neverUsed, mostUsed }: InventorySummary,
  now: Moment,
): Html {
  if (entries === 0) {
    return html`<p>Nothing is cached yet. Looked ${ago(at!, now)}${isReading && ", and looking again"}.</p>`;
  }
  const ofBackends = backends.map(({ name, entries, entryBytes }, at) =>
    html`${at === 0 ? ": " : ", "}<a href="${entriesPath}?backend=${encodeURIComponent(name)}">${foreign(name)}</a> ${
      shownNumber(entries)
    } (${shownBytes(entryBytes)})`
  );
  const count = entries === 1 ? "1 entry" : `${shownNumber(entries)} entries`;
  return html`
    <p>${count}${ofBackends}. Counted ${ago(at!, now)}${isReading && ", and being counted again"}.</p>
    <div class="columns">
      ${listOf(
        "Largest",
        "size",
        largest.map((one) => html`${entryLink(one.name)} <span class="small">${shownBytes(one.sizeBytes)}</span>`),
      )}
      ${listOf(
        "Most used since the start",
        null,
        mostUsed.map((one) => html`${entryLink(one.name)} <span class="small">${timesOf(one.hits)}</span>`),
      )}
      ${listOf(
        "Newest",
        "newest",
        newest.map((one) => html`${entryLink(one.name)} <span class="small">${ago(one.storedAt, now)}</span>`),
      )}
      ${listOf(
        "Never asked for again",
        "unused",
        neverUsed.map((one) =>
          html`${entryLink(one.name)} <span class="small">${shownBytes(one.sizeBytes)}, ${
            ago(one.storedAt, now)
          }</span>`
        ),
      )}
    </div>
  `;
}

function listOf(title: string, sort: string | null, items: readonly Html[]): Html {
  return html`<div><h3>${title}</h3>${
    items.length === 0
      ? html`<p class="small">None.</p>`
      : html`<ol>${items.slice(0, mostListed).map((item) => html`<li>${item}</li>`)}</ol>`
  }${
    sort !== null && items.length > 0 &&
    html`<p class="small"><a href="${entriesPath}?sort=${sort}">Show all in this order</a></p>`
  }</div>`;
}

/** A page of entries that were searched for; `query` has the other parameters of its address. */
export function entryList(
  { entries, next }: InventoryPage,
  { query, now }: { query: URLSearchParams; now: number },
): Html {
  if (entries.length === 0) return html`<p>Nothing in the cache has such a name.</p>`;
  const more = new URLSearchParams(query);
  if (next !== null) more.set("cursor", next);
  const rows = entries.map((entry) => entryCells(entry, now));
  return html`${table({ label: "Entries", columns, rows })}${
    next !== null && html`<p><a href="${entriesPath}?${more.toString()}">More</a></p>`
  }`;
}

const columns: readonly Column[] = [
  { title: "Name", kind: "name" },
  { title: "Size", kind: "number" },
  { title: "Stored", kind: "time" },
  { title: "Last used", kind: "time" },
];

function entryCells({ name, sizeBytes, storedAt, usedAt, isUnused }: InventoryEntry, now: number): readonly Content[] {
  const used = usedAt === null ? "body not stored" : isUnused ? "not since then" : ago(usedAt, now);
  return [entryLink(name), shownBytes(sizeBytes), ago(storedAt, now), used];
}
