import { shownBytes } from "../observe/shown_bytes.ts";
import { hitRateOf, savedBytesOf, type Traffic } from "../observe/traffic.ts";
import type { HistoryReport, HistorySlot, HistorySum } from "../status/history_report.ts";
import { barChart } from "./bar_chart.ts";
import { foreign } from "./foreign_text.ts";
import { type Html, html } from "./html.ts";
import { table } from "./table.ts";
import { shownNumber, shownShare } from "./shown.ts";

const columns = ["Hit rate", "Requests", "Sent", "Fetched", "Saved"];

/** What has it brought? */
export function gains(history: HistoryReport): Html {
  const spans = [["Now", history.now], ["Last hour", history.hour], ["Last day", history.day], [
    "Last 30 days",
    history.month,
  ]] as const;
  return html`
    ${table({
      label: "What the cache has brought",
      columns: ["Time", ...columns],
      rows: spans.map(([name, { total }]) => trafficRow(name, total)),
    })}
    <div class="charts">
      ${chartOf("Requests by the hour, last day", history.hours, (at) => at.toISOString().slice(11, 16))}
      ${chartOf("Requests by the day, last 30 days", history.days, (at) => at.toISOString().slice(0, 10))}
    </div>
    <p class="small legend"><span class="key hits"></span> answered by the cache
      <span class="key misses"></span> upstream was needed <span class="key others"></span> others, such as a 404
      <span class="key errors"></span> errors. Times are in UTC.</p>
    ${byBackend(history.month)}
  `;
}

function trafficRow(name: string | Html, traffic: Traffic): Html {
  const { requests, sentBytes, fetchedBytes } = traffic;
  return html`
    <tr>
      <th scope="row">${name}</th>
      <td class="number">${shownShare(hitRateOf(traffic))}</td>
      <td class="number">${shownNumber(requests)}</td>
      <td class="number">${shownBytes(sentBytes)}</td>
      <td class="number">${shownBytes(fetchedBytes)}</td>
      <td class="number">${shownBytes(savedBytesOf(traffic))}</td>
    </tr>
  `;
}

function byBackend({ backends }: HistorySum): Html | null {
  const rows = Object.entries(backends).toSorted(([, a], [, b]) => b.sentBytes - a.sentBytes).slice(0, 30);
  if (rows.length < 2) return null;
  return html`
    <h3>By backend, last 30 days</h3>
    ${table({
      label: "By backend",
      columns: ["Backend", ...columns],
      rows: rows.map(([name, traffic]) => trafficRow(foreign(name), traffic)),
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
    shown: (value) => `${shownNumber(value)} requests`,
  });
}
