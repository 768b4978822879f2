import { shownBytes } from "../observe/shown_bytes.ts";
import { hitRateOf, savedBytesOf, type Traffic } from "../observe/traffic.ts";
import type { HistoryReport, HistorySlot, HistorySum } from "../status/history_report.ts";
import { barChart } from "./bar_chart.ts";
import { foreign } from "./foreign_text.ts";
import { type Html, html } from "./html.ts";
import { shownNumber, shownShare } from "./shown.ts";

/** What has it brought? */
export function gains(history: HistoryReport): Html {
  const spans = [["Now", history.now], ["Last hour", history.hour], ["Last day", history.day], [
    "Last 30 days",
    history.month,
  ]] as const;
  return html`
    <div class="wide" tabindex="0" role="region" aria-label="What the cache has brought">
      <table>
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Hit rate</th>
            <th scope="col">Requests</th>
            <th scope="col">Sent</th>
            <th scope="col">Fetched</th>
            <th scope="col">Saved</th>
          </tr>
        </thead>
        <tbody>${spans.map(([name, { total }]) => trafficRow(name, total))}</tbody>
      </table>
    </div>
    <div class="charts">
      ${chartOf("Requests by the hour, last day", history.hours, (at) => at.toISOString().slice(11, 16))}
      ${chartOf("Requests by the day, last 30 days", history.days, (at) => at.toISOString().slice(0, 10))}
    </div>
    <p class="small legend"><span class="key hits"></span> answered by the cache
      <span class="key misses"></span> upstream was needed <span class="key errors"></span> errors. Times are in UTC.</p>
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
    <div class="wide" tabindex="0" role="region" aria-label="By backend">
      <table>
        <thead>
          <tr>
            <th scope="col">Backend</th>
            <th scope="col">Hit rate</th>
            <th scope="col">Requests</th>
            <th scope="col">Sent</th>
            <th scope="col">Fetched</th>
            <th scope="col">Saved</th>
          </tr>
        </thead>
        <tbody>${rows.map(([name, traffic]) => trafficRow(foreign(name), traffic))}</tbody>
      </table>
    </div>
  `;
}

function chartOf(label: string, slots: readonly HistorySlot[], shownTime: (at: Date) => string): Html {
  const bars = slots.map(({ from, total: { requests, hits, misses, errors } }) => ({
    title: `${shownTime(new Date(from))}: ${shownNumber(requests)} requests, ${shownNumber(hits)} hits, ` +
      `${shownNumber(misses)} misses, ${shownNumber(errors)} errors`,
    parts: [{ kind: "hits", value: hits }, { kind: "misses", value: misses }, { kind: "errors", value: errors }],
  }));
  const [first, last] = [slots[0], slots.at(-1)];
  return barChart({
    label,
    bars,
    ends: [first ? shownTime(new Date(first.from)) : "", last ? shownTime(new Date(last.from)) : ""],
    shown: (value) => `${shownNumber(value)} requests`,
  });
}
