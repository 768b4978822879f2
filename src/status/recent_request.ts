/** A request whose answer has ended, as its line in the log has it. */
export interface RecentRequest {
  /** When its answer ended, in ms since the epoch. */
  readonly at: number;
  readonly method: string;
  /** Path and query, without secrets. */
  readonly path: string;
  readonly backend: string;
  /** The name of the entry that was asked for, cached or not; empty where there is none. */
  readonly entry: string;
  readonly status: number;
  /** `hit`, `miss`, `revalidated`, `stale`, `bypass`, `error`; `none` where the cache was not asked. */
  readonly cache: string;
  /** The bytes of the body that were sent. */
  readonly bytes: number;
  readonly ms: number;
  /** The address of the client; only for administrators. */
  readonly client: string;
  readonly requestId: string;
  /** The origin of the upstream that the bytes came from; empty where there is none. */
  readonly upstream: string;
  /** Why upstream was asked and what came of it, in words; empty for a hit. */
  readonly reason: string;
  /** The error, or that the client left; empty for most. */
  readonly note: string;
}
