import { VaultError } from "../errors.ts";
import type { Answer } from "./ask_upstream.ts";
import { type FillContext, fillSegment } from "./fill_segment.ts";
import type { GrowingFile } from "./growing_file.ts";
import type { Segment } from "./segment.ts";
import type { Slots } from "./slots.ts";

export interface FillingOptions {
  readonly context: Omit<FillContext, "isDispensable">;
  readonly slots: Slots;
  /** A range that begins at most this far beyond what is there waits for it to come. */
  readonly rangeAheadBytes: number;
  readonly maxSegments: number;
  /** Whether upstream is known to honour ranges of this very body. */
  readonly segmentable: boolean;
}

/** Fills a growing file: from one upstream response, or from several at once where followers want far ahead ranges. */
export class Filling {
  readonly #options: FillingOptions;
  readonly #file: GrowingFile;
  readonly #running = new Set<Segment>();
  readonly #filled = Promise.withResolvers<void>();
  #refused = false;

  constructor(options: FillingOptions) {
    this.#options = options;
    this.#file = options.context.file;
    this.#filled.promise.catch(() => {});
  }

  /** Settles when all bytes are in. Rejects with what makes that impossible. */
  get filled(): Promise<void> {
    return this.#filled.promise;
  }

  /** Begins with the first response; `release` gives back the slot that is held for it. */
  start(segment: Segment, answer: Answer, release: () => void): void {
    this.#run(segment, answer, release);
  }

  /** Makes sure that `offset` is on its way, with a segment of its own where it would be long in coming. */
  want(offset: number): void {
    const { segmentable, rangeAheadBytes, maxSegments, slots, context } = this.#options;
    const possible = segmentable && !this.#refused && this.#file.storing && this.#file.state.kind === "filling";
    const segment = this.#file.segmentFor(offset);
    const soon = segment !== null && offset - segment.receivedTo <= rangeAheadBytes;
    if (!possible || soon || this.#running.size >= maxSegments) return;
    const release = slots.acquireNow(context.artifact.backend);
    if (release) this.#run(this.#file.addSegment(offset), null, release);
  }

  #run(segment: Segment, answer: Answer | null, release: () => void): void {
    this.#running.add(segment);
    const isDispensable = () => this.#file.storing && this.#running.size > 1 && segment.receivedTo === segment.start;
    fillSegment({ ...this.#options.context, isDispensable }, segment, answer).finally(() => {
      this.#running.delete(segment);
      release();
    }).then(() => this.#goOn(), (error) => this.#giveBack(segment, error)).catch(this.#filled.reject);
  }

  /**
   * Nothing is stored any more, so that segments wait for who reads: the first bytes must not wait for them in turn.
   */
  storingStopped(): void {
    if (this.#file.gap) this.#run(this.#file.addSegment(0), null, () => {});
  }

  /** Something else may begin: what followers wait for first, then what lies before the first segment. */
  #goOn(): void {
    for (const offset of this.#file.wantedOffsets()) this.want(offset);
    if (this.#running.size > 0) return;
    const next = this.#file.unfilled();
    if (next) this.#runInTurn(next);
    else this.#filled.resolve();
  }

  /** Upstream would not give one more connection: the others do its part in the end, and no more are tried. */
  #giveBack(segment: Segment, error: unknown): void {
    const others = this.#file.storing && this.#running.size > 0 && !this.#options.context.signal.aborted;
    if (!others || segment.receivedTo > segment.start) return this.#filled.reject(error);
    this.#refused = true;
    const before = this.#file.withdraw(segment);
    const reason = error instanceof VaultError ? error.message : String(error);
    this.#options.context.log.info(`Going on with fewer connections: ${reason}`);
    if (before && !this.#running.has(before)) this.#runInTurn(before);
  }

  #runInTurn(segment: Segment): void {
    this.#running.add(segment);
    const { slots, context } = this.#options;
    slots.acquire(context.artifact.backend, context.signal).then(
      (release) => this.#run(segment, null, release),
      (error) => this.#filled.reject(error),
    );
  }
}
