/** How a request was handled, in the terms of RFC 9211; `detail` is a short token of our own. */
export interface CacheStatus {
  /** Served from the store without asking upstream. */
  readonly hit: boolean;
  /** Why upstream was asked. */
  readonly fwd?: "uri-miss" | "vary-miss" | "stale" | "request" | "miss" | "bypass";
  /** What upstream answered. */
  readonly fwdStatus?: number;
  /** The answer is being kept. */
  readonly stored?: boolean;
  /** Joined a fetch that another request had started. */
  readonly collapsed?: boolean;
  /** Seconds of freshness left; negative when stale. */
  readonly ttlSeconds?: number;
  readonly detail?: string;
  /** Why upstream was asked, in words for the log; not in the header. */
  readonly reason?: string;
}

/** The detail where upstream's answer to HEAD showed that the copy is what it has. */
export const confirmedByHead = "confirmed-by-head";

/** A cache status in one word, for logs and metrics. */
export type CacheResult = "hit" | "stale" | "revalidated" | "miss" | "bypass";

/** The value of the `Cache-Status` response header. */
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
 * A copy that was served although upstream failed to confirm it is `stale`; one that upstream confirmed, `revalidated`.
 */
export function cacheResult(status: CacheStatus): CacheResult {
  if (status.hit) return "hit";
  if (status.detail === "stale-if-error") return "stale";
  if (status.fwd === "bypass") return "bypass";
  return status.fwdStatus === 304 || status.detail === confirmedByHead ? "revalidated" : "miss";
}

/** A structured-field token (RFC 9651 §3.3.4), or a string where it is none. */
function token(text: string): string {
  if (/^[A-Za-z*][\w!#$%&'*+.^`|~:/-]*$/.test(text)) return text;
  return `"${text.replace(/[^\x20-\x7e]/g, "?").replace(/["\\]/g, "\\$&")}"`;
}
