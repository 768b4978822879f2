import type { DirectAnswer } from "../backend.ts";
import type { HeaderList } from "../http/headers.ts";
import type { CacheResult } from "../http/cache_status.ts";
import type { ChunkReader } from "../vault/vault.ts";

/** Null for answers without a body, and for HEAD. */
export type Body = Uint8Array<ArrayBuffer> | ChunkReader | null;

/** The body of an answer to HEAD of unknown length: without one the server would say that the length is 0. */
export const noChunks: ChunkReader = { read: () => Promise.resolve(null), release() {}, close() {} };

/** An answer before it is sent. Its headers are complete but for the request id. */
export interface Reply {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: Body;
  /** How the cache took part: `none` where it was not asked, `error` where it had nothing to give. */
  readonly cache: CacheResult | "none" | "error";
}

export interface TextOptions {
  readonly status?: number;
  readonly contentType?: string;
  readonly headers?: HeaderList;
  readonly cache?: Reply["cache"];
}

const encoder = new TextEncoder();

/** An answer with a short text of our own, never to be cached; HEAD gets the same headers. */
export function textReply(method: string, text: string, options: TextOptions = {}): Reply {
  const { status = 200, contentType = "text/plain; charset=utf-8", headers = [], cache = "none" } = options;
  const body = encoder.encode(text);
  return {
    status,
    headers: [
      ["content-type", contentType],
      ["content-length", String(body.byteLength)],
      ["cache-control", "no-store"],
      ...headers,
    ],
    body: method === "HEAD" ? null : body,
    cache,
  };
}

/** An answer of a backend's own. */
export function directReply(method: string, { body, ...options }: DirectAnswer): Reply {
  return textReply(method, body, options);
}
