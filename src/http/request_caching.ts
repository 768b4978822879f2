import { parseCacheControl, secondsOf } from "./cache_control.ts";

/** The directives of a request's `Cache-Control` (RFC 9111 §5.2.1), as a client sends them to a cache. */
export interface RequestCaching {
  /** True where a copy may be served only if upstream has revalidated it for this request. */
  readonly noCache: boolean;
  /** The oldest copy that may be served, counted from when upstream generated or revalidated it. */
  readonly maxAgeMs: number;
  /** The time for which a served copy has to stay fresh. */
  readonly minFreshMs: number;
  /** True where upstream must not be asked. */
  readonly onlyIfCached: boolean;
}

/**
 * Parses the headers of a request; null where it asks nothing of a cache. HTTP/1.0 clients send `Pragma: no-cache` (RFC
 * 9111 §5.4).
 */
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
