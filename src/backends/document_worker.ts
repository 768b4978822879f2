// Does one task with large documents on a thread of its own.
import { type ErrorCode, VaultError } from "../errors.ts";
import { documentTasks, type TaskName } from "./document_tasks.ts";

/** What the worker is told, once. */
export interface TaskRequest {
  readonly name: TaskName;
  readonly input: unknown;
}

/** What it says, once; `code` is null for an error that nobody has foreseen. */
export type TaskReply =
  | { readonly kind: "done"; readonly output: unknown }
  | { readonly kind: "failed"; readonly code: ErrorCode | null; readonly message: string };

const scope = self as unknown as {
  onmessage: (event: MessageEvent<TaskRequest>) => void;
  postMessage(reply: TaskReply, transfer?: Transferable[]): void;
};

scope.onmessage = async ({ data: { name, input } }) => {
  try {
    const output = await documentTasks[name](input as never);
    scope.postMessage({ kind: "done", output }, buffersIn(output));
  } catch (error) {
    const code = error instanceof VaultError ? error.code : null;
    scope.postMessage({ kind: "failed", code, message: error instanceof Error ? error.message : String(error) });
  }
};

/** They are handed over as they are, without a copy. */
function buffersIn(value: unknown): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) return [value.buffer as ArrayBuffer];
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  return [...new Set(Object.values(value).flatMap(buffersIn))];
}
