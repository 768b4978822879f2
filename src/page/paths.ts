/** The start page, for browsers. */
export const home = "/";
/** The beginning of the paths of the other pages. */
export const below = "/-/page/";
/** The live parts of the start page, as server-sent events. */
export const livePath = `${below}live`;
export const entriesPath = `${below}entries`;
export const changePath = `${below}change`;

const entryBase = `${below}entry/`;

/** The page of one entry. Each part of its name is escaped, so that no name makes another path. */
export function entryPath(name: string): string {
  return entryBase + encodeURIComponent(name);
}

/** The name of the entry that a path is the page of; null for other paths. */
export function entryOf(path: string): string | null {
  if (!path.startsWith(entryBase)) return null;
  try {
    return decodeURIComponent(path.slice(entryBase.length));
  } catch {
    return null;
  }
}
