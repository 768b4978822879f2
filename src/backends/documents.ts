import { VaultError } from "../errors.ts";
import { type DocumentTasks, documentTasks, type TaskName } from "./document_tasks.ts";
import type { TaskReply, TaskRequest } from "./document_worker.ts";

type Input<Name extends TaskName> = Parameters<DocumentTasks[Name]>[0];
type Output<Name extends TaskName> = Awaited<ReturnType<DocumentTasks[Name]>>;

/** Smaller ones take less than 20 ms, and a thread takes longer to start. */
const smallBytes = 256 * 1024;

/** No honest document takes as long. */
const maxMs = 60_000;

/** What to do, and with how much. */
export interface DocumentTask<Name extends TaskName> {
  readonly name: Name;
  readonly input: Input<Name>;
  /** Of all documents in the input together, unpacked. */
  readonly sizeBytes: number;
  /** Ends it early. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Does tasks with documents, large ones on a thread and one after the other, so that one backend takes one thread and
 * the memory for one document at most, and keeps no other backend waiting.
 */
export class DocumentLane {
  #last: Promise<unknown> = Promise.resolve();

  /** Throws as the task does; `upstream_failed` where it takes longer than a minute, `internal` where it is stopped. */
  run<Name extends TaskName>(task: DocumentTask<Name>): Promise<Output<Name>> {
    if (task.sizeBytes <= smallBytes) return runHere(task);
    const run = this.#last.then(() => runOnThread(task));
    this.#last = run.catch(() => {});
    return run;
  }
}

async function runHere<Name extends TaskName>({ name, input }: DocumentTask<Name>): Promise<Output<Name>> {
  return await documentTasks[name](input as never) as Output<Name>;
}

async function runOnThread<Name extends TaskName>(task: DocumentTask<Name>): Promise<Output<Name>> {
  const { name, input, signal } = task;
  if (signal?.aborted) throw stopped();
  const worker = new Worker(new URL("./document_worker.ts", import.meta.url), { type: "module" });
  const { promise, resolve, reject } = Promise.withResolvers<Output<Name>>();
  const stop = () => reject(stopped());
  const tooSlow = new VaultError("upstream_failed", `Cannot read a document: it takes longer than ${maxMs} ms`);
  const timer = setTimeout(() => reject(tooSlow), maxMs);
  signal?.addEventListener("abort", stop, { once: true });
  worker.onmessage = ({ data }: MessageEvent<TaskReply>) => {
    if (data.kind === "done") resolve(data.output as Output<Name>);
    else reject(new VaultError(data.code ?? "internal", data.message));
  };
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new VaultError("internal", `Cannot read a document: its thread failed: ${event.message}`));
  };
  try {
    worker.postMessage({ name, input } satisfies TaskRequest);
    return await promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
    worker.terminate();
  }
}

function stopped(): VaultError {
  return new VaultError("internal", "Cannot read a document: the vault is shutting down");
}
