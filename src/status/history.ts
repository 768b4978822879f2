import type { Log } from "../observe/log.ts";
import { messageOf } from "../errors.ts";
import { noTraffic, subtractTraffic, totalTraffic, type Traffic } from "../observe/traffic.ts";
import { fileMode, removeQuietly } from "../store/files.ts";
import { statOrNull } from "../store/regular_files.ts";
import type { HistoryReport, HistorySlot, HistorySum } from "./history_report.ts";
import { readHistory, writeHistory } from "./history_file.ts";
import {
  addToSlots,
  merged,
  noSlots,
  type Slot,
  type Slots,
  slotStart,
  type Span,
  spanNames,
  spans,
} from "./history_slots.ts";

export interface HistoryOptions {
  readonly path: string;
  /** The traffic of this process since its start, by backend. */
  readonly traffic: () => ReadonlyMap<string, Traffic>;
  readonly cacheBytes: () => number;
  readonly log: Log;
  /** Ms since the epoch, for tests. */
  readonly now?: () => number;
}

/**
 * The traffic of the last minutes, hours and days, in a small file of the cache directory. Each process adds what it
 * has counted once a minute, under a lock, so that several of them count together. Where the file cannot be written to,
 * as on a read-only medium, the history is that of this process.
 */
export class History {
  readonly #options: HistoryOptions;
  readonly #now: () => number;
  /** What has been counted up to the last step. */
  #counted: ReadonlyMap<string, Traffic> = new Map();
  /** What this process has counted and not written yet. */
  #own: Slots = noSlots;
  /** What is being written. */
  #underWay: Slots = noSlots;
  /** What the file had last. */
  #saved: Slots;
  #writing: Promise<void> = Promise.resolve();
  #isWritable = true;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(options: HistoryOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#saved = readHistory(options.path);
    // Several steps in a minute: what is counted belongs to the slot of its step.
    this.#timer = setInterval(() => this.#step(), spans.minutes.ms / 6);
    Deno.unrefTimer(Number(this.#timer));
  }

  report(): HistoryReport {
    this.#count();
    const at = this.#now();
    const [minutes, hours, days] = spanNames.map((span) => this.#slots(span, at));
    return {
      now: sumOf(minutes!.slice(-1)),
      hour: sumOf(minutes!),
      day: sumOf(hours!),
      month: sumOf(days!),
      minutes: minutes!,
      hours: hours!,
      days: days!,
    };
  }

  /** Writes down what has been counted. Never rejects. */
  save(): Promise<void> {
    this.#count();
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  /** Writes down what is left, and counts no more. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.save();
  }

  #step(): void {
    const before = this.#own.minutes.at(-1)?.from;
    this.#count();
    const isNewMinute = before !== undefined && slotStart(this.#now(), "minutes") > before;
    if (isNewMinute) this.save();
  }

  /** Adds what has been counted since the last time to the slots of now. */
  #count(): void {
    const counted = this.#options.traffic();
    const traffic = new Map<string, Traffic>();
    for (const [name, now] of counted) {
      const since = subtractTraffic(now, this.#counted.get(name) ?? noTraffic);
      if (since.requests + since.fetchedBytes > 0) traffic.set(name, since);
    }
    this.#counted = counted;
    if (traffic.size === 0) return;
    this.#own = addToSlots(this.#own, { at: this.#now(), traffic, cacheBytes: this.#options.cacheBytes() });
  }

  async #write(): Promise<void> {
    const own = this.#own;
    if (own.minutes.length + own.days.length === 0) return;
    [this.#underWay, this.#own] = [own, noSlots];
    const { path, log } = this.#options;
    try {
      using lock = openLock(`${path}.lock`);
      await lock.lock(true);
      const saved = together(readHistory(path), own);
      await writeHistory(path, saved);
      [this.#saved, this.#underWay] = [saved, noSlots];
      this.#isWritable = true;
    } catch (error) {
      if (this.#isWritable) log.info(`The history of the traffic is kept in memory for now: ${messageOf(error)}`);
      this.#isWritable = false;
      this.#underWay = noSlots;
      this.#own = together(own, this.#own);
    } finally {
      this.#underWay = noSlots;
    }
  }

  /** All slots of a length up to now, without gaps. */
  #slots(span: Span, at: number): readonly HistorySlot[] {
    const { ms, count } = spans[span];
    const last = slotStart(at, span);
    const known = Map.groupBy([...this.#saved[span], ...this.#underWay[span], ...this.#own[span]], ({ from }) => from);
    return Array.from({ length: count }, (_, index) => {
      const from = last - (count - 1 - index) * ms;
      return shown(from, known.get(from) ?? []);
    });
  }
}

/** A link or a pipe in a directory from elsewhere is not ours: opening it may write elsewhere, or take for ever. */
function openLock(path: string): Deno.FsFile {
  const info = statOrNull(path);
  if (info !== null && !info.isFile) removeQuietly(path);
  return Deno.openSync(path, { write: true, create: true, mode: fileMode });
}

/** Slots of two processes, or of one before and after; of a time that both have, the sum. */
function together(a: Slots, b: Slots): Slots {
  const all = spanNames.map((span) => {
    const byStart = Map.groupBy([...a[span], ...b[span]], ({ from }) => from);
    const slots = [...byStart].map(([from, same]) => joined(from, same));
    return [span, slots.toSorted((a, b) => a.from - b.from).slice(-spans[span].count)];
  });
  return Object.fromEntries(all) as Slots;
}

function joined(from: number, same: readonly Slot[]): Slot {
  const cacheBytes = same.findLast((slot) => slot.cacheBytes !== null)?.cacheBytes ?? null;
  return { from, traffic: merged(...same.map(({ traffic }) => traffic)), cacheBytes };
}

function shown(from: number, same: readonly Slot[]): HistorySlot {
  const { traffic, cacheBytes } = joined(from, same);
  return { from, total: totalTraffic(traffic.values()), backends: Object.fromEntries(traffic), cacheBytes };
}

function sumOf(slots: readonly HistorySlot[]): HistorySum {
  const traffic = merged(...slots.map(({ backends }) => new Map(Object.entries(backends))));
  return { total: totalTraffic(traffic.values()), backends: Object.fromEntries(traffic) };
}
