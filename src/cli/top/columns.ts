import { shownBytes, shownRate } from "../../observe/shown_bytes.ts";
import { shownLength } from "../../observe/shown_time.ts";
import type { GridColumn } from "./grid.ts";
import type { Problem, RecentRequest, Transfer, Upstream } from "./snapshot.ts";
import type { Look, Span, Style } from "./styled.ts";

const stateStyles: Readonly<Partial<Record<string, Style>>> = {
  answers: "good",
  slow: "warn",
  failing: "warn",
  down: "bad",
};

/** What is shown of each upstream host. `now` is in ms since the epoch, as below. */
export function upstreamColumns(title: string, now: number): readonly GridColumn<Upstream>[] {
  return [
    { title, width: { share: 3 }, cut: "middle", cell: ({ origin }) => ({ text: origin }) },
    { title: "STATE", width: 8, cell: ({ state }) => styled(state, stateStyles[state]) },
    { title: "SINCE", width: 6, side: "right", from: 100, cell: ({ failingSince }) => ageCell(failingSince, now) },
    { title: "REQUESTS", width: 8, side: "right", from: 60, cell: ({ requests }) => ({ text: String(requests) }) },
    {
      ...{ title: "FIRST BYTE", width: 10, side: "right", from: 70 },
      cell: ({ firstByteMs }) => ({ text: firstByteMs === null ? "" : `${Math.round(firstByteMs)} ms` }),
    },
    { title: "LOGIN", width: 8, from: 110, cell: ({ login }) => loginCell(login) },
    { title: "QUOTA", width: 9, side: "right", from: 120, cell: ({ quota }) => ({ text: quotaOf(quota) }) },
    { title: "LAST FAILURE", width: { share: 2 }, from: 90, cell: (upstream) => failureCell(upstream, now) },
  ];
}

function loginCell(login: string): Span {
  return login === "none" ? { text: "" } : styled(login, login === "refused" ? "bad" : undefined);
}

function quotaOf(quota: Upstream["quota"]): string {
  return quota === null ? "" : `${quota.remaining}${quota.limit === null ? "" : `/${quota.limit}`}`;
}

function failureCell({ lastError, lastErrorAt }: Upstream, now: number): Span {
  if (lastError === null) return { text: "" };
  return { text: lastErrorAt === null ? lastError : `${shownLength(now - lastErrorAt)} ago: ${lastError}` };
}

/** What is shown of each transfer. */
export function transferColumns(title: string): readonly GridColumn<Transfer>[] {
  return [
    { title, width: { share: 1 }, cut: "middle", cell: ({ name }) => ({ text: name }) },
    { title: "", width: 20, from: 60, cell: (transfer, look) => ({ text: bar(transfer, 20, look) }) },
    {
      title: "DONE",
      width: 5,
      side: "right",
      cell: ({ receivedBytes, sizeBytes }) => doneCell(receivedBytes, sizeBytes),
    },
    {
      ...{ title: "SIZE", width: 10, side: "right", from: 100 },
      cell: ({ receivedBytes, sizeBytes }) => ({ text: shownBytes(sizeBytes ?? receivedBytes) }),
    },
    {
      ...{ title: "SPEED", width: 12, side: "right", from: 70 },
      cell: ({ bytesPerSecond }) => ({ text: shownRate(bytesPerSecond) }),
    },
    {
      ...{ title: "LEFT", width: 6, side: "right" },
      cell: ({ secondsLeft }) => ({ text: secondsLeft === null ? "?" : shownLength(secondsLeft * 1000) }),
    },
    { title: "CLIENTS", width: 7, side: "right", from: 90, cell: ({ followers }) => ({ text: String(followers) }) },
  ];
}

function doneCell(receivedBytes: number, sizeBytes: number | null): Span {
  const share = shareOf(receivedBytes, sizeBytes);
  return { text: share === null ? "?" : `${Math.floor(share * 100)} %` };
}

function shareOf(receivedBytes: number, sizeBytes: number | null): number | null {
  return sizeBytes === null || sizeBytes <= 0 ? null : Math.min(1, Math.max(0, receivedBytes / sizeBytes));
}

/** Empty where the size is not known. */
function bar({ receivedBytes, sizeBytes }: Transfer, width: number, { isUnicode }: Look): string {
  const full = Math.round((shareOf(receivedBytes, sizeBytes) ?? 0) * (isUnicode ? width : width - 2));
  if (isUnicode) return "█".repeat(full) + "░".repeat(width - full);
  return `[${"#".repeat(full)}${"-".repeat(width - 2 - full)}]`;
}

/** What is shown of each request, with the reason why upstream was asked. */
export function requestColumns(title: string, now: number): readonly GridColumn<RecentRequest>[] {
  return [
    { title, width: { share: 3 }, cut: "middle", cell: ({ method, path }) => ({ text: `${method} ${path}` }) },
    { title: "AGO", width: 6, side: "right", cell: ({ at }) => ageCell(at, now) },
    { title: "ANSWER", width: 15, from: 60, cell: (one) => styled(`${one.status} ${one.cache}`, answerStyle(one)) },
    { title: "", width: 3, below: 60, cell: (one) => styled(String(one.status), answerStyle(one)) },
    { title: "BYTES", width: 10, side: "right", from: 100, cell: ({ bytes }) => ({ text: shownBytes(bytes) }) },
    { title: "MS", width: 6, side: "right", from: 90, cell: ({ ms }) => ({ text: String(Math.round(ms)) }) },
    { title: "WHY", width: { share: 2 }, from: 70, cell: (one) => ({ text: whyOf(one) }) },
  ];
}

function answerStyle({ status, cache }: RecentRequest): Style | undefined {
  if (status >= 500) return "bad";
  if (status >= 400 || cache === "stale") return "warn";
  return cache === "hit" ? "good" : undefined;
}

function whyOf({ reason, note }: RecentRequest): string {
  return [reason, note].filter((text) => text !== "").join(": ");
}

/** What is shown of what went wrong. */
export function problemColumns(title: string, now: number): readonly GridColumn<Problem>[] {
  return [
    { title, width: { share: 1 }, cell: (problem) => ({ text: problemText(problem), style: "warn" }) },
    { title: "TIMES", width: 6, side: "right", cell: ({ count }) => ({ text: String(count) }) },
    { title: "AGO", width: 6, side: "right", cell: ({ lastAt }) => ageCell(lastAt, now) },
  ];
}

function problemText({ title, backend, message }: Problem): string {
  return `${title}${backend === "" ? "" : ` (${backend})`}${message === "" ? "" : `: ${message}`}`;
}

function ageCell(at: number | null, now: number): Span {
  return { text: at === null ? "" : shownLength(now - at) };
}

function styled(text: string, style: Style | undefined): Span {
  return { text, ...style !== undefined && { style } };
}
