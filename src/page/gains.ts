import { shownBytes } from "../observe/shown_bytes.ts";
import { hitRateOf, savedBytesOf, type Traffic } from "../observe/traffic.ts";
import type { HistoryReport, HistorySlot, HistorySum } from "../status/history_report.ts";
import { barChart } from "./bar_chart.ts";
import { foreign } from "./foreign_text.ts";
import { type Content, type Html, html } from "./html.ts";
import { type Column, table } from "./table.ts";
import { shownNumber, shownShare } from "./shown.ts";

const columns: readonly Column[] = [
  { title: "Hit rate", kind: "number" },
  { title: "Requests", kind: "number" },
  { title: "Sent to clients", kind: "number" },
  { title: "Fetched from upstreams", kind: "number" },
  { title: "Saved", kind: "number" },
];

const keys = {
  hits: "answered by the cache",
  misses: "upstream was needed",
  others: "others, such as a 404",
  errors: "errors",
};

/** What has it brought? */
export function gains(history: HistoryReport): Html {
  const spans = [["This minute", history.now], ["Last hour", history.hour], ["Last day", history.day], [
    "Last 30 days",
    history.month,
  ]] as const;
  return html`
    ${table({
      label: "What the cache has brought",
      columns: [{ title: "Time", kind: "name" }, ...columns],
      rows: spans.map(([name, { total }]) => trafficCells(name, total)),
    })}
    <div class="charts">
      ${chartOf("Requests by the hour, last day", history.hours, (at) => at.toISOString().slice(11, 16))}
      ${chartOf("Requests by the day, last 30 days", history.days, (at) => at.toISOString().slice(0, 10))}
    </div>
    <p class="small legend">${Object.entries(keys).map(([kind, words]) =>
      html`<span><span class="key ${kind}"></span> ${words}</span>`
    )}<span>Times are in UTC.</span></p>
    ${byBackend(history.month)}
  `;
}

function trafficCells(name: string | Html, traffic: Traffic): readonly Content[] {
  const { requests, sentBytes, fetchedBytes } = traffic;
  const bytes = [sentBytes, fetchedBytes, savedBytesOf(traffic)].map(shownBytes);
  return [name, shownShare(hitRateOf(traffic)), shownNumber(requests), ...bytes];
}

function byBackend({ backends }: HistorySum): Html | null {
  const rows = Object.entries(backends).toSorted(([, a], [, b]) => b.sentBytes - a.sentBytes).slice(0, 30);
  if (rows.length < 2) return null;
  return html`
    <h3>By backend, last 30 days</h3>
    ${table({
      label: "By backend",
      columns: [{ title: "Backend", kind: "name" }, ...columns],
      rows: rows.map(([name, traffic]) => trafficCells(foreign(name), traffic)),
    })}
  `;
}

function chartOf(label: string, slots: readonly HistorySlot[], shownTime: (at: Date) => string): Html {
  const bars = slots.map(({ from, total: { requests, hits, misses, errors } }) => {
    const others = Math.max(0, requests - hits - misses - errors);
    const parts = Object.entries({ hits, misses, others, errors }).map(([kind, value]) => ({ kind, value }));
    const counts = parts.map(({ kind, value }) => `${shownNumber(value)} ${kind}`).join(", ");
    return { title: `${shownTime(new Date(from))}: ${shownNumber(requests)} requests, ${counts}`, parts };
  });
  const [first, last] = [slots[0], slots.at(-1)];
  return barChart({
    label,
    bars,
    ends: [first ? shownTime(new Date(first.from)) : "", last ? shownTime(new Date(last.from)) : ""],
    shown: (value) => `up to ${shownNumber(value)} requests`,
  });
}
