import { parseRanges, type RangeSpec } from "../http/range.ts";
import { readRequestCaching, type RequestCaching } from "../http/request_caching.ts";
import type { OpenOptions } from "../vault/vault.ts";

/** The parts of a client's request that the vault has to know. */
export class ClientRequest implements OpenOptions {
  readonly method: "GET" | "HEAD";
  /** The one part of the artifact's body that is wanted; undefined for more than one, and the whole. */
  range: RangeSpec | undefined;
  /** The parts that the client wants; null for the whole. */
  readonly ranges: readonly RangeSpec[] | null;
  readonly caching: RequestCaching | null;
  readonly #request: Request;
  #signal: AbortSignal | undefined;

  /** Where `cachingCounts` is false, the request's `Cache-Control` is ignored. */
  constructor(request: Request, method: "GET" | "HEAD", cachingCounts: boolean) {
    this.#request = request;
    this.method = method;
    this.caching = cachingCounts ? readRequestCaching(request.headers) : null;
    this.ranges = method === "GET" ? parseRanges(request.headers.get("range")) : null;
    if (this.ranges?.length === 1) this.range = this.ranges[0]!;
  }

  /** Ends when the client is gone. Created on first use, since it costs more than the rest of a hit. */
  get signal(): AbortSignal {
    return this.#signal ??= this.#request.signal;
  }

  /** True where the client is known to be gone. */
  get gone(): boolean {
    return this.#signal?.aborted ?? false;
  }
}
