import type { ErrorCode } from "../errors.ts";

/** The facts about a request whose response has ended, for its line in the log; also the fields of its JSON line. */
export type Access = {
  readonly method: string;
  /** Path and query, without secrets. */
  readonly path: string;
  readonly backend: string;
  readonly status: number;
  /** `hit`, `miss` …; `none` where the cache was not asked. */
  readonly cache: string;
  /** The bytes of the body that were really sent. */
  readonly bytes: number;
  readonly ms: number;
  readonly client: string;
  readonly requestId: string;
  /** The origin of the upstream that the bytes came from, perhaps long ago; empty where there is none. */
  readonly upstream: string;
  /** The reason why upstream was asked, or empty. */
  readonly reason: string;
  /** The error, or empty. */
  readonly note: string;
};

/** A request whose answer has ended, for who keeps an eye on them. */
export interface EndedRequest {
  readonly access: Access;
  /** The code of the error that it ended with, `interrupted` for a body that was not sent to its end; null for neither. */
  readonly code: ErrorCode | "interrupted" | null;
  /** The key of the artifact that was asked for; null where there was none. */
  readonly key: string | null;
}

/**
 * Formats the line: `cache hit http /apache/x.tar.gz 200 1048576 bytes 3 ms`, as the original tool, and more after it.
 */
export function accessLine(access: Access): string {
  const { cache, backend, path, status, bytes, ms, method, client, requestId, upstream, reason, note } = access;
  const head = cache === "none" ? "request" : `cache ${cache}`;
  const line =
    `${head} ${backend} ${path} ${status} ${bytes} bytes ${ms} ms ${method} client ${client} id ${requestId}`;
  const from = upstream === "" ? line : `${line} upstream ${upstream}`;
  const asked = reason === "" ? from : `${from} (${reason})`;
  return note === "" ? asked : `${asked}: ${note}`;
}
