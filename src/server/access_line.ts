/** What the log says about a request once its answer has ended; also the fields of its JSON line. */
export type Access = {
  readonly method: string;
  /** Path and query, without secrets. */
  readonly path: string;
  readonly backend: string;
  readonly status: number;
  /** `hit`, `miss` …, or `none` where the cache was not asked. */
  readonly cache: string;
  /** Bytes of body that were really sent. */
  readonly bytes: number;
  readonly ms: number;
  readonly client: string;
  readonly requestId: string;
  /** Where the bytes came from, once; empty where no upstream is concerned. */
  readonly upstream: string;
  /** Why upstream was asked, or empty. */
  readonly reason: string;
  /** What went wrong, or empty. */
  readonly note: string;
};

/** `cache hit http /apache/x.tar.gz 200 1048576 bytes 3 ms`, as the original tool has it, and what it does not tell. */
export function accessLine(access: Access): string {
  const { cache, backend, path, status, bytes, ms, method, client, requestId, upstream, reason, note } = access;
  const head = cache === "none" ? "request" : `cache ${cache}`;
  const line =
    `${head} ${backend} ${path} ${status} ${bytes} bytes ${ms} ms ${method} client ${client} id ${requestId}`;
  const from = upstream === "" ? line : `${line} upstream ${upstream}`;
  const asked = reason === "" ? from : `${from} (${reason})`;
  return note === "" ? asked : `${asked}: ${note}`;
}
