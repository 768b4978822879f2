import { VaultError } from "../../errors.ts";

/** Runs an action that ^C stops between two steps. Throws `storage_failed` when it was stopped. */
export async function interruptible<Result>(action: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const abort = new AbortController();
  const stop = () => abort.abort();
  Deno.addSignalListener("SIGINT", stop);
  try {
    const result = await action(abort.signal);
    abort.signal.throwIfAborted();
    return result;
  } catch (error) {
    if (!abort.signal.aborted) throw error;
    throw new VaultError("storage_failed", "Interrupted: what was done until then stays done", { cause: error });
  } finally {
    Deno.removeSignalListener("SIGINT", stop);
  }
}
