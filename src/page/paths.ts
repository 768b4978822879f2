/** The start page, for browsers. */
export const home = "/";
/** The beginning of the paths of the other pages. */
export const below = "/-/page/";
/** The live parts of the start page, as server-sent events. */
export const livePath = `${below}live`;
export const entriesPath = `${below}entries`;
export const changePath = `${below}change`;

const entryBase = `${below}entry/`;

/** What no path of a request may have, escaped or not (`parseTarget`): such names stand in the query. */
// deno-lint-ignore no-control-regex -- control characters are what it looks for
const unfitForPath = /[\0-\x1f\x7f\\]|\.\./;

/**
 * The address of the page of one entry, with more parameters. Each part of its name is escaped, so that no name makes
 * another path.
 */
export function entryPath(name: string, more: Readonly<Record<string, string>> = {}): string {
  const wellFormed = name.toWellFormed();
  const isFit = !unfitForPath.test(wellFormed);
  const query = [...isFit ? [] : [["name", wellFormed] as const], ...Object.entries(more)];
  const asked = query.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join("&");
  return entryBase + (isFit ? encodeURIComponent(wellFormed) : "") + (asked === "" ? "" : `?${asked}`);
}

/** The name of the entry that an address is the page of; null for other addresses. */
export function entryOf(path: string, query: string): string | null {
  if (!path.startsWith(entryBase)) return null;
  if (path === entryBase) return new URLSearchParams(query).get("name");
  try {
    return decodeURIComponent(path.slice(entryBase.length));
  } catch {
    return null;
  }
}
