// @ts-types="npm:@types/picomatch@4.0.3"
import picomatch from "picomatch";

/** A choice of entries by their names. */
export interface EntryPattern {
  /** As it was written. */
  readonly text: string;
  /** True for the name of an entry (`entryName`) that is chosen. */
  matches(name: string): boolean;
  /** Every chosen name begins with this; empty where nothing is known. */
  readonly prefix: string;
}

const options = { dot: true, nonegate: true, noextglob: true, windows: false } as const;
const special = /[*?[\]{}()!\\]/;

/**
 * Reads a pattern of entry names. `*` stands for anything within a segment, `**` for any segments, `?`, `[…]` and
 * `{a,b}` for what they do in a shell. A pattern without a slash is compared with the last segment of a name, as in
 * `.gitignore`; one that is the name of an entry chooses that entry, whatever characters it has.
 */
export function parsePattern(text: string): EntryPattern {
  const isMatch = picomatch(text, options);
  if (!text.includes("/")) {
    return { text, prefix: "", matches: (name) => isMatch(lastSegment(name)) || text === lastSegment(name) };
  }
  return { text, prefix: prefixOf(text), matches: (name) => name === text || isMatch(name) };
}

/** A choice of what any of some patterns chooses; of everything where there are none. */
export function anyOf(patterns: readonly EntryPattern[]): Pick<EntryPattern, "matches"> {
  if (patterns.length === 0) return { matches: () => true };
  return { matches: (name) => patterns.some((pattern) => pattern.matches(name)) };
}

/** The segment before a slash at the end counts where a name has one. */
function lastSegment(name: string): string {
  const end = name.endsWith("/") ? name.length - 1 : name.length;
  return name.slice(name.lastIndexOf("/", end - 1) + 1, end);
}

/** The whole segments before the first special character. */
function prefixOf(text: string): string {
  const at = text.search(special);
  const plain = at < 0 ? text : text.slice(0, at);
  return plain.slice(0, plain.lastIndexOf("/") + 1);
}
