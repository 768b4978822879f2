import { shownBytes, shownRate } from "../observe/shown_bytes.ts";
import { shownCount, type Unit } from "../observe/shown_count.ts";
import { indented, shownLine } from "../observe/shown_text.ts";
import type { Io } from "./io.ts";

/** How far a long work has come. */
export interface Work {
  readonly unit: Unit;
  readonly done: number;
  /** Null while it is not known. */
  readonly total: number | null;
  readonly bytes: number;
  /** Null while it is not known. */
  readonly totalBytes: number | null;
  /** What else is being done, for a line that would stand still; null or absent for nothing. */
  readonly doing?: string | null;
}

interface Sample {
  readonly at: number;
  readonly bytes: number;
  readonly done: number;
}

const redrawEveryMs = 200;
/** The speed is that of the last ten seconds. */
const measuredMs = 10_000;
const barWidth = 24;

/**
 * Shows on a terminal how far a work has come, on one line that is redrawn; elsewhere nothing but the lines that are
 * given to `line`. Everything goes to stderr. The caller ends it.
 */
export class Progress {
  readonly #io: Io;
  readonly #now: () => number;
  readonly #samples: Sample[] = [];
  #drawn = "";
  #drawnAt = -Infinity;

  constructor(io: Io, now: () => number = () => performance.now()) {
    this.#io = io;
    this.#now = now;
  }

  /** True where `show` shows anything. */
  get isShown(): boolean {
    return this.#io.terminal !== undefined;
  }

  /** Shows the state of the work; calls that follow each other quickly are left out. */
  show(work: Work): void {
    const { terminal } = this.#io;
    const now = this.#now();
    if (terminal === undefined || now - this.#drawnAt < redrawEveryMs) return;
    this.#drawnAt = now;
    this.#sample({ at: now, bytes: work.bytes, done: work.done });
    const text = shownLine(describeWork(work, this.#rates())).slice(0, Math.max(1, terminal.columns() - 1));
    if (text === this.#drawn) return;
    this.#drawn = text;
    terminal.clearLine();
    this.#io.stderr(text);
  }

  /**
   * Writes a text on a line of its own; on a terminal, above the state of the work. Where it has several lines, the
   * others are indented, so that none looks like another text.
   */
  line(text: string): void {
    if (this.#drawn !== "") this.#io.terminal?.clearLine();
    this.#io.stderr(`${indented(text)}\n${this.#drawn}`);
  }

  /** Takes the state of the work off the terminal. */
  end(): void {
    if (this.#drawn !== "") this.#io.terminal?.clearLine();
    this.#drawn = "";
  }

  #sample(sample: Sample): void {
    this.#samples.push(sample);
    while (this.#samples.length > 2 && sample.at - this.#samples[1]!.at >= measuredMs) this.#samples.shift();
  }

  #rates(): Rates {
    const [first, last] = [this.#samples[0]!, this.#samples.at(-1)!];
    const seconds = (last.at - first.at) / 1000;
    if (seconds === 0) return { bytes: 0, done: 0 };
    return { bytes: (last.bytes - first.bytes) / seconds, done: (last.done - first.done) / seconds };
  }
}

/** Per second. */
interface Rates {
  readonly bytes: number;
  readonly done: number;
}

/** Describes the state of a work on one line: bar, items, bytes, speed, time left, and what else is done. */
export function describeWork({ unit, done, total, bytes, totalBytes, doing }: Work, rates: Rates): string {
  const share = shareOf(totalBytes !== null && totalBytes > 0 ? bytes / totalBytes : total ? done / total : null);
  const items = total === null ? shownCount(done, ...unit) : `${done} of ${shownCount(total, ...unit)}`;
  const size = totalBytes === null || totalBytes < bytes
    ? shownBytes(bytes)
    : `${shownBytes(bytes)} of ${shownBytes(totalBytes)}`;
  const parts = [items, ...bytes > 0 || totalBytes ? [size] : []];
  if (rates.bytes > 0) parts.push(shownRate(rates.bytes));
  const left = secondsLeft({ done, total, bytes, totalBytes }, rates);
  if (left !== null) parts.push(`${shownTime(left)} left`);
  if (typeof doing === "string") parts.push(doing);
  return `${share === null ? "" : `${bar(share)} ${String(Math.floor(share * 100)).padStart(3)} %  `}${
    parts.join("  ")
  }`;
}

function shareOf(share: number | null): number | null {
  return share === null ? null : Math.min(1, share);
}

function bar(share: number): string {
  const full = Math.round(share * barWidth);
  return `[${"#".repeat(full)}${"-".repeat(barWidth - full)}]`;
}

function secondsLeft({ done, total, bytes, totalBytes }: Omit<Work, "unit" | "doing">, rates: Rates): number | null {
  if (totalBytes !== null && totalBytes > bytes && rates.bytes > 0) return (totalBytes - bytes) / rates.bytes;
  if (total !== null && total > done && rates.done > 0) return (total - done) / rates.done;
  return null;
}

/** Formats a time for people: `45 s`, `3 min`, `2.5 h`. */
export function shownTime(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  return `${Number((seconds / 3600).toFixed(1))} h`;
}
