/**
 * A cache status says how a request was handled, in the terms of RFC 9211; `detail` is a short token of the vault's
 * own.
 */
export interface CacheStatus {
  /** The answer came from the store, and upstream was not asked. */
  readonly hit: boolean;
  /** The reason why upstream was asked. */
  readonly fwd?: "uri-miss" | "vary-miss" | "stale" | "request" | "miss" | "method" | "bypass";
  /** The status that upstream answered with. */
  readonly fwdStatus?: number;
  /** The answer is being stored. */
  readonly stored?: boolean;
  /** The request joined a fetch that another one had started. */
  readonly collapsed?: boolean;
  /** The seconds of freshness that are left; negative where the copy is stale. */
  readonly ttlSeconds?: number;
  readonly detail?: string;
  /** The reason why upstream was asked, in words, for the log; the header does not have it. */
  readonly reason?: string;
}

/** The `detail` of a copy that was revalidated by HEAD. */
export const confirmedByHead = "confirmed-by-head";

/** A cache status in one word, for the log and the metrics. */
export type CacheResult = "hit" | "stale" | "revalidated" | "miss" | "bypass";

/** Formats the value of the `Cache-Status` response header. */
export function formatCacheStatus(status: CacheStatus): string {
  let text = status.hit ? "vault; hit" : "vault";
  if (status.fwd !== undefined) text += `; fwd=${status.fwd}`;
  if (status.fwdStatus !== undefined) text += `; fwd-status=${status.fwdStatus}`;
  if (status.stored) text += "; stored";
  if (status.collapsed) text += "; collapsed";
  if (status.ttlSeconds !== undefined) text += `; ttl=${status.ttlSeconds}`;
  if (status.detail !== undefined) text += `; detail=${token(status.detail)}`;
  return text;
}

/**
 * Returns the cache status in one word. A copy is `stale` where it was served since upstream failed to revalidate it,
 * and `revalidated` where upstream did.
 */
export function cacheResult(status: CacheStatus): CacheResult {
  if (status.hit) return "hit";
  if (status.detail === "stale-if-error") return "stale";
  if (status.fwd === "bypass" || status.fwd === "method") return "bypass";
  return status.fwdStatus === 304 || status.detail === confirmedByHead ? "revalidated" : "miss";
}

/** Formats a structured-field token (RFC 9651 §3.3.4), or a string where the text is no token. */
function token(text: string): string {
  if (/^[A-Za-z*][\w!#$%&'*+.^`|~:/-]*$/.test(text)) return text;
  return `"${text.replace(/[^\x20-\x7e]/g, "?").replace(/["\\]/g, "\\$&")}"`;
}
