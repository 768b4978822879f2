/** The target of a log's lines. A write may be partial. */
export interface LineTarget {
  write(bytes: Uint8Array): Promise<number>;
  close(): void;
}

const flushLength = 64 * 1024;
const flushMs = 100;
/** The most bytes that wait for a slow target; lines beyond that are lost. */
const maxWaiting = 4 * 1024 * 1024;
const closeMs = 2000;

/**
 * Writes lines in batches, at the latest 100 ms after they came, and never makes its caller wait. Lines are lost while
 * a target fails or hangs; `lostLine` is written once it takes lines again.
 */
export class LineWriter {
  #target: LineTarget;
  readonly #lostLine: (count: number) => string;
  readonly #encoder = new TextEncoder();
  #waiting = "";
  #waitingLines = 0;
  #lost = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> | null = null;

  constructor(target: LineTarget, lostLine: (count: number) => string) {
    this.#target = target;
    this.#lostLine = lostLine;
  }

  /** Queues a line, which ends with a newline. */
  write(line: string): void {
    if (this.#waiting.length >= maxWaiting) {
      this.#lost++;
      return;
    }
    this.#waiting += line;
    this.#waitingLines++;
    if (this.#waiting.length >= flushLength) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), flushMs);
  }

  /** Starts to write the lines that wait. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing ??= this.#writeAll().finally(() => this.#writing = null);
  }

  /** Sends all lines that are not being written yet to `target`. The old target is closed after its last write. */
  replaceTarget(target: LineTarget): void {
    const old = this.#target;
    this.#target = target;
    Promise.resolve(this.#writing).finally(() => old.close());
  }

  /** Writes the lines that wait, for at most two seconds, and closes the target. */
  async close(): Promise<void> {
    const patience = Promise.withResolvers<void>();
    const timer = setTimeout(patience.resolve, closeMs);
    await Promise.race([this.#drain(), patience.promise]);
    clearTimeout(timer);
    this.#target.close();
  }

  async #drain(): Promise<void> {
    await this.#writing;
    this.flush();
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#waitingLines > 0) {
      const [text, lines, lost] = [this.#waiting, this.#waitingLines, this.#lost];
      this.#waiting = "";
      this.#waitingLines = 0;
      try {
        await this.#writeBytes(this.#encoder.encode(lost > 0 ? this.#lostLine(lost) + text : text));
        this.#lost -= lost;
      } catch {
        this.#lost += lines;
      }
    }
  }

  async #writeBytes(bytes: Uint8Array): Promise<void> {
    const target = this.#target;
    for (let offset = 0; offset < bytes.length;) offset += await target.write(bytes.subarray(offset));
  }
}
