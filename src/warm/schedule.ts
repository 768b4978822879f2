import { longestTimerMs } from "../config/duration.ts";
import { messageOf } from "../errors.ts";
import type { Log } from "../observe/log.ts";
import { shownBytes } from "../observe/shown_bytes.ts";
import type { VaultClient, WarmSettings, WarmSource } from "../warming.ts";
import { type ListedLine, placed, readList } from "./list.ts";
import { openListFile } from "./list_text.ts";
import { inTurn, type ListedLines, warm } from "./runner.ts";
import { type Amount, Tally } from "./tally.ts";

export interface WarmScheduleOptions {
  /** Files, or lines of a list themselves. */
  readonly lists: readonly string[];
  /** The time from the end of one run to the beginning of the next. */
  readonly everyMs: number;
  readonly jobs: number;
  readonly client: VaultClient;
  readonly sources: readonly WarmSource[];
  readonly settings: WarmSettings;
  readonly log: Log;
  /** Waits so long, or rejects once the signal has ended. */
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
  /** For tests: opens a file of a list. */
  readonly openFile?: typeof openListFile;
}

/** The wait after the start, in which clients come first. */
export const firstAfterMs = 60_000;
/** So many failures of a run stand in the log. */
const mostLogged = 10;

/** Keeps lists warm from within the server: one run after the other, the first a minute after the start. */
export class WarmSchedule {
  readonly #options: WarmScheduleOptions;
  readonly #stopping = new AbortController();
  readonly #stopped: Promise<void>;

  constructor(options: WarmScheduleOptions) {
    this.#options = options;
    this.#stopped = this.#runForever();
  }

  /** Begins nothing more. Resolves once nothing is under way; what was to come is fetched in the next run. */
  async stop(): Promise<void> {
    this.#stopping.abort(new DOMException("the server is shutting down", "AbortError"));
    await this.#stopped;
  }

  async #runForever(): Promise<void> {
    const { signal } = this.#stopping;
    const { delay, everyMs, log } = this.#options;
    try {
      for (let waitMs = firstAfterMs;; waitMs = Math.min(everyMs, longestTimerMs)) {
        await delay(waitMs, signal);
        await this.#run();
      }
    } catch (error) {
      if (!signal.aborted) log.error(`Lists are no longer kept warm: ${messageOf(error)}`);
    }
  }

  async #run(): Promise<void> {
    const { log, client, sources, settings, jobs } = this.#options;
    const { signal } = this.#stopping;
    const tally = new Tally();
    const lines = await this.#lines(tally);
    try {
      await warm(lines, {
        ...{ client, sources, settings, jobs, signal, dryRun: false },
        events: {
          found() {},
          received() {},
          ended: (request, outcome, at) => tally.ended(request, outcome, at),
          lineFailed: ({ text, at }, reason) => tally.failed({ what: placed(text.slice(0, 100), at), reason }),
          note: (message) => log.debug(`While lists are warmed: ${message}`),
        },
      });
    } finally {
      this.#report(tally);
    }
  }

  /** Lists are read at each run: they change while the server runs. One that cannot be read is a failure. */
  async #lines(tally: Tally): Promise<ListedLines> {
    const { lists, sources, settings, log, openFile = openListFile } = this.#options;
    const all: ReadableStream<ListedLine>[] = [];
    for (const list of lists) {
      try {
        const note = (message: string) => log.debug(`While lists are warmed: ${message}`);
        all.push(await readList(list, { sources, settings, open: openFile, note }));
      } catch (error) {
        tally.failed({ what: list, reason: messageOf(error) });
      }
    }
    return inTurn(all);
  }

  #report(tally: Tally): void {
    const { log, lists } = this.#options;
    for (const { what, reason } of tally.failures.slice(0, mostLogged)) log.warning(`Cannot warm ${what}: ${reason}`);
    const amounts = (["new", "cached", "failed"] as const).map((kind) => shown(kind, tally.amount(kind)));
    const how = this.#stopping.signal.aborted ? "Stopped warming" : "Warmed";
    log.info(`${how} ${lists.length} ${lists.length === 1 ? "list" : "lists"}: ${amounts.join(", ")}`);
  }
}

function shown(kind: string, { count, bytes }: Amount): string {
  return bytes === 0 ? `${count} ${kind}` : `${count} ${kind} (${shownBytes(bytes)})`;
}
