import { parseRanges, type RangeSpec } from "../http/range.ts";
import { readRequestCaching, type RequestCaching } from "../http/request_caching.ts";
import type { OpenOptions } from "../vault/vault.ts";

/** A request as the vault needs to know it. */
export class ClientAsk implements OpenOptions {
  readonly method: "GET" | "HEAD";
  readonly range?: RangeSpec;
  /** All that the client wants parts of; null where it wants the whole. */
  readonly ranges: readonly RangeSpec[] | null;
  readonly caching: RequestCaching | null;
  readonly #request: Request;
  #signal: AbortSignal | undefined;

  /** `cachingCounts` is whether what the client asks of a cache is of interest at all. */
  constructor(request: Request, method: "GET" | "HEAD", cachingCounts: boolean) {
    this.#request = request;
    this.method = method;
    this.caching = cachingCounts ? readRequestCaching(request.headers) : null;
    this.ranges = method === "GET" ? parseRanges(request.headers.get("range")) : null;
    if (this.ranges?.length === 1) this.range = this.ranges[0]!;
  }

  /** Made when asked for: a signal costs more than all else about a hit. */
  get signal(): AbortSignal {
    return this.#signal ??= this.#request.signal;
  }

  /** True where the client is known to be gone. */
  get gone(): boolean {
    return this.#signal?.aborted ?? false;
  }
}
