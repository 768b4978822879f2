import type { ReadableBody } from "../../document.ts";
import { VaultError } from "../../errors.ts";
import { type DocumentTasks, documentTasks, type TaskName } from "./document_tasks.ts";
import type { TaskReply, TaskRequest } from "./document_worker.ts";
import { unpackWithin } from "./unpack.ts";
import type { IndexDocument } from "../pypi/page.ts";
import { describeDocument, type SentDocument } from "./sent_document.ts";

type Options<Name extends TaskName> = Parameters<DocumentTasks[Name]>[1];
type Output<Name extends TaskName> = Awaited<ReturnType<DocumentTasks[Name]>>;

/** Smaller ones take less than 20 ms, and a thread takes longer to start. */
const smallBytes = 256 * 1024;

/** Packed ones of this size are unpacked to see whether they are small. */
const smallPackedBytes = 64 * 1024;

/** No honest document takes as long once its bytes are there. */
const maxMs = 60_000;

/** What to do, and with which documents. */
export interface DocumentTask<Name extends TaskName> {
  readonly name: Name;
  readonly bodies: readonly ReadableBody[];
  readonly options: Options<Name>;
}

/**
 * Does tasks with documents, large ones on a thread and one after the other, so that one backend takes one thread and
 * the memory for one document at most, and keeps no other backend waiting.
 */
export class DocumentLane {
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Throws as the task and the bodies do; `upstream_failed` where it takes longer than a minute, `internal` where the
   * vault closes meanwhile.
   */
  async run<Name extends TaskName>(task: DocumentTask<Name>): Promise<Output<Name>> {
    const { name, bodies: [body, ...others], options } = task;
    if (body === undefined || others.length > 0) return await this.#runOnThread(task, task.bodies.map(sourceOf));
    const tried = await tryHere(body);
    if ("source" in tried) return await this.#runOnThread(task, [tried.source]);
    return await documentTasks[name]([tried.document], options as never) as Output<Name>;
  }

  #runOnThread<Name extends TaskName>(
    { name, options, bodies }: DocumentTask<Name>,
    sources: readonly Source[],
  ): Promise<Output<Name>> {
    const signal = bodies[0]?.signal;
    const run = this.#last.then(() => runOnThread({ name, options, sources, signal }));
    this.#last = run.catch(() => {});
    return run as Promise<Output<Name>>;
  }
}

/** A document whose bytes are still to be read. */
interface Source {
  readonly description: Omit<SentDocument, "bytes">;
  /** Called once. */
  stream(): ReadableStream<Uint8Array<ArrayBuffer>>;
}

/** What came of a document that looked small: the document, or its source again, since it unpacks to too much. */
type Tried = { readonly document: IndexDocument } | { readonly source: Source };

function sourceOf(body: ReadableBody): Source {
  return { description: describeDocument(body), stream: () => body.stream() };
}

async function tryHere(body: ReadableBody): Promise<Tried> {
  const description = describeDocument(body);
  const { coding } = description;
  const limit = coding === "identity" ? smallBytes : smallPackedBytes;
  if (body.sizeBytes === undefined || body.sizeBytes > limit) {
    return { source: sourceOf(body) };
  }
  const bytes = await body.bytes();
  const sent = { ...description, bytes };
  const document = coding === "identity" ? sent : await unpackWithin(sent, coding, smallBytes);
  return document === null ? { source: { description, stream: () => new Blob([bytes]).stream() } } : { document };
}

interface ThreadTask {
  readonly name: TaskName;
  readonly options: unknown;
  readonly sources: readonly Source[];
  readonly signal: AbortSignal | undefined;
}

async function runOnThread({ name, options, sources, signal }: ThreadTask): Promise<unknown> {
  if (signal?.aborted) throw stopped();
  const worker = new Worker(new URL("./document_worker.ts", import.meta.url), { type: "module" });
  const chunks = chunksOf(sources);
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const stop = () => reject(stopped());
  let timer: ReturnType<typeof setTimeout> | undefined;
  const giveMore = async () => {
    const { value: chunk = null } = await chunks.next();
    worker.postMessage({ kind: "chunk", chunk } satisfies TaskRequest, chunk === null ? [] : [chunk.buffer]);
    timer = setTimeout(() => reject(tooSlow()), maxMs);
  };
  signal?.addEventListener("abort", stop, { once: true });
  worker.onmessage = ({ data }: MessageEvent<TaskReply>) => {
    clearTimeout(timer);
    if (data.kind === "more") giveMore().catch(reject);
    else if (data.kind === "done") resolve(data.output);
    else reject(new VaultError(data.code ?? "internal", data.message));
  };
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new VaultError("internal", `Cannot read a document: its thread failed: ${event.message}`));
  };
  const documents = sources.map(({ description }) => description);
  try {
    worker.postMessage({ kind: "open", name, documents, options } satisfies TaskRequest);
    return await promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
    worker.terminate();
    // It may wait for a body that is still to come: nobody waits for that.
    chunks.return(undefined).catch(() => {});
  }
}

/** The chunks of all documents, in buffers of their own; null behind the last of each. */
async function* chunksOf(sources: readonly Source[]): AsyncGenerator<Uint8Array<ArrayBuffer> | null, undefined> {
  for (const source of sources) {
    for await (const chunk of source.stream()) yield new Uint8Array(chunk);
    yield null;
  }
}

function stopped(): VaultError {
  return new VaultError("internal", "Cannot read a document: the vault is shutting down");
}

function tooSlow(): VaultError {
  return new VaultError("upstream_failed", `Cannot read a document: it takes longer than ${maxMs} ms`);
}
