import type { ReadableBody } from "../../../document.ts";
import { VaultError } from "../../../errors.ts";
import { DocumentTooLarge } from "../unpack.ts";
import { TaskDocument } from "./document.ts";
import { Source } from "./source.ts";
import type { TaskModule, Tasks } from "./task.ts";
import { TaskThread } from "./thread.ts";

/** Parsing this much of a page takes less than 20 ms, and a thread takes longer to start. */
const defaultSmallBytes = 256 * 1024;

type Options<Named extends Tasks, Name extends keyof Named> = Parameters<Named[Name]>[1];
type Output<Named extends Tasks, Name extends keyof Named> = Awaited<ReturnType<Named[Name]>>;

/** A task to run, and its documents. */
export interface TaskRun<Named extends Tasks, Name extends keyof Named> {
  readonly name: Name & string;
  readonly bodies: readonly ReadableBody[];
  readonly options: Options<Named, Name>;
  /** The way the documents are packed, as `unpack` names it; as their `Content-Encoding` says where absent. */
  readonly coding?: string;
}

export interface LaneOptions {
  /** Documents of up to so many bytes are small; more than the default for tasks that take little time. */
  readonly smallBytes?: number;
  /**
   * True keeps the thread for the next documents, for a backend that gets many large ones. It ends after a minute
   * without one, and when the vault closes.
   */
  readonly keepsThread?: boolean;
}

const idleThreadMs = 60_000;

/**
 * Runs the tasks of one backend: with a small document here, with large ones on a thread and one after the other. So a
 * backend takes one thread and the memory for one large document at most, and delays no other backend.
 */
export class TaskLane<Named extends Tasks> {
  readonly #module: TaskModule<Named>;
  readonly #smallBytes: number;
  readonly #keepsThread: boolean;
  #last: Promise<unknown> = Promise.resolve();
  #thread: TaskThread | null = null;
  #idle: ReturnType<typeof setTimeout> | undefined;

  constructor(module: TaskModule<Named>, options: LaneOptions = {}) {
    this.#module = module;
    this.#smallBytes = options.smallBytes ?? defaultSmallBytes;
    this.#keepsThread = options.keepsThread ?? false;
  }

  /**
   * Throws as the task and the bodies do; `upstream_failed` where a document is too large or a thread takes longer than
   * a minute for one chunk, `internal` where the vault closes meanwhile.
   */
  async run<Name extends keyof Named>(run: TaskRun<Named, Name>): Promise<Output<Named, Name>> {
    const sources = run.bodies.map((body) => new Source(body, run.coding, this.#smallBytes));
    const [only, ...others] = sources;
    if (others.length === 0 && only?.isSmall) {
      const here = await this.#tryHere(run, only);
      if (here !== null) return here.output;
    }
    const last = this.#last.then(() => this.#runUntilAborted(run, sources));
    this.#last = last.catch(() => {});
    return await last;
  }

  async #runUntilAborted<Name extends keyof Named>(
    run: TaskRun<Named, Name>,
    sources: readonly Source[],
  ): Promise<Output<Named, Name>> {
    const aborted = Promise.withResolvers<never>();
    const abort = () =>
      aborted.reject(new VaultError("internal", "Cannot read a document: the vault is shutting down"));
    aborted.promise.catch(() => {});
    const signal = run.bodies[0]?.signal;
    if (signal?.aborted) abort();
    signal?.addEventListener("abort", abort, { once: true });
    try {
      return await Promise.race([aborted.promise, this.#runLarge(run, { sources, aborted: aborted.promise, signal })]);
    } catch (error) {
      for (const source of sources) source.cancel(error);
      throw error;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  async #runLarge<Name extends keyof Named>(
    { name, options }: TaskRun<Named, Name>,
    { sources, aborted, signal }: {
      sources: readonly Source[];
      aborted: Promise<never>;
      signal: AbortSignal | undefined;
    },
  ): Promise<Output<Named, Name>> {
    const [only, ...others] = sources;
    if (others.length === 0 && only?.isSmall === null) {
      const here = await this.#tryHere({ name, options }, only);
      if (here !== null) return here.output;
    }
    const { url, maxBytes } = this.#module;
    const thread = this.#takeThread(signal);
    try {
      return await thread.run({ url, maxBytes, name, options, sources, aborted }) as Output<Named, Name>;
    } finally {
      this.#giveBack(thread, signal);
    }
  }

  /** The thread that was kept, or a new one. */
  #takeThread(signal: AbortSignal | undefined): TaskThread {
    clearTimeout(this.#idle);
    const kept = this.#thread;
    if (kept?.isUsable) return kept;
    const thread = this.#thread = new TaskThread();
    if (this.#keepsThread) signal?.addEventListener("abort", () => this.#end(thread), { once: true });
    return thread;
  }

  #giveBack(thread: TaskThread, signal: AbortSignal | undefined): void {
    // Without a signal nobody would end it.
    if (!this.#keepsThread || signal === undefined || signal.aborted || !thread.isUsable) return this.#end(thread);
    this.#idle = setTimeout(() => this.#end(thread), idleThreadMs);
  }

  #end(thread: TaskThread): void {
    clearTimeout(this.#idle);
    thread.close();
  }

  /** Null for a document that is not small. */
  async #tryHere<Name extends keyof Named>(
    { name, options }: Pick<TaskRun<Named, Name>, "name" | "options">,
    source: Source,
  ): Promise<{ readonly output: Output<Named, Name> } | null> {
    const bytes = await source.readSmall();
    if (bytes === null) return null;
    const document = new TaskDocument(source.description, bytes, { maxBytes: this.#smallBytes, pauses: true });
    try {
      return { output: await this.#module.tasks[name]!([document], options as never) as Output<Named, Name> };
    } catch (error) {
      if (error instanceof DocumentTooLarge) return null;
      throw error;
    }
  }
}
