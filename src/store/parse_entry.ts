import { type HeaderList, isKept } from "../http/headers.ts";
import type { Entry } from "./store.ts";

/** RFC 9110 §5.1 and §5.5. Other names and values cannot be sent: each response with one would fail. */
const headerName = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Checks a value that was read from an entry's file. Null for anything that is not an entry, whether by damage or by
 * somebody's hand: an entry that is returned can be served. Headers that are never stored are removed.
 */
export function parseEntry(value: unknown): Entry | null {
  if (typeof value !== "object" || value === null) return null;
  const entry = value as Entry;
  const sound = isText(entry.backend) && isText(entry.key) && isText(entry.sha256) &&
    /^[0-9a-f]{64}$/.test(entry.sha256) && Number.isSafeInteger(entry.sizeBytes) && entry.sizeBytes >= 0 &&
    isUrl(entry.url) && (entry.location === undefined || isUrl(entry.location)) &&
    [entry.storedAt, entry.validatedAt, entry.generatedAt, entry.freshUntil].every(Number.isFinite) &&
    (entry.claimed === undefined || entry.claimed === true) &&
    (entry.checkedDigest === undefined || isDigest(entry.checkedDigest)) &&
    (entry.verifiedFile === undefined || isText(entry.verifiedFile)) &&
    isPairList(entry.headers) && entry.headers.every(isHeader) && isPairList(entry.selectedBy);
  if (!sound) return null;
  return entry.headers.every(([name]) => isKept(name))
    ? entry
    : { ...entry, headers: entry.headers.filter(([name]) => isKept(name)) };
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isDigest(value: unknown): boolean {
  return isText(value) && /^\w+:[0-9a-f]{32,128}$/.test(value);
}

function isUrl(value: unknown): boolean {
  return isText(value) && URL.canParse(value);
}

function isPairList(value: unknown): value is HeaderList {
  return Array.isArray(value) && value.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every(isText));
}

function isHeader([name, value]: HeaderList[number]): boolean {
  return headerName.test(name) && headerValue.test(value);
}
