import type { DirectAnswer } from "../backend.ts";
import type { HeaderList } from "../http/headers.ts";
import type { CacheResult } from "../http/cache_status.ts";
import type { ChunkReader } from "../vault/vault.ts";

/** Null for answers without a body, and for HEAD. */
export type Body = Uint8Array<ArrayBuffer> | ChunkReader | null;

/** The body of a reply to HEAD of unknown length: without one the server would announce a length of 0. */
export const noChunks: ChunkReader = { read: () => Promise.resolve(null), release() {}, close() {} };

/** A response before it is sent. Its headers are complete but for the request id. */
export interface Reply {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: Body;
  /**
   * The part of the cache, for log and metrics: `none` where it was not asked, `error` where it had nothing to give.
   */
  readonly cache: CacheResult | "none" | "error";
}

export interface TextOptions {
  readonly status?: number;
  readonly contentType?: string;
  /** `no-store` when absent. */
  readonly cacheControl?: string;
  readonly headers?: HeaderList;
  readonly cache?: Reply["cache"];
}

const encoder = new TextEncoder();

/** A reply with a short text of the vault's own. HEAD gets the same headers. */
export function textReply(method: string, text: string, options: TextOptions = {}): Reply {
  const { status = 200, contentType = "text/plain; charset=utf-8", headers = [], cache = "none" } = options;
  const { cacheControl = "no-store" } = options;
  const body = encoder.encode(text);
  return {
    status,
    headers: [
      ["content-type", contentType],
      ["content-length", String(body.byteLength)],
      ["cache-control", cacheControl],
      ...headers,
    ],
    body: method === "HEAD" ? null : body,
    cache,
  };
}

/** The reply for an answer of a backend's own. */
export function directReply(method: string, { body, ...options }: DirectAnswer): Reply {
  return textReply(method, body, options);
}
