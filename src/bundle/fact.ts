import { VaultError } from "../errors.ts";
import { jsonOrNull } from "../http/json.ts";
import { parseEntry } from "../store/parse_entry.ts";
import type { Entry } from "../store/store.ts";

/** What a vault knows of one key: its entry, as it is carried in a bundle. */
export interface Fact {
  readonly entry: Omit<Entry, "verifiedFile">;
  /** The id of the earlier bundle, or list, that has the body; null where this one has it. */
  readonly bodyIn: string | null;
}

/** A line of facts may have so many bytes: keys, URLs and headers are short. */
const maxLineLength = 256 * 1024;
const maxKeyLength = 16 * 1024;
/** The number of request headers that select a variant. */
const maxSelecting = 64;
/** The end of the year 2199: no time of an entry is later. */
const lastTime = 7_258_118_400_000;
const headerName = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/;
export const bundleId = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Prints a fact as one line of JSON, the same for the same fact, without the line end. */
export function formatFact({ entry, bodyIn }: Fact): string {
  const { backend, key, sha256, sizeBytes, headers, url, location, selectedBy, claimed, checkedDigest } = entry;
  const { storedAt, validatedAt, generatedAt, freshUntil } = entry;
  return JSON.stringify({
    ...{ backend, key, sha256, sizeBytes, headers, url },
    ...location !== undefined && { location },
    ...{ storedAt, validatedAt, generatedAt, freshUntil, selectedBy },
    ...claimed && { claimed },
    ...checkedDigest !== undefined && { checkedDigest },
    ...bodyIn !== null && { bodyIn },
  });
}

/** Parses a line of facts about a backend. Throws `bundle_wrong` for anything that `formatFact` does not print. */
export function parseFact(line: string, backend: string): Fact {
  const value = line.length <= maxLineLength ? jsonOrNull(line) : null;
  const entry = parseEntry(value);
  const bodyIn = (value as { bodyIn?: unknown } | null)?.bodyIn ?? null;
  if (entry !== null && (bodyIn === null || (typeof bodyIn === "string" && bundleId.test(bodyIn)))) {
    const fact = { entry, bodyIn };
    if (entry.backend === backend && isSound(entry) && formatFact(fact) === line) return fact;
  }
  throw new VaultError("bundle_wrong", `a line of its facts about "${backend}" is malformed`);
}

/** True for an entry that can be carried: it can be served anywhere, and its key is text. */
export function isSound(entry: Entry): boolean {
  const times = [entry.storedAt, entry.validatedAt, entry.generatedAt, entry.freshUntil];
  return entry.key !== "" && entry.key.length <= maxKeyLength && entry.selectedBy.length <= maxSelecting &&
    entry.key.isWellFormed() && !/\p{Cc}/u.test(entry.key) && times.every(isTime) &&
    [entry.url, entry.location ?? entry.url].every(isHttp) && entry.selectedBy.every(isHeader);
}

/** False where the digest that the key of an entry has, null for none, is not that of its body. */
export function hasNamedBody({ sha256 }: Pick<Entry, "sha256">, named: string | null): boolean {
  return named === null || named === sha256;
}

function isTime(value: number): boolean {
  return value >= 0 && value <= lastTime;
}

/** Also false for a URL with credentials. */
function isHttp(url: string): boolean {
  return /^https?:\/\/[^\/?#@\\]+(?:[\/?#]|$)/.test(url);
}

function isHeader([name, value]: readonly [string, string]): boolean {
  return headerName.test(name) && headerValue.test(value);
}
