import { VaultError } from "../../errors.ts";
import type { Answer } from "../asking/ask_upstream.ts";
import { askPart, type FillJob, fillSegment } from "./fill_segment.ts";
import type { GrowingFile } from "./growing_file.ts";
import type { Segment } from "./segment.ts";
import type { Turn } from "../asking/turn.ts";

export interface FillingOptions {
  readonly job: FillJob;
  /** A turn for one more request to the upstream of the first response. */
  readonly createTurn: () => Turn;
  /** True if upstream is known to honour ranges of this very body. */
  readonly segmentable: boolean;
}

/** Fills a growing file: from one upstream response, or from several at once where followers want far ahead ranges. */
export class Filling {
  readonly #options: FillingOptions;
  readonly #file: GrowingFile;
  readonly #running = new Set<Segment>();
  readonly #filled = Promise.withResolvers<void>();
  /** Aborted when there is nothing more to fill. */
  readonly #over = new AbortController();
  #refused = false;
  #trying = false;

  constructor(options: FillingOptions) {
    this.#options = options;
    this.#file = options.job.file;
    const stop = () => this.#over.abort();
    this.#filled.promise.then(stop, stop);
    this.#file.storingStopped.then(() => this.#fillGap());
  }

  /** Settles when all bytes are in. Rejects with what makes that impossible. */
  get filled(): Promise<void> {
    return this.#filled.promise;
  }

  /** Begins with the first response, whose turn it is. */
  start(segment: Segment, answer: Answer, turn: Turn): void {
    this.#run(segment, answer, turn);
  }

  /** Makes sure that `[offset, end)` is on its way, in a segment of its own where it would be long in coming. */
  ensureFetching(offset: number, end: number): void {
    const { segmentable, job: { condition, limits }, createTurn } = this.#options;
    const possible = segmentable && !this.#refused && !condition.isRefused && this.#file.storing &&
      this.#file.state.kind === "filling";
    const segment = this.#file.segmentAt(offset);
    const soon = segment !== null && offset - segment.receivedTo <= limits.rangeAheadBytes;
    if (!possible || soon || this.#trying || this.#running.size >= limits.maxSegments) return;
    const turn = createTurn();
    if (!turn.takeBody()) return;
    if (condition.isProven) this.#add(offset, end, { answer: null, turn });
    else this.#try(offset, end, turn);
  }

  /**
   * Until upstream has shown that it sends parts, one is asked for at a time, and nothing is left to it before it
   * comes: each that comes whole instead costs bytes for nothing.
   */
  async #try(offset: number, wantedTo: number, turn: Turn): Promise<void> {
    const file = this.#file;
    const { job } = this.#options;
    const signal = AbortSignal.any([job.signal, this.#over.signal]);
    const end = file.segmentAt(offset)?.end ?? file.gap?.end ?? file.sizeBytes!;
    this.#trying = true;
    try {
      const part = { start: offset, receivedTo: offset, end, wantedTo };
      const answer = await askPart(job, part, { isDispensable: () => true, signal });
      this.#trying = false;
      const isMissing = (file.segmentAt(offset)?.receivedTo ?? 0) <= offset && file.state.kind === "filling";
      if (isMissing && file.storing) return this.#add(offset, wantedTo, { answer, turn });
      await answer?.response.body?.cancel().catch(() => {});
    } catch (error) {
      if (!signal.aborted) this.#continueWithFewer(error);
    } finally {
      this.#trying = false;
      if (!signal.aborted) this.#fetchWanted();
    }
    turn.release();
  }

  #add(offset: number, wantedTo: number, first: { answer: Answer | null; turn: Turn }): void {
    const segment = this.#file.addSegment(offset);
    segment.wantedTo = wantedTo;
    this.#run(segment, first.answer, first.turn);
  }

  #continueWithFewer(error: unknown): void {
    this.#refused = true;
    const reason = error instanceof VaultError ? error.message : String(error);
    this.#options.job.log.info(`Continuing with fewer connections: ${reason}`);
  }

  /** Without a turn it waits for nobody. */
  #run(segment: Segment, answer: Answer | null, turn: Turn | null): void {
    this.#running.add(segment);
    const isDispensable = () => this.#file.storing && this.#running.size > 1 && segment.receivedTo === segment.start;
    const mayProceed = (bytes: number) => turn?.proceed(bytes) ?? null;
    fillSegment(this.#options.job, { segment, answer, isDispensable, mayProceed }).finally(() => {
      this.#running.delete(segment);
      turn?.release();
    }).then(() => this.#continue(), (error) => this.#giveBack(segment, error)).catch(this.#filled.reject);
  }

  /**
   * Nothing is stored any more, so that segments wait for who reads: the first bytes must not wait for them in turn.
   */
  #fillGap(): void {
    if (this.#file.gap) this.#run(this.#file.addSegment(0), null, null);
  }

  /** Something else may begin: what followers wait for first, then what lies before the first segment. */
  #continue(): void {
    this.#fetchWanted();
    if (this.#running.size > 0) return;
    const next = this.#file.unfilled();
    if (next) this.#runInTurn(next);
    else this.#filled.resolve();
  }

  #fetchWanted(): void {
    for (const { offset, end } of this.#file.unserved()) this.ensureFetching(offset, end);
  }

  /** Upstream would not give one more connection: the others do its part in the end, and no more are tried. */
  #giveBack(segment: Segment, error: unknown): void {
    const { condition, signal } = this.#options.job;
    const possible = this.#file.storing && !signal.aborted && (this.#running.size > 0 || condition.isRefused);
    if (!possible || segment.receivedTo > segment.start) return this.#filled.reject(error);
    this.#continueWithFewer(error);
    const before = this.#file.withdraw(segment);
    if (before && !this.#running.has(before)) this.#runInTurn(before);
    else if (this.#running.size === 0) this.#continue();
  }

  #runInTurn(segment: Segment): void {
    this.#running.add(segment);
    const turn = this.#options.createTurn();
    turn.waitForBody().then(
      () => this.#run(segment, null, turn),
      (error) => this.#filled.reject(error),
    );
  }
}
