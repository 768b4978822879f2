import { VaultError } from "../errors.ts";
import { compileGlobs, globProblem } from "../glob/compile.ts";
import { withoutLeadingSlashes } from "./entry_name.ts";

/** A choice of entries by their names. */
export interface EntryPattern {
  /** As it was written, without slashes at its beginning. */
  readonly text: string;
  /** True for the name of an entry (`entryName`) that is chosen. */
  matches(name: string): boolean;
  /** Every chosen name begins with this; empty where nothing is known. */
  readonly prefix: string;
}

/** The names of entries are shorter, but for a few that nobody types. */
const maxLength = 4096;
const special = /[*?[\]{}\\]/;

/**
 * Reads a pattern of entry names. `*` stands for anything within a segment, `**` for any segments, `?`, `[…]` and
 * `{a,b}` for what they do in a shell. A pattern without a slash is compared with the last segment of a name, as in
 * `.gitignore`; one that is the name of an entry chooses that entry, whatever characters it has. Throws
 * `config_invalid` for an empty or a very long one.
 */
export function parsePattern(written: string): EntryPattern {
  const problem = patternProblem(written);
  if (problem !== null) throw new VaultError("config_invalid", problem);
  const text = withoutLeadingSlashes(written);
  const isMatch = compileGlobs([text]);
  if (!text.includes("/")) {
    const isSegment = (segment: string) => segment === text || isMatch(segment);
    return { text, prefix: "", matches: (name) => isSegment(lastSegment(name)) };
  }
  const prefix = prefixOf(text);
  return { text, prefix, matches: (name) => name === text || name.startsWith(prefix) && isMatch(name) };
}

/** Says in a sentence why a text is no pattern; null where it is one. */
export function patternProblem(written: string): string | null {
  if (written.length > maxLength) {
    return `The pattern "${written.slice(0, 40)}…" has ${written.length} characters: at most ${maxLength} are allowed`;
  }
  if (withoutLeadingSlashes(written) !== "") return null;
  return `The pattern "${written}" is empty: write names as artifact-vault cache ls prints them, or "**" for everything`;
}

/** Says why patterns that chose nothing may mean something else than their author wants; empty where they do not. */
export function misreadings(written: readonly string[]): string {
  const problems = written.map((text) => [text, globProblem(withoutLeadingSlashes(text))] as const);
  return problems.flatMap(([text, problem]) => problem === null ? [] : [`"${text}": ${problem}`]).join("; ");
}

/** True for a text with characters that stand for others in a pattern. */
export function hasWildcards(text: string): boolean {
  return /[*?]/.test(text);
}

/** The pattern in which all characters of a text stand for themselves. */
export function escapedPattern(text: string): string {
  return text.replace(/[*?[\]{}\\]/g, "\\$&");
}

/** A choice of what any of some patterns chooses; of everything where there are none. */
export function anyOf(patterns: readonly EntryPattern[]): Pick<EntryPattern, "matches"> {
  if (patterns.length === 0) return { matches: () => true };
  const texts = patterns.map(({ text }) => text);
  const isWhole = choiceOf(texts.filter((text) => text.includes("/")));
  const isSegment = choiceOf(texts.filter((text) => !text.includes("/")));
  return { matches: (name) => isWhole(name) || isSegment(lastSegment(name)) };
}

/**
 * Returns a function that finds those of some patterns that choose a name, by their indexes. A name is compared with
 * those alone that begin as it does, up to their first special character.
 */
export function choosersIn(patterns: readonly EntryPattern[]): (name: string) => readonly number[] {
  const indexes = [...patterns.keys()];
  const whole = byHead(patterns, indexes.filter((index) => patterns[index]!.text.includes("/")));
  const segments = byHead(patterns, indexes.filter((index) => !patterns[index]!.text.includes("/")));
  return (name) => [...whole(name), ...segments(lastSegment(name))].filter((index) => patterns[index]!.matches(name));
}

/** Finds the patterns whose heads a text begins with. */
function byHead(patterns: readonly EntryPattern[], indexes: readonly number[]): (text: string) => readonly number[] {
  const headOf = ({ text }: EntryPattern) => text.slice(0, special.exec(text)?.index);
  const heads = Map.groupBy(indexes, (index) => headOf(patterns[index]!));
  const lengths = [...new Set(heads.keys().map((head) => head.length))];
  return (text) => lengths.flatMap((length) => length > text.length ? [] : heads.get(text.slice(0, length)) ?? []);
}

/** Compares names with some patterns at once: whoever has thousands of them has names, mostly. */
function choiceOf(texts: readonly string[]): (name: string) => boolean {
  const names = new Set(texts);
  const isMatch = compileGlobs(texts.filter((text) => special.test(text)));
  return (name) => names.has(name) || name.endsWith("/") && names.has(name.slice(0, -1)) || isMatch(name);
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
