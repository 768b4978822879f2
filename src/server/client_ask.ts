import { parseRanges, type RangeSpec } from "../http/range.ts";
import type { Ask } from "../vault/vault.ts";

/** A request as the vault needs to know it. */
export class ClientAsk implements Ask {
  readonly method: "GET" | "HEAD";
  readonly range?: RangeSpec;
  /** All that the client wants parts of; null where it wants the whole. */
  readonly ranges: readonly RangeSpec[] | null;
  readonly noCache: boolean;
  readonly #request: Request;
  #signal: AbortSignal | undefined;

  /** `noCacheCounts` is whether the client's `no-cache` is of interest at all. */
  constructor(request: Request, method: "GET" | "HEAD", noCacheCounts: boolean) {
    this.#request = request;
    this.method = method;
    this.noCache = noCacheCounts && asksForFresh(request.headers);
    this.ranges = method === "GET" ? parseRanges(request.headers.get("range")) : null;
    if (this.ranges?.length === 1) this.range = this.ranges[0]!;
  }

  /** Made when asked for: a signal costs more than all else about a hit. */
  get signal(): AbortSignal {
    return this.#signal ??= this.#request.signal;
  }

  /** Whether the client is known to be gone. */
  get gone(): boolean {
    return this.#signal?.aborted ?? false;
  }
}

/** HTTP/1.0 clients say it with `Pragma` (RFC 9111 §5.4). */
function asksForFresh(headers: Headers): boolean {
  return (headers.get("cache-control") ?? headers.get("pragma") ?? "").toLowerCase().includes("no-cache");
}
