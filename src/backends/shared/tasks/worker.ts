// Runs tasks on a thread of its own, one after the other, and requests the bytes of its documents chunk by chunk.
import { type ErrorCode, messageOf, VaultError } from "../../../errors.ts";
import { DocumentTooLarge } from "../unpack.ts";
import { type DocumentDescription, TaskDocument } from "./document.ts";
import type { TaskModule } from "./task.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A message to the worker: `open` for each task, then a chunk for each `more`; null behind the last chunk of each document. */
export type TaskRequest =
  | {
    readonly kind: "open";
    /** The module that has the task. */
    readonly url: string;
    readonly name: string;
    readonly maxBytes: number;
    readonly documents: readonly DocumentDescription[];
    readonly options: unknown;
  }
  | { readonly kind: "chunk"; readonly chunk: Bytes | null };

/** A message of the worker; nothing follows `done` or `failed`. `code` is null for an unforeseen error. */
export type TaskReply =
  | { readonly kind: "more" }
  | { readonly kind: "done"; readonly output: unknown }
  | { readonly kind: "failed"; readonly code: ErrorCode | null; readonly message: string };

type Open = Extract<TaskRequest, { kind: "open" }>;

/** Runs the tasks that are requested over a port, one after the other. */
export function serve(port: MessagePort): void {
  let onChunk: (chunk: Bytes | null) => void;
  const requestChunk: RequestChunk = () => {
    const { promise, resolve } = Promise.withResolvers<Bytes | null>();
    onChunk = resolve;
    port.postMessage({ kind: "more" } satisfies TaskReply);
    return promise;
  };
  port.onmessage = ({ data: request }: MessageEvent<TaskRequest>) => {
    if (request.kind === "chunk") return onChunk(request.chunk);
    perform(request, requestChunk)
      .then((output) => port.postMessage({ kind: "done", output } satisfies TaskReply, buffersIn(output)))
      .catch((error) => {
        port.postMessage({ kind: "failed", code: codeOf(error), message: messageOf(error) } satisfies TaskReply);
      });
  };
}

type RequestChunk = () => Promise<Bytes | null>;

async function perform({ url, name, maxBytes, documents, options }: Open, request: RequestChunk): Promise<unknown> {
  const { tasks: { tasks } } = await import(url) as { readonly tasks: TaskModule };
  const received: Received[] = [];
  for (const _ of documents) received.push(new Received([...received], request));
  const limits = { maxBytes, pauses: false };
  const taken = documents.map((document, at) => new TaskDocument(document, received[at]!.stream(), limits));
  const output = await tasks[name]!(taken, options as never);
  // An unpacker may be content earlier, but only at its end is a document known to be intact.
  for (const document of received) await document.drain();
  return output;
}

function codeOf(error: unknown): ErrorCode | null {
  if (error instanceof DocumentTooLarge) return "upstream_failed";
  return error instanceof VaultError ? error.code : null;
}

/** The chunks of one document, which come behind all chunks of the documents before it. */
class Received {
  readonly #before: readonly Received[];
  readonly #requestChunk: RequestChunk;
  #isEnded = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(before: readonly Received[], requestChunk: RequestChunk) {
    this.#before = before;
    this.#requestChunk = requestChunk;
  }

  stream(): ReadableStream<Bytes> {
    return new ReadableStream({
      pull: async (controller) => {
        const chunk = await this.#next();
        if (chunk === null) controller.close();
        else controller.enqueue(chunk);
      },
    }, { highWaterMark: 0 });
  }

  /** Reads what the task has left unread. */
  async drain(): Promise<void> {
    while (await this.#next() !== null);
  }

  /** One at a time: an unpacker may stop reading while it still waits for a chunk. */
  #next(): Promise<Bytes | null> {
    const next = this.#last.then(() => this.#request());
    this.#last = next;
    return next;
  }

  async #request(): Promise<Bytes | null> {
    if (this.#isEnded) return null;
    for (const document of this.#before) await document.drain();
    const chunk = await this.#requestChunk();
    this.#isEnded = chunk === null;
    return chunk;
  }
}

/** They are transferred without a copy. */
function buffersIn(value: unknown): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) return [value.buffer as ArrayBuffer];
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  return [...new Set(Object.values(value).flatMap(buffersIn))];
}
