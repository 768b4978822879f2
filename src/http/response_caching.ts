import { type CacheDirectives, parseCacheControl, parseDeltaSeconds, secondsOf } from "./cache_control.ts";
import { parseHttpDate } from "./date.ts";

/** The caching headers of a response to GET, as a shared cache reads them. */
export interface ResponseCaching {
  /** True where it may be stored (RFC 9111 §3). */
  readonly storable: boolean;
  /** The directive that forbids storing it, to stand after a colon; null where none does. */
  readonly objection: string | null;
  /**
   * Seconds for which it is fresh after it was generated (RFC 9111 §4.2.1); 0 where it has to be revalidated before
   * each use.
   */
  readonly lifetimeSeconds: number;
  /** Seconds since it was generated (RFC 9111 §4.2.3). */
  readonly ageSeconds: number;
  /** The header names in `Vary`, in lower case and sorted; `*` among them. */
  readonly vary: readonly string[];
}

/** The longest lifetime in seconds (RFC 9111 §1.2.2). */
const maxSeconds = 2 ** 31;

/**
 * The longest lifetime that is guessed from `Last-Modified`. Reproducible builds date every file to 1970 or 1980, also
 * one that changes daily: a tenth of its age would be years.
 */
const maxGuessedSeconds = 24 * 60 * 60;

/** Parses the caching headers of a response that came at `now`, ms since the epoch. */
export function readResponseCaching(headers: Headers, now: number): ResponseCaching {
  const directives = parseCacheControl(headers.get("cache-control") ?? "");
  const vary = varyNames(headers);
  const date = parseHttpDate(headers.get("date") ?? "") ?? now;
  const objection = storingObjection(directives, vary);
  const storable = objection === null;
  return {
    storable,
    objection,
    lifetimeSeconds: storable ? lifetimeOf(headers, directives, date) : 0,
    ageSeconds: ageOf(headers, date, now),
    vary,
  };
}

/** Returns the header names in `Vary`, in lower case and sorted. */
export function varyNames(headers: Headers): string[] {
  const names = (headers.get("vary") ?? "").toLowerCase().split(",").map((name) => name.trim());
  return [...new Set(names)].filter((name) => name !== "").sort();
}

/**
 * Returns the directive that forbids storing, or null. `must-understand` overrides `no-store` for caches that know the
 * status code (RFC 9111 §5.2.2.3).
 */
function storingObjection(directives: CacheDirectives, vary: readonly string[]): string | null {
  if (directives.has("private")) return "upstream says Cache-Control: private";
  if (directives.has("no-store") && !directives.has("must-understand")) return "upstream says Cache-Control: no-store";
  return vary.includes("*") ? "upstream says Vary: *" : null;
}

/**
 * Returns the freshness lifetime in seconds. `no-cache` and `private` with field names count as without: that is
 * stricter, and allowed (RFC 9111 §5.2.2.4).
 */
function lifetimeOf(headers: Headers, directives: CacheDirectives, date: number): number {
  if (directives.has("no-cache")) return 0;
  if (directives.size === 0 && /\bno-cache\b/i.test(headers.get("pragma") ?? "")) return 0;
  const explicit = secondsOf(directives, "s-maxage") ?? secondsOf(directives, "max-age");
  if (explicit !== undefined) return explicit;
  const expires = headers.get("expires");
  // A date that cannot be read is in the past (RFC 9111 §5.3).
  if (expires !== null) return between((parseHttpDate(expires) ?? 0) - date);
  const modified = parseHttpDate(headers.get("last-modified") ?? "");
  return modified === null ? 0 : Math.min(maxGuessedSeconds, between((date - modified) / 10));
}

/**
 * Returns the age in seconds. Of several `Age`s the first counts, and none that is no number (RFC 9111 §5.1). `Date`
 * counts too: not all caches on the way send `Age`.
 */
function ageOf(headers: Headers, date: number, now: number): number {
  const [first = ""] = (headers.get("age") ?? "").split(",");
  return Math.max(parseDeltaSeconds(first.trim()) ?? 0, between(now - date));
}

/** Converts to whole seconds, never negative. */
function between(ms: number): number {
  return Math.min(maxSeconds, Math.max(0, Math.floor(ms / 1000)));
}
