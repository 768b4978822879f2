import { didYouMean } from "../config/nearest.ts";
import { VaultError } from "../errors.ts";
import type { WarmLine, WarmSource } from "../warming.ts";
import { expandAlternatives } from "./alternatives.ts";
import { parsePackageUrl } from "./package_url.ts";
import { checkSettings } from "./settings.ts";

/** The meaning of a line of a list. */
export type Meaning =
  | { readonly kind: "line"; readonly line: WarmLine; readonly source: WarmSource }
  /** A path of the vault. */
  | { readonly kind: "path"; readonly path: string };

/** Returns a line without comment and white space around it: `#` begins a comment at the start or after a space. */
export function withoutComment(line: string): string {
  return line.trim().replace(/(?:^|\s)#.*$/, "").trim();
}

/** True for a text that can only be a line of a list, and not one of another form of file. */
export function isListLine(line: string): boolean {
  return /^(?:\/|https?:\/\/|pkg:|[a-z][a-z0-9]+:[^\s:=])/i.test(line);
}

/** How a line is written: `expanded` by a person, who may mean several things by it, or `literal` by a program. */
export type Writing = "expanded" | "literal";

/**
 * Parses a line of a list, which may stand for several of them. Throws `config_invalid` for one that means nothing to
 * any of the sources.
 */
export function parseLine(
  text: string,
  sources: readonly WarmSource[],
  writing: Writing = "expanded",
): readonly Meaning[] {
  const expand = writing === "literal" ? (text: string) => [text] : expandAlternatives;
  const [first = "", ...words] = text.split(/\s+/);
  if (/^(?:\/|https?:\/\/)/i.test(first) && words.length > 0) throw hasSpaces(text);
  if (first.startsWith("/")) return expand(first).map((path) => ({ kind: "path", path: encoded(path) }));
  if (/^https?:\/\//i.test(first)) return expand(first).map((url) => pathOfUrl(url, sources));
  if (/^pkg:/i.test(first)) return parseLine(lineOfPackageUrl(first, sources), sources, "literal");
  const [, scheme = "", subject = ""] = /^([a-z][a-z0-9+.-]*):(.*)$/i.exec(first) ?? [];
  const source = sources.find((one) => one.scheme === scheme.toLowerCase());
  if (source === undefined) throw unknownLine(first, sources);
  const { options = [] } = source;
  const isOption = (word: string) => options.some((name) => word.startsWith(`${name}=`));
  const unknown = words.find((word) => !isOption(word) && source.words?.includes(word) === false);
  if (unknown !== undefined) throw unknownWord(unknown, source);
  const rest = { words: words.filter((word) => !isOption(word)), options: optionsIn(words.filter(isOption)) };
  checkOptions(rest.options, source);
  // Brackets are left alone here: to some sources they mean something else.
  return (subject.includes("{") ? expand(subject) : [subject]).map((subject) => ({
    kind: "line",
    line: { scheme: scheme.toLowerCase(), subject, ...rest },
    source,
  }));
}

/** The options of all sources that choose have these names. */
function checkOptions({ platform, platforms, python }: WarmLine["options"], source: WarmSource): void {
  const chosen = [platform, platforms].flatMap((list) => list?.split(",") ?? []);
  const settings = { python, platforms: chosen, referrers: false, recommends: false, suites: [] };
  checkSettings(settings, [source]);
}

function optionsIn(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(words.map((word) => {
    const equals = word.indexOf("=");
    return [word.slice(0, equals), word.slice(equals + 1)];
  }));
}

function pathOfUrl(text: string, sources: readonly WarmSource[]): Meaning {
  const url = URL.parse(text);
  if (url === null) throw new VaultError("config_invalid", `"${text}" is not a URL`);
  for (const source of sources) {
    const path = source.pathOf(url);
    if (path !== null) return { kind: "path", path };
  }
  const [advice = `one, for example of type http with "base_url: ${url.origin}"`] = sources.flatMap((source) =>
    source.adviceFor?.(url) ?? []
  );
  throw new VaultError("config_invalid", `No backend fetches from ${url.origin}; add ${advice}`);
}

function lineOfPackageUrl(text: string, sources: readonly WarmSource[]): string {
  const url = parsePackageUrl(text);
  if (url === null) throw new VaultError("config_invalid", `"${text}" is not a package URL`);
  for (const source of sources) {
    const line = source.lineOf?.(url) ?? null;
    if (line !== null) return line;
  }
  throw new VaultError("config_invalid", `No backend serves packages of the type "${url.type}": "${text}"`);
}

function hasSpaces(text: string): VaultError {
  return new VaultError("config_invalid", `"${text}" has a space in it; write it as %20, or one path on each line`);
}

function unknownWord(word: string, { scheme, options = [], words = [] }: WarmSource): VaultError {
  const known = [...words, ...options.map((name) => `${name}=`)];
  const meant = didYouMean(word.replace(/=.*$/, "="), known);
  const message = `"${word}" means nothing in a line of ${scheme}:${meant}; known are ${known.join(", ")}`;
  return new VaultError("config_invalid", message);
}

function unknownLine(text: string, sources: readonly WarmSource[]): VaultError {
  const examples = [...sources.flatMap(({ example }) => example ?? []), "https://host/path", "/backend/path"];
  const message = `"${text}" is no line of a list; with this configuration one is like ${examples.join(", ")}`;
  return new VaultError("config_invalid", message);
}

function encoded(path: string): string {
  return path.replace(/[^\x21-\x7e]|["<>\\^`{|}]/g, encodeURIComponent);
}
