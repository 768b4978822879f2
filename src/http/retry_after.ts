import { parseHttpDate } from "./date.ts";

/**
 * Parses a `Retry-After` header, seconds or an HTTP-date (RFC 9110 §10.2.3), into milliseconds to wait; null where it
 * is missing or malformed.
 */
export function parseRetryAfter(value: string | null, nowMs: number): number | null {
  if (value === null) return null;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = parseHttpDate(value);
  return date === null ? null : Math.max(0, date - nowMs);
}
