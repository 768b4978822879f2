// Does one task with large documents on a thread of its own, and asks for their bytes chunk by chunk.
import { type ErrorCode, messageOf, VaultError } from "../../errors.ts";
import { documentTasks, type TaskName } from "./document_tasks.ts";
import { type SentDocument, unpackDocument } from "./sent_document.ts";

/** What the worker is told: `open` once, then a chunk for each `more`; null behind the last of each document. */
export type TaskRequest =
  | {
    readonly kind: "open";
    readonly name: TaskName;
    readonly documents: readonly Omit<SentDocument, "bytes">[];
    readonly options: unknown;
  }
  | { readonly kind: "chunk"; readonly chunk: Uint8Array<ArrayBuffer> | null };

/** What it says; nothing behind `done` or `failed`. A null `code` is that of an error nobody has foreseen. */
export type TaskReply =
  | { readonly kind: "more" }
  | { readonly kind: "done"; readonly output: unknown }
  | { readonly kind: "failed"; readonly code: ErrorCode | null; readonly message: string };

type Open = Extract<TaskRequest, { kind: "open" }>;

const scope = self as unknown as {
  onmessage: (event: MessageEvent<TaskRequest>) => void;
  postMessage(reply: TaskReply, transfer?: Transferable[]): void;
};
let onChunk: (chunk: Uint8Array<ArrayBuffer> | null) => void;

scope.onmessage = ({ data: request }) => {
  if (request.kind === "chunk") return onChunk(request.chunk);
  perform(request).catch((error) => {
    const code = error instanceof VaultError ? error.code : null;
    scope.postMessage({ kind: "failed", code, message: messageOf(error) });
  });
};

async function perform({ name, documents, options }: Open): Promise<void> {
  const unpacked = [];
  for (const document of documents) unpacked.push(await unpackDocument({ ...document, bytes: await receive() }));
  const output = await documentTasks[name](unpacked, options as never);
  scope.postMessage({ kind: "done", output }, buffersIn(output));
}

/** The bytes of the next document. */
async function receive(): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for (let chunk = await nextChunk(); chunk !== null; chunk = await nextChunk()) chunks.push(chunk);
  return await new Blob(chunks).bytes();
}

function nextChunk(): Promise<Uint8Array<ArrayBuffer> | null> {
  const { promise, resolve } = Promise.withResolvers<Uint8Array<ArrayBuffer> | null>();
  onChunk = resolve;
  scope.postMessage({ kind: "more" });
  return promise;
}

/** They are handed over as they are, without a copy. */
function buffersIn(value: unknown): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) return [value.buffer as ArrayBuffer];
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  return [...new Set(Object.values(value).flatMap(buffersIn))];
}
