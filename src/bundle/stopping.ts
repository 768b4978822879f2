import { VaultError } from "../errors.ts";
import { breathe } from "../store/files.ts";

/** Lets a signal in, and throws `storage_failed` once it has come. */
export async function breatheUnlessStopped(signal: AbortSignal | undefined): Promise<void> {
  await breathe();
  if (signal?.aborted) throw new VaultError("storage_failed", "it was stopped");
}
