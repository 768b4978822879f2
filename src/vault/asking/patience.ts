import { VaultError } from "../../errors.ts";

/** The time that a client waits for an answer of upstream's. */
export interface Patience {
  /** Aborted when the client leaves. */
  readonly signal: AbortSignal | undefined;
  /** The longest wait; null where there is nothing to serve instead. */
  readonly timeoutMs: number | null;
}

/**
 * Returns the answer, unless the client's patience ends first: rejects with `upstream_silent` after the time-out, and
 * with `bad_request` when the client leaves. The upstream request itself continues.
 */
export async function inTime<T>(answer: Promise<T>, { signal, timeoutMs }: Patience): Promise<T> {
  const instead = Promise.withResolvers<never>();
  const leave = () => instead.reject(new VaultError("bad_request", "the client has gone"));
  const hurry = () => instead.reject(new VaultError("upstream_silent", "upstream has not answered yet"));
  const timer = timeoutMs === null ? undefined : setTimeout(hurry, timeoutMs);
  signal?.addEventListener("abort", leave, { once: true });
  try {
    return await Promise.race([answer, instead.promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", leave);
  }
}
