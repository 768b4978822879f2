import { VaultError } from "../../../errors.ts";
import { startThread, type Thread } from "../../../threads/thread.ts";
import type { Source } from "./source.ts";
import type { TaskReply, TaskRequest } from "./worker.ts";

/** The longest time that a thread may take for one chunk, far longer than an honest document takes. */
const maxMsForChunk = 60_000;

export interface ThreadTask {
  /** The module of the task. */
  readonly url: string;
  readonly maxBytes: number;
  readonly name: string;
  readonly options: unknown;
  readonly sources: readonly Source[];
  /** Rejects when nobody waits for the result any more. */
  readonly aborted: Promise<never>;
}

/** A thread for tasks, one after the other. */
export class TaskThread {
  readonly #thread: Thread;
  #onFailed: (error: VaultError) => void = () => {};
  #isUsable = true;
  #isBusy = false;

  constructor() {
    const url = new URL("./worker.ts", import.meta.url).href;
    this.#thread = startThread({ url, onFailed: (reason) => this.#fail(reason) });
  }

  /** False once it has ended. */
  get isUsable(): boolean {
    return this.#isUsable;
  }

  /** Ends it; a task that is running never ends then. */
  close(): void {
    if (!this.#isUsable) return;
    this.#isUsable = false;
    if (this.#isBusy) this.#thread.close();
    else this.#thread.release();
  }

  /**
   * Runs a task. Throws as the task, the documents and `aborted`; `upstream_failed` where it takes too long, `internal`
   * where the thread fails. After an error the thread has ended: parts of the document may be on their way to it.
   */
  async run(task: ThreadTask): Promise<unknown> {
    this.#isBusy = true;
    try {
      const { promise: failed, reject } = Promise.withResolvers<never>();
      this.#onFailed = reject;
      const output = await runOn(this.#thread.port, task, failed);
      this.#isBusy = false;
      return output;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #fail(reason: string): void {
    this.#isUsable = false;
    this.#onFailed(new VaultError("internal", `Cannot read a document: its thread failed: ${reason}`));
  }
}

async function runOn(
  port: MessagePort,
  { sources, aborted, ...task }: ThreadTask,
  failed: Promise<never>,
): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const left = [...sources];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;
  const sendChunk = async () => {
    const chunk = await left[0]!.next();
    if (chunk === null) left.shift();
    if (isOver) return;
    port.postMessage({ kind: "chunk", chunk } satisfies TaskRequest, chunk === null ? [] : [chunk.buffer]);
    timer = setTimeout(() => reject(tooSlow()), maxMsForChunk);
  };
  port.onmessage = ({ data }: MessageEvent<TaskReply>) => {
    clearTimeout(timer);
    if (data.kind === "more") sendChunk().catch(reject);
    else if (data.kind === "done") resolve(data.output);
    else reject(new VaultError(data.code ?? "internal", data.message));
  };
  for (const end of [aborted, failed]) end.catch(reject);
  const documents = sources.map(({ description }) => description);
  try {
    port.postMessage({ kind: "open", ...task, documents } satisfies TaskRequest);
    return await promise;
  } finally {
    isOver = true;
    clearTimeout(timer);
  }
}

function tooSlow(): VaultError {
  return new VaultError("upstream_failed", `Cannot read a document: it takes longer than ${maxMsForChunk} ms`);
}
