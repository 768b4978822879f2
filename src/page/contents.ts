import { shownBytes } from "../observe/shown_bytes.ts";
import type { InventoryEntry, InventoryOrder, InventoryPage, InventorySummary } from "../status/inventory.ts";
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

/** What is looked for among the entries. */
export interface Wanted {
  readonly search: string;
  /** Empty for all backends. */
  readonly backend: string;
  readonly sort: InventoryOrder;
}

const orders: Readonly<Record<InventoryOrder, string>> = {
  name: "by name",
  size: "largest first",
  newest: "newest first",
  oldest: "oldest first",
  used: "last used first",
  unused: "longest unused first",
};

/** The form that looks for entries; it works without a script. What is `wanted` already stays as it is. */
export function searchForm(wanted: Wanted | null): Html {
  const search = wanted?.search.slice(0, 500) ?? "";
  return html`<form action="${entriesPath}" method="get" role="search">
    <label for="search">Part of a name</label>
    <input type="search" id="search" name="search" value="${search}" maxlength="500" autocomplete="off" spellcheck="false">
    ${wanted !== null && wanted.backend !== "" && html`<input type="hidden" name="backend" value="${wanted.backend}">`}
    ${wanted !== null && orderChoice(wanted.sort)}
    <button>Search</button></form>`;
}

function orderChoice(chosen: InventoryOrder): Html {
  const options = Object.entries(orders).map(([order, words]) =>
    html`
      <option value="${order}" ${order === chosen && html`
        selected
      `}>${words}</option>
    `
  );
  return html`<select name="sort" aria-label="Order">${options}</select>`;
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

/** A page of entries that were searched for; `query` has the other parameters of its address, `at` when they were read. */
export function entryList(
  { entries, next }: InventoryPage,
  { query, at, now }: { query: URLSearchParams; at: number | null; now: number },
): Html {
  const asOf = at !== null && html`<p class="small">The cache was read ${ago(at, now)}.</p>`;
  if (entries.length === 0) return html`<p>Nothing in the cache has such a name.</p>${asOf}`;
  const more = new URLSearchParams(query);
  if (next !== null) more.set("cursor", next);
  const rows = entries.map((entry) => entryCells(entry, now));
  return html`${asOf}${table({ label: "Entries", columns, rows })}${
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
