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
}
