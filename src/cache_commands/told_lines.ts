import type { CommandName, Items, Line, Results } from "./contract.ts";

/** Takes what a command tells while it is at it. */
export interface Telling<Name extends CommandName> {
  readonly signal: AbortSignal;
  readonly visited: () => void;
  /** Resolves once there is room for more. */
  readonly item: (item: Items[Name]) => Promise<void>;
}

/** So many items wait for who reads them. */
const mostWaiting = 256;
/** Files that were looked at are reported together. */
const visitedEveryMs = 100;

/** Yields what `work` tells, as fast as it is read, and then its result. Whoever reads no more aborts it. */
export async function* toldLines<Name extends CommandName>(
  signal: AbortSignal,
  work: (telling: Telling<Name>) => Promise<Results[Name]>,
): AsyncGenerator<Line<Name>> {
  const queue = new Queue<Name>(signal);
  const working = work(queue).then((result) => queue.end({ result }), (error) => queue.fail(error));
  try {
    for (let line = await queue.next(); line !== null; line = await queue.next()) yield line;
  } finally {
    queue.close();
    await working;
  }
}

class Queue<Name extends CommandName> implements Telling<Name> {
  readonly #abort = new AbortController();
  readonly #outer: AbortSignal;
  readonly #stop = () => this.#abort.abort(this.#outer.reason);
  #lines: Line<Name>[] = [];
  #visited = 0;
  #toldAt = performance.now();
  #failure: { readonly error: unknown } | null = null;
  #isEnded = false;
  #filled = Promise.withResolvers<void>();
  #emptied = Promise.withResolvers<void>();

  constructor(outer: AbortSignal) {
    this.#outer = outer;
    outer.addEventListener("abort", this.#stop);
    if (outer.aborted) this.#stop();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  readonly visited = () => {
    this.#visited += 1;
    if (performance.now() - this.#toldAt > visitedEveryMs) this.#tellVisited();
  };

  readonly item = async (item: Items[Name]): Promise<void> => {
    this.#push({ item });
    while (this.#lines.length >= mostWaiting && !this.#abort.signal.aborted) await this.#emptied.promise;
  };

  end(line: Line<Name>): void {
    this.#tellVisited();
    this.#isEnded = true;
    this.#push(line);
  }

  fail(error: unknown): void {
    this.#failure = { error };
    this.#isEnded = true;
    this.#filled.resolve();
  }

  async next(): Promise<Line<Name> | null> {
    while (this.#lines.length === 0 && !this.#isEnded) await this.#filled.promise;
    this.#filled = Promise.withResolvers();
    const line = this.#lines.shift() ?? null;
    this.#emptied.resolve();
    this.#emptied = Promise.withResolvers();
    if (line === null && this.#failure !== null) throw this.#failure.error;
    return line;
  }

  close(): void {
    this.#outer.removeEventListener("abort", this.#stop);
    if (!this.#isEnded) this.#abort.abort();
    this.#emptied.resolve();
  }

  #tellVisited(): void {
    this.#toldAt = performance.now();
    if (this.#visited > 0) this.#push({ visited: this.#visited });
    this.#visited = 0;
  }

  #push(line: Line<Name>): void {
    this.#lines.push(line);
    this.#filled.resolve();
  }
}
