import { parseHttpDate } from "./http_date.ts";

/**
 * Milliseconds to wait, from a `Retry-After` header in seconds or as an HTTP date (RFC 9110, 10.2.3); null when there
 * is none to be understood.
 */
export function parseRetryAfter(value: string | null, nowMs: number): number | null {
  if (value === null) return null;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = parseHttpDate(value);
  return date === null ? null : Math.max(0, date - nowMs);
}
