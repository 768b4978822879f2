import { parseCacheControl, secondsOf } from "./cache_control.ts";

/** What a client asks of a cache by `Cache-Control` (RFC 9111 §5.2.1). */
export interface RequestCaching {
  /** Not to be answered from a copy that upstream has not confirmed for this request. */
  readonly noCache: boolean;
  /** Only a copy that upstream generated or confirmed at most so long ago. */
  readonly maxAgeMs: number;
  /** Only a copy that stays fresh for so long. */
  readonly minFreshMs: number;
  /** Not to be answered from upstream. */
  readonly onlyIfCached: boolean;
}

/** Reads a request; null where it asks for nothing. HTTP/1.0 clients say `no-cache` with `Pragma` (RFC 9111 §5.4). */
export function readRequestCaching(headers: Headers): RequestCaching | null {
  const value = headers.get("cache-control") ?? headers.get("pragma");
  if (value === null) return null;
  const directives = parseCacheControl(value);
  return {
    noCache: directives.has("no-cache"),
    maxAgeMs: (secondsOf(directives, "max-age") ?? Infinity) * 1000,
    minFreshMs: (secondsOf(directives, "min-fresh") ?? 0) * 1000,
    onlyIfCached: directives.has("only-if-cached"),
  };
}
